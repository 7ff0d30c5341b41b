//! The report of a sync: one HTML file for people who review access. It is made from the file of the
//! sync, asks nobody, and loads nothing when it is opened.

mod changed;
mod charts;
mod error;
mod expiring;
mod facts;
mod holders;
mod licenses;
mod list;
mod objects;
mod page;
mod paths_picture;
mod read;
mod sign_ins;
mod summary;
mod text;
mod write;

use std::path::PathBuf;

pub use error::{Error, Result};
pub use write::{Target, write};

use crate::output_file::FileMode;

/// What to report, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The file of the sync.
    pub file: PathBuf,
    /// The heading of the report.
    pub title: Option<String>,
    /// After so many days without a sign-in an account is dormant.
    pub dormant_after_days: i64,
    /// Who may read the files that are written.
    pub mode: FileMode,
}
