//! SOQL: parses and runs queries, with the errors of a real org.
//!
//! [`parse()`] checks the grammar. [`evaluate`] checks names and types against the schema that the
//! user and the API version can see, and finds rows. Records are serialized later, page by page
//! ([`Outcome::page`]), so a large result only stores ids. [`extract()`] returns rows and columns
//! for CSV instead.

mod aggregate;
pub mod ast;
mod check;
mod compare;
mod context;
mod dates;
mod error;
mod eval;
mod extract;
mod filter;
mod parse;
mod render;
mod resolve;
#[cfg(test)]
mod tests;
mod token;

pub use context::{Context, RowFilter};
pub use error::SoqlError;
pub use eval::evaluate;
pub use extract::{Extract, check, extract};
pub use parse::parse;
pub use render::{Batch, Cut, Cuts, Outcome, Page, Record, Unfinished};
