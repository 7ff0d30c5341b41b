//! Replaces a file as a whole: after a crash it is the old one or the new one.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{Error, FileMode, Lock};

impl Lock {
    /// Replaces the locked file with what `write` writes, and gives it `mode`. If anything fails, it
    /// stays as it is.
    pub fn replace<E: From<Error>>(
        &self,
        mode: FileMode,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        let target = self.target();
        let new = New::beside(target)?;
        let mut out = BufWriter::new(&new.file);
        write(&mut out)?;
        let moved = out
            .flush()
            .and_then(|()| mode.apply(&new.file))
            .and_then(|()| new.file.sync_all())
            .and_then(|()| std::fs::rename(&new.path, target));
        moved.map_err(Error::io("replacing", target))?;
        // Makes the new name durable, on file systems that support it.
        let _ = File::open(directory(target)).and_then(|directory| directory.sync_all());
        Ok(())
    }
}

/// A file that is removed unless it is renamed.
struct New {
    path: PathBuf,
    file: File,
}

impl New {
    /// Only the holder of the lock writes it, so one name is enough. A process that was killed may
    /// have left one.
    fn beside(target: &Path) -> Result<Self, Error> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".new.tmp");
        let path = target.with_file_name(name);
        let _ = std::fs::remove_file(&path);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = options.open(&path).map_err(Error::io("creating", &path))?;
        Ok(Self { path, file })
    }
}

impl Drop for New {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn directory(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
