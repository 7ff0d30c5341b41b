//! The `.c1z` file, in which Baton tools store the rows of syncs.
//!
//! A file is a header followed by a zstd frame that holds a `SQLite` database. This module does not
//! depend on the source of the rows.

pub(crate) mod annotation;
mod container;
mod error;
mod options;
mod reader;
mod retention;
pub(crate) mod rows;
pub(crate) mod schema;
mod store;
mod temporary;
mod warnings;
mod writer;

pub use container::Bounds;
pub use error::{Error, Result};
pub use options::{Kind, Options};
pub use reader::Reader;
pub(crate) use store::Store;
pub(crate) use writer::Writer;
