//! Where refresh tokens are kept.

use std::path::{Path, PathBuf};

use super::flags::connector::TOKEN_STORE;
use super::values::Values;

/// The file below the state directory of the user.
const DEFAULT: &str = "baton-salesforce/tokens.json";

/// Where refresh tokens are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenStoreSetting {
    /// Nowhere.
    None,
    /// In this file.
    File(PathBuf),
}

impl TokenStoreSetting {
    /// The setting. A relative path starts at `directory`. Without a home directory there is no
    /// default.
    pub(super) fn resolve(
        values: &Values,
        directory: &Path,
        state_directory: Option<&Path>,
    ) -> Self {
        match values.text(&TOKEN_STORE) {
            "" => state_directory.map_or(Self::None, |state| Self::File(state.join(DEFAULT))),
            "none" => Self::None,
            path => Self::File(directory.join(path)),
        }
    }
}
