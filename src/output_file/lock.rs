//! One writer of a file at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{Error, Result};

/// The right to write a file, held until it is dropped. The kernel releases it when the process
/// dies, however it dies.
///
/// It is a file beside the target, because the target is replaced while it is locked.
#[derive(Debug)]
pub struct Lock {
    target: PathBuf,
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Locks `target`, a path as [`super::resolve`] returns it. Fails if another process has it.
    pub fn acquire(target: &Path) -> Result<Self> {
        Self::take(target, false)
    }

    /// Like [`Lock::acquire`], but also fails on a file system without locks.
    pub fn acquire_strictly(target: &Path) -> Result<Self> {
        Self::take(target, true)
    }

    /// What it locks.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    fn take(target: &Path, strictly: bool) -> Result<Self> {
        let path = beside(target);
        loop {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
                .open(&path)
                .map_err(Error::io("creating", &path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::Busy {
                        path: target.into(),
                    });
                }
                Err(TryLockError::Error(error)) if strictly => {
                    return Err(Error::io("locking", target)(error));
                }
                Err(TryLockError::Error(error)) => {
                    // Some network file systems have no locks.
                    tracing::warn!(%error, path = %target.display(), "file cannot be locked");
                }
            }
            // The previous owner removes the file before it lets go of the lock.
            if is_still_at(&file, &path) {
                return Ok(Self {
                    target: target.into(),
                    path,
                    _file: file,
                });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn beside(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".lock.tmp");
    target.with_file_name(name)
}

fn is_still_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}
