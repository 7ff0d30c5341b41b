//! Reads a finished sync of a file.

use std::path::{Path, PathBuf};

use prost::Message;
use rusqlite::{Connection, OptionalExtension, params};

use super::container::{Bounds, Packed};
use super::error::{Error, Result};
use super::rows;
use super::store::Stop;
use super::temporary::{Part, Temporary, sweep};
use super::warnings;
use crate::pb::connector::{Entitlement, Grant, Resource, ResourceId};

/// How many bytes of a database are mapped at most; SQLite has a lower limit of its own.
const MAPPED: i64 = 1 << 40;

/// KiB of pages that a reader keeps, as SQLite wants it. Questions go back and forth between tables
/// and their indexes, and SQLite's usual 2 MiB are few of our large pages.
const CACHE: i64 = -32 * 1024;

/// An unpacked file.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    path: PathBuf,
    run: Run,
}

impl Reader {
    /// Unpacks `path` into a temporary file and finds its newest finished sync.
    pub fn open(path: &Path, bounds: &Bounds) -> Result<Self> {
        let unpacked = Unpacked::of(path, bounds)?;
        let connection = unpacked.connect()?;
        let newest = finished(&connection, path)?.into_iter().next();
        let run = newest.ok_or_else(|| Error::NoFinishedSync { path: path.into() })?;
        Self::of(connection, path, run)
    }

    /// The two newest finished full syncs of a file, the older one first.
    pub fn open_two(path: &Path, bounds: &Bounds) -> Result<(Self, Self)> {
        let unpacked = Unpacked::of(path, bounds)?;
        let connection = unpacked.connect()?;
        let mut runs = finished(&connection, path)?
            .into_iter()
            .filter(Run::is_full);
        let (Some(newer), Some(older)) = (runs.next(), runs.next()) else {
            return Err(Error::OneFullSync { path: path.into() });
        };
        let older = Self::of(unpacked.connect()?, path, older)?;
        Ok((older, Self::of(connection, path, newer)?))
    }

    fn of(connection: Connection, path: &Path, run: Run) -> Result<Self> {
        connection
            .pragma_update(None, "cache_size", CACHE)
            .map_err(Error::database("opening the database"))?;
        Ok(Self {
            connection,
            path: path.into(),
            run,
        })
    }

    /// Maps the database into memory, for questions about everybody: the grants of one principal lie
    /// all over the table, and each would cost the copy of a page.
    pub(crate) fn map(&self) -> Result<()> {
        self.connection
            .pragma_update(None, "mmap_size", MAPPED)
            .map_err(Error::database("opening the database"))
    }

    /// Whether the sync was to read everything.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.run.is_full()
    }

    /// When the sync ended, in the local time of the machine that wrote it.
    #[must_use]
    pub fn ended_at(&self) -> &str {
        &self.run.ended_at
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The id of the sync.
    pub(crate) fn sync_id(&self) -> &str {
        &self.run.id
    }

    /// The file does not have what every file has.
    pub(super) fn damaged(&self, detail: String) -> Error {
        Error::Damaged {
            path: self.path.clone(),
            detail,
        }
    }

    /// Reads an entitlement with its stored resource.
    pub fn entitlement(&self, id: &str) -> Result<Entitlement> {
        let mut entitlement: Entitlement = self.row("v1_entitlements", "entitlement", id)?;
        if let Some(on) = entitlement.resource.as_mut() {
            self.complete(on)?;
        }
        Ok(entitlement)
    }

    /// Reads a resource.
    pub fn resource(&self, id: &ResourceId) -> Result<Resource> {
        self.row("v1_resources", "resource", &rows::resource_key(id))
    }

    /// Reads a grant with its stored entitlement and principal.
    pub fn grant(&self, id: &str) -> Result<Grant> {
        let mut grant: Grant = self.row("v1_grants", "grant", id)?;
        if let Some(entitlement) = grant.entitlement.as_deref_mut() {
            match self.entitlement(&entitlement.id) {
                Ok(stored) => *entitlement = stored,
                // The entitlement was not synced: keeps what the grant has of it.
                Err(Error::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(principal) = grant.principal.as_deref_mut() {
            self.complete(principal)?;
        }
        Ok(grant)
    }

    /// What the sync could not read, one sentence each; `None` if another program wrote the file,
    /// which does not tell.
    pub fn warnings(&self) -> Result<Option<Vec<String>>> {
        warnings::get(&self.connection, &self.run.id)
    }

    /// The ids of all grants.
    #[cfg(test)]
    pub(crate) fn grant_ids(&self) -> Vec<String> {
        let query = "select external_id from v1_grants where sync_id = ?1 order by id";
        let Ok(mut statement) = self.connection.prepare(query) else {
            return Vec::new();
        };
        let found = statement.query_map([&self.run.id], |row| row.get(0));
        found
            .map(|found| found.flatten().collect())
            .unwrap_or_default()
    }

    /// Replaces a resource with its stored row, if there is one.
    fn complete(&self, resource: &mut Resource) -> Result<()> {
        let Some(id) = resource.id.clone() else {
            return Ok(());
        };
        match self.resource(&id) {
            Ok(stored) => *resource = stored,
            Err(Error::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn row<M: Message + Default>(
        &self,
        table: &'static str,
        kind: &'static str,
        id: &str,
    ) -> Result<M> {
        let data: Option<Vec<u8>> = self
            .connection
            .query_row(
                &format!("select data from {table} where external_id = ?1 and sync_id = ?2"),
                params![id, self.run.id],
                |row| row.get(0),
            )
            .optional()
            .map_err(Error::database("reading a row"))?;
        let data = data.ok_or_else(|| Error::Missing {
            path: self.path.clone(),
            kind,
            id: id.into(),
        })?;
        M::decode(&*data).map_err(|source| Error::Message { kind, source })
    }
}

/// A database that was unpacked into a temporary file.
struct Unpacked(Temporary);

impl Unpacked {
    fn of(path: &Path, bounds: &Bounds) -> Result<Self> {
        let packed =
            Packed::open(path)?.ok_or_else(|| Error::NoFinishedSync { path: path.into() })?;
        let workplace = std::env::temp_dir().join("c1z");
        sweep(&workplace);
        let database = Temporary::beside(&workplace, Part::Read)?;
        packed
            .start(bounds)?
            .write(database.path(), &Stop::default())?;
        Ok(Self(database))
    }

    /// The file is unlinked when `self` is dropped. It stays readable while it is open and cannot be
    /// left behind.
    fn connect(&self) -> Result<Connection> {
        self.0.connect()
    }
}

/// A finished sync.
#[derive(Debug)]
struct Run {
    id: String,
    kind: String,
    ended_at: String,
}

impl Run {
    fn is_full(&self) -> bool {
        self.kind == "full"
    }
}

/// The finished syncs. Like the SDK's readers, prefers full ones, then those that finished last.
fn finished(connection: &Connection, path: &Path) -> Result<Vec<Run>> {
    let read = || {
        let mut statement = connection.prepare(
            "select sync_id, sync_type, ended_at from v1_sync_runs where ended_at is not null
             order by sync_type = 'full' desc, ended_at desc, sync_id desc",
        )?;
        let runs = statement.query_map([], |row| {
            Ok(Run {
                id: row.get(0)?,
                kind: row.get(1)?,
                ended_at: row.get(2)?,
            })
        })?;
        runs.collect::<rusqlite::Result<_>>()
    };
    read().map_err(|error| Error::Damaged {
        path: path.into(),
        detail: error.to_string(),
    })
}
