//! Temporary files, which are removed in any case.
//!
//! Each has a unique name and is locked by its owner. A file that is not locked was left by a killed
//! process, and the next run removes it. Process ids would not do: containers that share a disk may
//! have the same ones.

use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ksuid::{Ksuid, KsuidLike};
use rusqlite::{Connection, OpenFlags};

use super::error::{Error, Result};
use super::schema;
use crate::output_file::FileMode;

/// The purpose of a temporary file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The previous file's database.
    Old,
    /// The new database.
    New,
    /// The new file.
    Packed,
    /// A database to read from.
    Read,
}

impl Part {
    const ALL: [Self; 4] = [Self::Old, Self::New, Self::Packed, Self::Read];

    fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
            Self::Packed => "packed",
            Self::Read => "read",
        }
    }
}

/// An empty file that is removed when it is dropped.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
    /// Holds the lock.
    file: File,
}

impl Temporary {
    /// Creates a file in the directory of `target`, so that it can be renamed to it.
    pub(super) fn beside(target: &Path, part: Part) -> Result<Self> {
        let name = format!(
            "{}.{}.{}.tmp",
            file_name(target),
            Ksuid::now(None),
            part.name()
        );
        let path = target.with_file_name(name);
        let mut options = File::options();
        options.read(true).write(true).create_new(true).mode(0o600);
        loop {
            let file = options.open(&path).map_err(Error::io("creating", &path))?;
            // Another process may have removed it before it was locked. If the file system has no
            // locks, nothing is removed.
            let is_swept = match file.try_lock() {
                Ok(()) | Err(TryLockError::Error(_)) => !path.exists(),
                Err(TryLockError::WouldBlock) => true,
            };
            if !is_swept {
                return Ok(Self { path, file });
            }
            let _ = std::fs::remove_file(&path);
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The name of the database that it holds as `SQLite` wants it, to read and never to change.
    pub(super) fn uri(&self) -> String {
        uri(&self.path)
    }

    /// Opens that database, to read and never to change.
    pub(super) fn connect(&self) -> Result<Connection> {
        connect(&self.path)
    }

    /// Replaces `target` with the file, atomically, and gives it `mode`.
    pub(super) fn replace(self, target: &Path, mode: FileMode) -> std::io::Result<()> {
        mode.apply(&self.file)?;
        std::fs::rename(&self.path, target)?;
        // Makes the rename durable, on file systems that support it.
        if let Some(directory) = target.parent().filter(|path| !path.as_os_str().is_empty()) {
            let _ = File::open(directory).and_then(|directory| directory.sync_all());
        }
        Ok(())
    }
}

fn uri(database: &Path) -> String {
    let path = database.to_string_lossy();
    let escaped = path.bytes().map(|byte| match byte {
        b'?' | b'#' | b'%' | 0x80.. => format!("%{byte:02x}"),
        _ => char::from(byte).to_string(),
    });
    format!("file:{}?mode=ro&immutable=1", escaped.collect::<String>())
}

/// Opens a database to read it, without a look at what another connection changes.
pub(super) fn connect(database: &Path) -> Result<Connection> {
    let failed = || Error::database("opening the database");
    // A connection is used by one thread at a time, so SQLite needs no mutex.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri(database), flags).map_err(failed())?;
    schema::only_tables(&connection).map_err(failed())?;
    Ok(connection)
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Removes temporary files of killed processes in the directory of `target`.
pub(super) fn sweep(target: &Path) {
    let prefix = format!("{}.", file_name(target));
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let part = name.to_str().and_then(|name| {
            let name = name.strip_prefix(&prefix)?.strip_suffix(".tmp")?;
            Some(name.split_once('.')?.1)
        });
        let is_ours = part.is_some_and(|part| Part::ALL.iter().any(|known| known.name() == part));
        if is_ours && is_left(&entry.path()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// If that is unknown, the file is kept: a stray file is better than a broken sync.
fn is_left(path: &Path) -> bool {
    let file = File::options().write(true).open(path);
    file.is_ok_and(|file| file.try_lock().is_ok())
}

fn file_name(target: &Path) -> String {
    target
        .file_name()
        .map_or_else(|| "c1z".into(), |name| name.to_string_lossy().into_owned())
}
