//! SOQL: parses and runs queries, with the errors of a real org.
//!
//! [`parse()`] checks the grammar. [`evaluate`] checks names and types against the schema that the
//! user and the API version can see, and finds rows. Records are serialized later, page by page
//! ([`Outcome::page`]), so a large result only stores ids.

mod aggregate;
pub mod ast;
mod check;
mod compare;
mod dates;
mod eval;
mod filter;
mod parse;
mod render;
mod resolve;
#[cfg(test)]
mod tests;
mod token;

use jiff::Timestamp;

use crate::org::schema::ObjectDef;
use crate::org::table::{Database, Row};

pub use eval::evaluate;
pub use parse::parse;
pub use render::{Batch, Cut, Cuts, Outcome, Page, Record, Unfinished};

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

/// Why a query was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct SoqlError {
    /// The `errorCode` of the reply.
    pub code: &'static str,
    /// The `message` of the reply.
    pub message: String,
}

impl SoqlError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(crate) fn malformed(source: &str, at: usize, message: &str) -> Self {
        Self::at("MALFORMED_QUERY", source, at, message)
    }

    /// An error with its position in Salesforce's form: an excerpt, a caret below the position, row
    /// and column, and the message.
    pub(crate) fn at(code: &'static str, source: &str, at: usize, message: &str) -> Self {
        /// Characters of the line to show on each side.
        const WINDOW: usize = 40;
        let before = source.get(..at).unwrap_or(source);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let row = before.matches('\n').count() + 1;
        let column = line.chars().count() + 1;
        let after = source
            .get(at..)
            .unwrap_or_default()
            .split('\n')
            .next()
            .unwrap_or_default();
        let skipped = (column - 1).saturating_sub(WINDOW);
        let shown: String = line
            .chars()
            .skip(skipped)
            .chain(after.chars().take(WINDOW))
            .collect();
        let indent = " ".repeat(column - 1 - skipped);
        let message =
            format!("\n{shown}\n{indent}^\nERROR at Row:{row}:Column:{column}\n{message}");
        Self { code, message }
    }
}
