//! The directory in which a daemon writes the files of its syncs. It is removed in any case: by the
//! daemon itself, or by the next one if the daemon was killed.

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use ksuid::{Ksuid, KsuidLike as _};

use super::error::{Error, Result};

const PREFIX: &str = "baton-salesforce-daemon-";
/// Locked while the daemon lives.
const LOCK: &str = "lock";

/// A directory of its own, for files that only the user can read.
#[derive(Debug)]
pub(super) struct Workplace {
    path: PathBuf,
    /// Holds the lock.
    #[cfg_attr(not(test), expect(dead_code, reason = "it is held until the end"))]
    lock: File,
}

impl Workplace {
    /// Creates it in `parent`, and removes those of killed daemons there.
    pub(super) fn create(parent: &Path) -> Result<Self> {
        sweep(parent);
        let failed = |source| Error::Workplace {
            path: parent.to_owned(),
            source,
        };
        loop {
            let path = parent.join(format!("{PREFIX}{}", Ksuid::now(None)));
            DirBuilder::new()
                .mode(0o700)
                .create(&path)
                .map_err(failed)?;
            let lock = File::create_new(path.join(LOCK)).map_err(failed)?;
            // Another daemon may have taken it for one that was left, before it was locked. Without
            // locks in this file system, nothing is swept either.
            let is_swept = matches!(lock.try_lock(), Err(TryLockError::WouldBlock));
            if !is_swept && path.exists() {
                return Ok(Self { path, lock });
            }
        }
    }

    /// A name for the file of a task.
    pub(super) fn file(&self) -> PathBuf {
        self.path.join(format!("{}.c1z", Ksuid::now(None)))
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

fn sweep(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX));
        // A link of this name may lead anywhere.
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_ours && is_directory && is_left(&entry.path()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether the daemon has ended. If that is unknown, the directory stays.
fn is_left(directory: &Path) -> bool {
    let lock = File::options().write(true).open(directory.join(LOCK));
    lock.is_ok_and(|lock| lock.try_lock().is_ok())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn names(directory: &Path) -> usize {
        std::fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn it_goes_with_its_daemon_and_the_next_one_removes_that_of_a_killed_one() {
        let parent = tempfile::tempdir().unwrap();
        let killed = Workplace::create(parent.path()).unwrap();
        std::fs::write(killed.file(), "rows").unwrap();
        // The kernel drops the lock of a killed process.
        killed.lock.unlock().unwrap();
        std::mem::forget(killed);
        let first = Workplace::create(parent.path()).unwrap();
        let second = Workplace::create(parent.path()).unwrap();
        assert_eq!(names(parent.path()), 2);
        drop((first, second));
        assert_eq!(names(parent.path()), 0);
    }
}
