//! Why there is no report.

use std::io;
use std::path::PathBuf;

use crate::{access, c1z, output_file};

/// The result of writing a report.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file of the sync cannot be read.
    #[error(transparent)]
    File(#[from] c1z::Error),
    /// What people have cannot be found.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The report cannot be written.
    #[error(transparent)]
    Output(#[from] output_file::Error),
    /// Nobody takes the page.
    #[error("writing the report")]
    Page(#[source] io::Error),
    /// The report would replace what it is made from.
    #[error("field output: {} is the file of the sync; name another file", path.display())]
    SameFile {
        /// The file.
        path: PathBuf,
    },
}

impl Error {
    pub(super) fn page(error: io::Error) -> Self {
        Self::Page(error)
    }
}
