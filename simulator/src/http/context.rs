//! The context of an authenticated request.

use super::shared::Shared;
use crate::org::Caller;

/// Who sent a request, and to which simulator.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestContext<'a> {
    pub(super) shared: &'a Shared,
    pub(super) caller: Caller,
}

impl RequestContext<'_> {
    /// Returns `/services/data/vNN.0`, for URLs in responses.
    pub(super) fn root(&self) -> String {
        format!("/services/data/v{}.0", self.caller.version)
    }
}
