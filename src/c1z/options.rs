//! How a sync is written.

use std::path::PathBuf;

use super::container::Bounds;
use crate::output_file::FileMode;

/// The scope of a sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Everything the connector has.
    #[default]
    Full,
    /// Selected resources.
    Partial,
    /// Everything except entitlements and grants.
    ResourcesOnly,
}

/// How a file is written.
#[derive(Clone, Debug)]
pub struct Options {
    /// The scope of the sync.
    pub kind: Kind,
    /// The number of full syncs to keep, including the new one.
    pub keep: usize,
    /// The directory for the database, which is several times as large as the file. By default that
    /// of the target.
    pub directory: Option<PathBuf>,
    /// The permissions of the file.
    pub mode: FileMode,
    /// How much the previous file may unpack to.
    pub bounds: Bounds,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            kind: Kind::Full,
            keep: 2,
            directory: None,
            mode: FileMode::default(),
            bounds: Bounds::default(),
        }
    }
}
