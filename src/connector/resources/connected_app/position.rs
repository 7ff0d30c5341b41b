//! Where the listings of apps and of their grants continue.

use serde::{Deserialize, Serialize};

use crate::baton::Cursor;
use crate::connector::read::partitioned_scan::Span;
use crate::salesforce::SalesforceId;

/// A position in the listing of apps: the token of one table's listing, empty at its beginning.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Listed {
    Connected(String),
    External(String),
}

impl Cursor for Listed {}

/// A position in the listing of grants: what administrators gave comes first.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Position {
    Access(Span),
    /// Behind the authorization of this app by this user.
    Authorized(Option<(SalesforceId, SalesforceId)>),
}

impl Cursor for Position {}
