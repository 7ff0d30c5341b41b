//! What is in the file, and the file as it is to become.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    Result, StoreError,
    entry::{Entry, Place, SignIn, TokenHash},
    file,
};
use crate::output_file::Lock;

/// The format of the file. A program refuses a newer one, because it would drop what it does not
/// know.
const VERSION: u64 = 1;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Contents {
    version: u64,
    entries: Vec<Entry>,
}

/// Only the format, which every version can read.
#[derive(Deserialize)]
struct Format {
    version: u64,
}

/// A file as it is to become. It can be written by another thread: the store stays locked as long
/// as an image exists.
#[derive(Debug)]
pub struct Image {
    path: PathBuf,
    text: SecretString,
    _lock: Arc<Lock>,
}

/// Which file is at a path. Two stamps differ if the file has been replaced between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    inode: u64,
    changed: (i64, i64),
}

impl Contents {
    /// Reads the text of a file. An empty file is an empty store: a person may have made it.
    pub(super) fn parse(text: &SecretString, path: &Path) -> Result<Self> {
        let text = text.expose_secret();
        // The text of a JSON error may quote a token.
        let corrupt = |error: serde_json::Error| StoreError::Corrupt {
            path: path.to_owned(),
            line: error.line(),
        };
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_str::<Format>(text).map_err(corrupt)? {
            Format { version: VERSION } => serde_json::from_str(text).map_err(corrupt),
            Format { version } => Err(StoreError::Newer {
                path: path.to_owned(),
                version,
            }),
        }
    }

    pub(super) fn find(
        &self,
        client_id: &str,
        place: &Place,
        token: Option<&TokenHash>,
    ) -> Option<&Entry> {
        let fitting = self.fitting(client_id, place, token);
        fitting.max_by_key(|entry| entry.created_at)
    }

    pub(super) fn put(&mut self, entry: Entry) {
        self.entries.retain(|other| !other.has_same_first(&entry));
        self.entries.push(entry);
    }

    pub(super) fn sign_in(&mut self, sign_in: SignIn) -> Vec<Entry> {
        let mut entry = Entry::new(sign_in);
        let is_earlier = |other: &Entry| {
            let same_user = match (&entry.user_id, &other.user_id) {
                (Some(one), Some(another)) => one == another,
                _ => true,
            };
            let instance = entry.instance.as_ref();
            let same_org = other.is_at(&entry.place)
                || (instance.is_some() && other.instance.as_ref() == instance);
            other.client_id == entry.client_id && same_org && same_user
        };
        let (replaced, kept) = std::mem::take(&mut self.entries)
            .into_iter()
            .partition::<Vec<_>, _>(is_earlier);
        for other in &replaced {
            entry.inherit(other);
        }
        self.entries = kept;
        self.entries.push(entry);
        replaced
    }

    pub(super) fn remove(
        &mut self,
        client_id: &str,
        place: &Place,
        token: Option<&TokenHash>,
    ) -> Vec<Entry> {
        let fits = |entry: &Entry| is_fitting(entry, client_id, place, token);
        let (removed, kept) = std::mem::take(&mut self.entries)
            .into_iter()
            .partition(fits);
        self.entries = kept;
        removed
    }

    fn fitting(
        &self,
        client_id: &str,
        place: &Place,
        token: Option<&TokenHash>,
    ) -> impl Iterator<Item = &Entry> {
        let fits = move |entry: &&Entry| is_fitting(entry, client_id, place, token);
        self.entries.iter().filter(fits)
    }
}

fn is_fitting(entry: &Entry, client_id: &str, place: &Place, token: Option<&TokenHash>) -> bool {
    match token {
        Some(token) => entry.is_for(client_id, place) && entry.descends_from(token),
        None => entry.client_id == client_id && entry.is_at(place),
    }
}

impl Default for Contents {
    fn default() -> Self {
        Self {
            version: VERSION,
            entries: Vec::new(),
        }
    }
}

impl Image {
    pub(super) fn new(path: &Path, contents: &Contents, lock: Arc<Lock>) -> Self {
        // Maps with keys of text and numbers always become JSON.
        let text = serde_json::to_string_pretty(contents).unwrap_or_default();
        Self {
            path: path.to_owned(),
            text: (text + "\n").into(),
            _lock: lock,
        }
    }

    /// Replaces the file, and returns when the new one is on the disk.
    pub fn write(&self) -> Result<()> {
        file::replace(&self.path, self.text.expose_secret().as_bytes())
    }
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let found = std::fs::metadata(path).ok()?;
        Some(Self {
            inode: found.ino(),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}
