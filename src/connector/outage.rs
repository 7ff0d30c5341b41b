//! Objects that the org does not have, or does not show to the connector's user.
//!
//! Such an object costs its rows, not the sync: the listing is empty, and one warning per sync
//! names object, cause and remedy (requirement A11). Never `NotFound`: hosts would drop the rows
//! without a word.

use std::sync::PoisonError;

use tracing::warn;

use super::memory::Memory;
use crate::salesforce::{Error, ErrorCode};

/// Whether the rows of `object` are to be left out because of `error`; reports it if so.
pub(super) fn is_outage(
    memory: &Memory,
    object: &'static str,
    needs: &'static str,
    error: &Error,
) -> bool {
    if !error.is_object_unavailable() {
        return false;
    }
    let mut reported = memory
        .reported
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if reported.insert(object) {
        let code = error.code().map_or("", ErrorCode::as_str);
        let cause = match error.code() {
            Some(ErrorCode::InvalidType) => {
                "the org does not have it, or the connector's user may not see it"
            }
            _ => "the connector's user may not read it",
        };
        warn!(
            sf.object = object,
            sf.error_code = code,
            cause,
            remedy = needs,
            "{object} could not be read and is left out of this sync: {cause}; {needs}"
        );
    }
    true
}
