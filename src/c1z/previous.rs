//! The syncs of the previous file that stay, before the rows of the new sync are written.
//!
//! If this program has written the file, the new sync is added to its database. Otherwise their rows
//! are copied into a new one.

mod copy;
mod in_place;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode};

use super::container::{Packed, Unpacking};
use super::database;
use super::error::{Error, Result};
use super::grant_indexes::{Removal, Rows};
use super::options::Options;
use super::store::Stop;
use super::temporary::{Part, Temporary};

/// A file that is to be replaced.
pub(super) struct Previous {
    path: PathBuf,
    content: Unpacking,
    /// Its database while it is copied. The next process removes it, if this one is killed.
    database: Temporary,
}

impl Previous {
    /// Opens the file at `path`, if there is one, and checks how it begins: a wrong name should not
    /// cost a sign-in. Its database will lie beside `workplace`.
    pub(super) fn open(path: &Path, workplace: &Path, options: &Options) -> Result<Option<Self>> {
        let Some(content) = start(path, options)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            path: path.into(),
            content,
            database: Temporary::beside(workplace, Part::Old)?,
        }))
    }

    /// Creates the database `new` with the syncs to keep, and adds their grants to `grants`.
    /// `connection` is one to that database, which is still an empty file. It takes seconds with a
    /// large file, and ends early on `stop`.
    pub(super) fn keep_syncs(
        self,
        connection: &Connection,
        new: &Path,
        options: &Options,
        grants: &Arc<Mutex<Rows>>,
        stop: &Stop,
    ) -> Result<()> {
        let Self {
            path,
            content,
            database: old,
        } = self;
        let content = match Removal::new(content.header()) {
            None => Some(content),
            Some(removal) => {
                if take_over(content, removal, new, stop)? {
                    return in_place::keep_syncs(connection, new, options, grants, stop)
                        .map_err(damaged(path));
                }
                // Another program has changed the file, so it is read like a file of that program.
                let file = File::options().write(true).open(new);
                file.and_then(|file| file.set_len(0))
                    .map_err(Error::io("writing", new))?;
                start(&path, options)?
            }
        };
        let Some(content) = content else {
            return database::create(connection);
        };
        content.write(old.path(), stop)?;
        database::create(connection)?;
        let grants = &mut grants.lock();
        copy::copy_syncs(connection, &old, options, grants, stop).map_err(damaged(path))
    }
}

/// What an error of the old database says of the file.
fn damaged(path: PathBuf) -> impl FnOnce(Error) -> Error {
    move |error| match error {
        Error::Database { source, .. } if !is_of_this_machine(&source) => Error::Damaged {
            path,
            detail: source.to_string(),
        },
        other => other,
    }
}

/// Whether the error says nothing about the file.
fn is_of_this_machine(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory
                | ErrorCode::OperationInterrupted
        )
    )
}

fn start(path: &Path, options: &Options) -> Result<Option<Unpacking>> {
    let packed = Packed::open(path)?;
    packed
        .map(|packed| packed.start(&options.bounds))
        .transpose()
}

/// Unpacks the database into the file `new` without its indexes of grants. Returns whether that is
/// now a database to which rows can be added.
fn take_over(content: Unpacking, mut removal: Removal, new: &Path, stop: &Stop) -> Result<bool> {
    content.write_begin(new, removal.size(), |pages| removal.add(pages), stop)?;
    removal.finish(new).map_err(Error::io("writing", new))
}
