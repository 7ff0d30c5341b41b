//! Errors of reading and writing a `.c1z` file.

use std::path::{Path, PathBuf};

use crate::output_file;

/// A result with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file operation failed.
    #[error("{doing} {}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// A database operation failed.
    #[error("{doing}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// The database's error.
        source: rusqlite::Error,
    },
    /// The database needs a directory for temporary files: large indexes are sorted there.
    #[error(
        "{doing}: there is no directory for temporary files that this user may write to; name one \
         with the variable TMPDIR"
    )]
    NoTemporaryDirectory {
        /// What was being done.
        doing: &'static str,
        /// The database's error.
        source: rusqlite::Error,
    },
    /// The file has the newer, Pebble-based format.
    #[error(
        "{} is a c1z file of the newer format 3, which this program neither reads nor replaces; \
         name another file or move it away",
        path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
    },
    /// The file has an unknown format.
    #[error(
        "{} is not a c1z file and is left as it is; name another file or move it away",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file begins like a c1z file, but is truncated or damaged.
    #[error(
        "{} is a damaged or truncated c1z file ({detail}) and is left as it is; \
         restore it or move it away",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Details.
        detail: String,
    },
    /// The file unpacks to more than the limit.
    #[error(
        "{} has {packed} bytes and unpacks to more than {limit}, which no ordinary file does, and \
         is left as it is; move it away, or raise --c1z-max-ratio if you trust it",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        packed: u64,
        /// The limit.
        limit: u64,
    },
    /// The path is not that of a regular file, or another process is writing it.
    #[error(transparent)]
    Output(#[from] output_file::Error),
    /// The file has no finished sync.
    #[error("{} has no finished sync; run a sync first", path.display())]
    NoFinishedSync {
        /// The file.
        path: PathBuf,
    },
    /// The file has only one finished full sync.
    #[error(
        "{} has only one finished full sync, and two are needed; sync into it once more, which keeps \
         the sync before, or name an older file in front: changes OLD.c1z NEW.c1z",
        path.display()
    )]
    OneFullSync {
        /// The file.
        path: PathBuf,
    },
    /// A row does not exist.
    #[error("the newest sync in {} has no {kind} {id:?}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What kind of row.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// A stored message cannot be decoded.
    #[error("a stored {kind} is not a valid message")]
    Message {
        /// What kind of row.
        kind: &'static str,
        /// What the decoder says.
        source: prost::DecodeError,
    },
    /// An earlier write failed, and its error was returned then.
    #[error("the database was closed after an earlier failure: {0}")]
    Closed(String),
}

impl Error {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }

    pub(crate) fn database(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| {
            let code = source.sqlite_error().map(|error| error.extended_code);
            if code == Some(rusqlite::ffi::SQLITE_IOERR_GETTEMPPATH) {
                return Self::NoTemporaryDirectory { doing, source };
            }
            Self::Database { doing, source }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: i32) -> String {
        let source = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        Error::database("building indexes")(source).to_string()
    }

    #[test]
    fn a_missing_directory_for_temporary_files_is_told_with_the_remedy() {
        let text = shown(rusqlite::ffi::SQLITE_IOERR_GETTEMPPATH);
        assert!(text.ends_with("TMPDIR"), "{text}");
        assert_eq!(shown(rusqlite::ffi::SQLITE_FULL), "building indexes");
    }
}
