//! Where a listing of group memberships continues.

use serde::{Deserialize, Serialize};

use crate::baton::Cursor;
use crate::connector::read::partitioned_scan::Span;
use crate::salesforce::SalesforceId;

/// The position of a listing: implied memberships come first, then the rows of `GroupMember`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Position {
    Implied(Place),
    Members(Span),
}

impl Cursor for Position {}

/// After which principal of which group a listing of implied memberships continues.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub(super) group: SalesforceId,
    pub(super) principal: SalesforceId,
}
