//! The environment of a query.

use jiff::Timestamp;

use crate::org::schema::ObjectDef;
use crate::org::table::{Database, Row};

/// The environment of a query: data, time, and what the caller can see.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The rows.
    pub db: &'a Database,
    /// The current time, for `TODAY` and other relative dates.
    pub now: Timestamp,
    /// API version of the request, for example 63. Newer objects and fields do not exist in it.
    pub api_version: u32,
    /// Whether an object is invisible to the user: a permission is missing, or its
    /// [`Feature`](crate::org::schema::Feature) is disabled. Such objects give `INVALID_TYPE`.
    pub hidden: &'a dyn Fn(&ObjectDef) -> bool,
    /// Rows that are visible to the user; `None` means all.
    pub visible: Option<RowFilter<'a>>,
    /// Whether this is `queryAll`, which also finds deleted and revoked rows.
    pub all_rows: bool,
}

/// Whether a row is visible to the user.
pub type RowFilter<'a> = &'a dyn Fn(&ObjectDef, &Row) -> bool;
