//! Where this program may write: regular files, private to their owner.
//!
//! Every file that it writes is opened or replaced through this module. A symbolic link stands for
//! its target. Devices, pipes, sockets and directories are refused, because replacing one destroys
//! it and opening one may block for ever.

mod lock;
mod mode;
mod replace;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;

use std::fs::{File, FileType, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

pub use lock::Lock;
pub use mode::FileMode;

/// As many links in a row as the kernel follows.
const LINKS: usize = 40;

/// Why a file cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is not a regular file.
    #[error("{}{} is {kind}, not a regular file; name another file", path.display(), through(link.as_deref()))]
    NotRegular {
        /// The path as it was given.
        path: PathBuf,
        /// Where the path leads, if it is a symbolic link.
        link: Option<PathBuf>,
        /// What it is.
        kind: &'static str,
    },
    /// Another process is writing it.
    #[error("{} is being written by another process; try again when it has finished", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{doing} {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
}

/// The result of an operation on a file.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}

fn through(link: Option<&Path>) -> String {
    link.map_or_else(String::new, |target| {
        format!(" leads to {}, which", target.display())
    })
}

/// Returns the path of the regular file that `path` names, or that can be created there. Follows
/// symbolic links, also those whose target does not exist yet.
pub fn resolve(path: &Path) -> Result<PathBuf> {
    // The kernel follows first: it knows which links this user may follow, and finds loops.
    let found = match std::fs::metadata(path) {
        Ok(found) => Some(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(Error::io("opening", path)(source)),
    };
    let refused = |target: &Path, kind| Error::NotRegular {
        path: path.to_owned(),
        link: (target != path).then(|| target.to_owned()),
        kind,
    };
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        if is_of_the_kernel(&target) {
            return Err(refused(&target, "part of the kernel's own file system"));
        }
        match std::fs::read_link(&target) {
            // A relative target starts where the link is.
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => break,
        }
    }
    match found {
        Some(found) if !found.is_file() => Err(refused(&target, kind(found.file_type()))),
        None if names_a_directory(&target) => Err(refused(&target, "a directory")),
        _ => Ok(target),
    }
}

/// Opens a regular file for reading; `None` if there is no file.
pub fn open(path: &Path) -> Result<Option<File>> {
    match OpenOptions::new().read(true).custom_flags(FLAGS).open(path) {
        Ok(file) => regular(file, path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(refusal(path, source)),
    }
}

/// Opens a regular file for appending, and creates it if necessary. A new file gets `mode`; an
/// existing one keeps its mode unless `mode` was chosen by the user.
pub fn append(path: &Path, mode: FileMode) -> Result<File> {
    let target = resolve(path)?;
    let mut options = OpenOptions::new();
    // Links have been followed; one that appears now was not there when the path was checked.
    options.append(true).custom_flags(FLAGS | libc::O_NOFOLLOW);
    let is_new = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let (file, created) = match options.open(&target) {
        Err(error) if is_new(&error) => {
            // Without `create_new`: another process may create the same log at the same time.
            let created = options.create(true).mode(mode.bits()).open(&target);
            (created, true)
        }
        opened => (opened, false),
    };
    let file = regular(file.map_err(|source| refusal(path, source))?, path)?;
    if created || mode.is_chosen() {
        mode.apply(&file)
            .map_err(Error::io("setting the mode of", &target))?;
    }
    Ok(file)
}

/// Never wait for the other end of a pipe, and never make a terminal ours.
const FLAGS: i32 = libc::O_NONBLOCK | libc::O_NOCTTY;

fn regular(file: File, path: &Path) -> Result<File> {
    let found = file.metadata().map_err(Error::io("opening", path))?;
    if found.is_file() {
        return Ok(file);
    }
    Err(Error::NotRegular {
        path: path.to_owned(),
        link: None,
        kind: kind(found.file_type()),
    })
}

/// What kept a file from being opened: a socket, for example, cannot be opened at all.
fn refusal(path: &Path, source: io::Error) -> Error {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => Error::NotRegular {
            path: path.to_owned(),
            link: None,
            kind: kind(found.file_type()),
        },
        _ => Error::io("opening", path)(source),
    }
}

fn kind(found: FileType) -> &'static str {
    if found.is_dir() {
        "a directory"
    } else if found.is_char_device() {
        "a character device"
    } else if found.is_block_device() {
        "a block device"
    } else if found.is_fifo() {
        "a named pipe (FIFO)"
    } else if found.is_socket() {
        "a socket"
    } else {
        "something else"
    }
}

/// Whether it is in `/proc` or `/sys`. `/dev/stdout` leads there, too: it names what this process
/// has open, whatever that is.
fn is_of_the_kernel(path: &Path) -> bool {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // The magic numbers of procfs and sysfs.
    let kernel = [rustix::fs::PROC_SUPER_MAGIC, 0x6265_6572];
    rustix::fs::statfs(directory).is_ok_and(|system| kernel.contains(&system.f_type))
}

/// `new/` and `..` name directories, even where nothing is.
fn names_a_directory(path: &Path) -> bool {
    path.file_name().is_none() || path.as_os_str().as_encoded_bytes().ends_with(b"/")
}
