//! Refresh tokens on disk, shared by all processes of a user.
//!
//! Where an org rotates refresh tokens, each one works once, so the newest must survive every
//! process. docs/adr/016 describes the protocol; `salesforce/auth/refresh_token.rs` follows it.
//! Must not know: Salesforce, HTTP.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    task::{JoinError, spawn_blocking},
    time::Instant,
};

use crate::output_file::{self, Lock};

mod contents;
mod entry;
mod file;
#[cfg(test)]
mod tests;

use self::contents::Contents;
pub use self::{
    contents::{Image, Stamp},
    entry::{Entry, Place, SignIn, TokenHash},
};

/// How long to wait for another process. It holds the lock during one request to the org.
const LONGEST_WAIT: Duration = Duration::from_mins(10);
/// How long to wait between two attempts to lock.
const POLL: Duration = Duration::from_millis(25);

/// A file with refresh tokens.
#[derive(Clone, Debug)]
pub struct TokenStore {
    /// The regular file, links resolved.
    path: PathBuf,
}

/// The contents of the store, which no other process changes until this value is dropped.
#[derive(Debug)]
pub struct Locked {
    contents: Contents,
    path: PathBuf,
    lock: Arc<Lock>,
}

/// Why the store cannot be used. No message contains anything that the file contains.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file or its directory cannot be written.
    #[error(
        "the token store {} cannot be written; make its directory writable, name another file \
         with --token-store, or use --token-store none if the app does not rotate refresh tokens",
        path.display()
    )]
    Unwritable {
        /// The store.
        path: PathBuf,
        /// The operating system's answer.
        source: output_file::Error,
    },
    /// The file exists and cannot be read.
    #[error("the token store {} cannot be read; name another file with --token-store", path.display())]
    Unreadable {
        /// The store.
        path: PathBuf,
        /// The operating system's answer.
        source: output_file::Error,
    },
    /// The file belongs to somebody else, whose tokens it holds.
    #[error(
        "the token store {} belongs to another user (uid {owner}); run as that user, or name \
         another file with --token-store",
        path.display()
    )]
    Foreign {
        /// The store.
        path: PathBuf,
        /// The user id of the owner.
        owner: u32,
    },
    /// The file is not a token store, or is damaged.
    #[error(
        "the token store {} is damaged or is not a token store (line {line}); move it away and \
         sign in again with baton-salesforce login, or name another file with --token-store",
        path.display()
    )]
    Corrupt {
        /// The store.
        path: PathBuf,
        /// Where it stops being understood.
        line: usize,
    },
    /// The file was written by a newer version of this program.
    #[error(
        "the token store {} has format {version}, which this version of baton-salesforce does not \
         know; update baton-salesforce, or name another file with --token-store",
        path.display()
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its format.
        version: u64,
    },
    /// The file is larger than any store.
    #[error(
        "the token store {} is larger than {} MiB, so it is not a token store; name another file \
         with --token-store",
        path.display(),
        file::LARGEST >> 20
    )]
    TooLarge {
        /// The store.
        path: PathBuf,
    },
    /// Another process keeps the store locked.
    #[error("the token store {} is locked by another process; end that process, or try again later", path.display())]
    Busy {
        /// The store.
        path: PathBuf,
    },
}

/// The result of an operation on the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl TokenStore {
    /// Opens a store, and creates it with its directory if necessary. Fails if it cannot be read or
    /// replaced: a token must not be used if its successor cannot be kept.
    pub fn open(path: &Path) -> Result<Self> {
        file::create_directory(path)?;
        let target = output_file::resolve(path).map_err(|source| StoreError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let store = Self { path: target };
        match store.try_lock() {
            // Replacing it proves more than the permissions say: a file that is mounted alone into
            // a container can be written, but not replaced.
            Ok(locked) => locked.image().write()?,
            // Another process replaces it at this moment.
            Err(StoreError::Busy { .. }) => drop(file::read(&store.path)?),
            Err(error) => return Err(error),
        }
        Ok(store)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until no other process uses the store, and reads it.
    pub async fn lock(&self) -> Result<Locked> {
        let start = Instant::now();
        loop {
            let store = self.clone();
            let locked = spawn_blocking(move || store.try_lock()).await;
            match locked.unwrap_or_else(|error| Err(aborted(&self.path, error))) {
                Err(StoreError::Busy { .. }) if start.elapsed() < LONGEST_WAIT => {
                    tokio::time::sleep(POLL).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Locks and reads the store at once. Fails with [`StoreError::Busy`] if another process uses it.
    pub fn try_lock(&self) -> Result<Locked> {
        let lock = Lock::acquire_strictly(&self.path).map_err(|source| match source {
            output_file::Error::Busy { path } => StoreError::Busy { path },
            source => StoreError::Unwritable {
                path: self.path.clone(),
                source,
            },
        })?;
        Ok(Locked {
            contents: file::read(&self.path)?,
            path: self.path.clone(),
            lock: Arc::new(lock),
        })
    }

    /// Reads one entry without waiting. Another process may replace it at any time, so its token
    /// must not be sent.
    #[must_use]
    pub fn peek(&self, client_id: &str, place: &Place, token: Option<&TokenHash>) -> Option<Entry> {
        let contents = file::read(&self.path).ok()?;
        contents.find(client_id, place, token).cloned()
    }

    /// Tells whether the file has been replaced since another stamp was taken.
    #[must_use]
    pub fn stamp(&self) -> Option<Stamp> {
        Stamp::of(&self.path)
    }
}

impl Locked {
    /// Finds the entry of a configured token, which may be the first of its family or any later
    /// one. Without a token, finds the newest entry of the app at that host.
    #[must_use]
    pub fn find(
        &self,
        client_id: &str,
        place: &Place,
        token: Option<&TokenHash>,
    ) -> Option<&Entry> {
        self.contents.find(client_id, place, token)
    }

    /// Adds an entry, or replaces the one with the same first token. [`Locked::save`] keeps it.
    pub fn put(&mut self, entry: Entry) {
        self.contents.put(entry);
    }

    /// Adds a new sign-in in place of the app's earlier ones for the same host and user. Their
    /// tokens, also configured ones, lead to the new entry from now on. Returns the replaced entries,
    /// whose tokens the caller may revoke after [`Locked::save`].
    pub fn sign_in(&mut self, sign_in: SignIn) -> Vec<Entry> {
        self.contents.sign_in(sign_in)
    }

    /// Removes the entries that [`Locked::find`] could return, and returns them.
    pub fn remove(
        &mut self,
        client_id: &str,
        place: &Place,
        token: Option<&TokenHash>,
    ) -> Vec<Entry> {
        self.contents.remove(client_id, place, token)
    }

    /// The file as it is to become.
    #[must_use]
    pub fn image(&self) -> Image {
        Image::new(&self.path, &self.contents, Arc::clone(&self.lock))
    }

    /// Replaces the file, and returns when the new one is on the disk.
    pub async fn save(&self) -> Result<()> {
        let image = self.image();
        match spawn_blocking(move || image.write()).await {
            Ok(written) => written,
            Err(error) => Err(aborted(&self.path, error)),
        }
    }
}

/// The program ends while a thread works on the file.
fn aborted(path: &Path, error: JoinError) -> StoreError {
    file::unwritable("writing", path)(io::Error::other(error))
}
