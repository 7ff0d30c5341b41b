//! The file itself: private to its owner, and replaced as a whole.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::{Result, StoreError, contents::Contents};
use crate::output_file;

/// A store has less than three kilobytes for each sign-in.
pub(super) const LARGEST: u64 = 4 << 20;

/// What others may do with the file, which is nothing.
const OTHERS: u32 = 0o077;

/// Creates the directory of the store, private to its owner.
pub(super) fn create_directory(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory(path))
        .map_err(unwritable("creating the directory of", path))
}

/// Reads the store. A file that does not exist is an empty store.
pub(super) fn read(path: &Path) -> Result<Contents> {
    let unreadable = |source| StoreError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let Some(mut file) = output_file::open(path).map_err(unreadable)? else {
        return Ok(Contents::default());
    };
    let failed = |source| unreadable(io_error("reading", path, source));
    check_owner(&file, path)?;
    let mut bytes = Vec::new();
    (&mut file)
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(StoreError::TooLarge {
            path: path.to_owned(),
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| StoreError::Corrupt {
        path: path.to_owned(),
        line: 1,
    })?;
    Contents::parse(&SecretString::from(text), path)
}

/// Refuses a file of somebody else, and takes back permissions that others have. The next
/// replacement is private anyway, but until then others could read the tokens.
fn check_owner(file: &File, path: &Path) -> Result<()> {
    let found = file
        .metadata()
        .map_err(unwritable("reading the owner of", path))?;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(StoreError::Foreign {
            path: path.to_owned(),
            owner: found.uid(),
        });
    }
    let mode = found.mode() & 0o777;
    if mode & OTHERS != 0 {
        file.set_permissions(Permissions::from_mode(0o600))
            .map_err(unwritable("setting the mode of", path))?;
        tracing::warn!(
            path = %path.display(),
            mode = format!("{mode:04o}"),
            "other users could read the token store, so its mode is 0600 now; sign in again if \
             they are not trusted"
        );
    }
    Ok(())
}

/// Replaces the file. After a crash it is the old one or the new one.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let new = beside(path);
    // A process that was killed may have left it.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(unwritable("replacing", path)(error));
        }
        _ => {}
    }
    let written = write(&new, bytes).and_then(|()| std::fs::rename(&new, path));
    if let Err(error) = written {
        let _ = std::fs::remove_file(&new);
        return Err(unwritable("replacing", path)(error));
    }
    // Without it, the name may still lead to the old file after a power failure.
    File::open(directory(path))
        .and_then(|directory| directory.sync_all())
        .or_else(|error| match error.kind() {
            // Some network file systems cannot, and need not.
            io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => Ok(()),
            _ => Err(error),
        })
        .map_err(unwritable("syncing the directory of", path))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Only the holder of the lock writes it, so one name is enough.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new.tmp");
    path.with_file_name(name)
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

pub(super) fn unwritable(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |source| StoreError::Unwritable {
        path: path.to_owned(),
        source: io_error(doing, path, source),
    }
}

fn io_error(doing: &'static str, path: &Path, source: io::Error) -> output_file::Error {
    output_file::Error::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}
