//! Files that live beside the target while a sync runs, and go away whatever happens.
//!
//! Each has a name of its own and is locked by its owner. What nobody locks was left by a process
//! that was killed. Numbers of processes would not tell: two containers on one disk have the same.

use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ksuid::{Ksuid, KsuidLike};

use super::error::{Error, Result};
use crate::output_file::FileMode;

/// What the files are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The previous file's database.
    Old,
    /// The database that grows.
    New,
    /// The next file.
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
    /// Beside `target`: in the same directory, so that a rename stays within one file system.
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
            // A sweep that finds it before it is locked removes it. Without locks in the file
            // system nothing is swept, either.
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

    /// Puts the file in the place of `target`, in one step, readable for those that `mode` says.
    pub(super) fn replace(self, target: &Path, mode: FileMode) -> std::io::Result<()> {
        mode.apply(&self.file)?;
        std::fs::rename(&self.path, target)?;
        // The new name must survive a power cut too; not every file system can be asked.
        if let Some(directory) = target.parent().filter(|path| !path.as_os_str().is_empty()) {
            let _ = File::open(directory).and_then(|directory| directory.sync_all());
        }
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Removes what killed processes left beside `target`.
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

/// Where it cannot be told, the file has an owner: a stray file is better than a broken sync.
fn is_left(path: &Path) -> bool {
    let file = File::options().write(true).open(path);
    file.is_ok_and(|file| file.try_lock().is_ok())
}

fn file_name(target: &Path) -> String {
    target
        .file_name()
        .map_or_else(|| "c1z".into(), |name| name.to_string_lossy().into_owned())
}
