//! The `.c1z` file, in which Baton tools store the rows of syncs.
//!
//! A file is a header followed by a zstd frame that holds a `SQLite` database. This module does not
//! depend on the source of the rows.

pub(crate) mod annotation;
mod container;
mod database;
mod error;
mod extent;
mod grant_indexes;
mod options;
mod pages;
mod previous;
mod reader;
mod retention;
pub(crate) mod rows;
mod scan;
pub(crate) mod schema;
mod store;
mod temporary;
mod warnings;
mod writer;

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests")]
pub(crate) mod test_rows;

pub use container::Bounds;
pub use error::{Error, Result};
pub use options::{Kind, Options};
pub use reader::Reader;
pub use scan::{GrantRow, Nesting, Resources};
pub(crate) use store::Store;
pub(crate) use writer::Writer;
