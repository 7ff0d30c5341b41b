//! The `.c1z` file: what a sync found, as other Baton tools read it.
//!
//! A file is a header, then one zstd frame over a whole `SQLite` database. This module knows the
//! database and the container; it does not know where the rows come from.

pub(crate) mod annotation;
mod container;
mod error;
mod reader;
mod retention;
pub(crate) mod rows;
pub(crate) mod schema;
mod store;
mod temporary;
mod writer;

pub use container::{Bounds, Format, probe};
pub use error::{Error, Result};
pub use reader::Reader;
pub(crate) use store::{Store, lock};
pub(crate) use writer::Writer;
pub use writer::{Kind, Options};
