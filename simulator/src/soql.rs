//! SOQL: text → syntax tree → result, with the refusals of a real org.
//!
//! [`parse()`] knows grammar only; [`evaluate`] checks names and types against the schema as one
//! user and one API version see it, and finds rows. Records are rendered later, a window at a
//! time ([`Outcome::page`]), so that a large result costs only its ids.

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
pub use render::{Outcome, Page, Record};

/// What surrounds a query: the data, the clock, and what the caller may see.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The rows.
    pub db: &'a Database,
    /// What TODAY and its like are reckoned from.
    pub now: Timestamp,
    /// The API version in the path, e.g. 63. Younger objects and fields do not exist for it.
    pub api_version: u32,
    /// Whether an object does not exist for the running user: a right is missing, or the object's
    /// [`Feature`](crate::org::schema::Feature) is off. Such objects answer `INVALID_TYPE`.
    pub hidden: &'a dyn Fn(&ObjectDef) -> bool,
    /// Which rows the running user sees; all where there is no filter.
    pub visible: Option<RowFilter<'a>>,
    /// Whether this is `queryAll`: deleted and revoked rows are found too. `ALL ROWS` in the text
    /// does the same.
    pub all_rows: bool,
}

/// Whether the running user sees a row.
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

    /// An error that shows where in the text it is, in Salesforce's form: the excerpt, a caret
    /// under the place, row and column, and only then the message.
    pub(crate) fn at(code: &'static str, source: &str, at: usize, message: &str) -> Self {
        /// How much of the line is shown on either side.
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
