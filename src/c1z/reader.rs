//! Reads the newest finished sync of a file, for one-shot commands.

use std::path::{Path, PathBuf};

use prost::Message;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::container::{Bounds, Packed};
use super::error::{Error, Result};
use super::rows;
use super::schema::only_tables;
use super::temporary::{Part, Temporary, sweep};
use super::warnings;
use crate::pb::connector::{Entitlement, Grant, Resource, ResourceId};

/// An unpacked file.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    path: PathBuf,
    sync_id: String,
}

impl Reader {
    /// Unpacks `path` into a temporary file and finds its newest finished sync.
    pub fn open(path: &Path, bounds: &Bounds) -> Result<Self> {
        let packed =
            Packed::open(path)?.ok_or_else(|| Error::NoFinishedSync { path: path.into() })?;
        let workplace = std::env::temp_dir().join("c1z");
        sweep(&workplace);
        let database = Temporary::beside(&workplace, Part::Read)?;
        packed.unpack(database.path(), bounds)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(database.uri(), flags)
            .map_err(Error::database("opening the database"))?;
        only_tables(&connection).map_err(Error::database("opening the database"))?;
        // Unlinks the file, which stays readable while it is open and cannot be left behind.
        drop(database);
        let sync_id = newest(&connection)
            .map_err(|error| Error::Damaged {
                path: path.into(),
                detail: error.to_string(),
            })?
            .ok_or_else(|| Error::NoFinishedSync { path: path.into() })?;
        Ok(Self {
            connection,
            path: path.into(),
            sync_id,
        })
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The id of the sync.
    pub(crate) fn sync_id(&self) -> &str {
        &self.sync_id
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
        if let Some(entitlement) = grant.entitlement.as_mut() {
            match self.entitlement(&entitlement.id) {
                Ok(stored) => *entitlement = stored,
                // The entitlement was not synced: keeps what the grant has of it.
                Err(Error::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(principal) = grant.principal.as_mut() {
            self.complete(principal)?;
        }
        Ok(grant)
    }

    /// What the sync could not read, one sentence each; `None` if another program wrote the file,
    /// which does not tell.
    pub fn warnings(&self) -> Result<Option<Vec<String>>> {
        warnings::get(&self.connection, &self.sync_id)
    }

    /// The ids of all grants.
    #[cfg(test)]
    pub(crate) fn grant_ids(&self) -> Vec<String> {
        let query = "select external_id from v1_grants where sync_id = ?1 order by id";
        let Ok(mut statement) = self.connection.prepare(query) else {
            return Vec::new();
        };
        let found = statement.query_map([&self.sync_id], |row| row.get(0));
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
                params![id, self.sync_id],
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

/// Like the SDK's readers, prefers full syncs, then the one that finished last.
fn newest(connection: &Connection) -> rusqlite::Result<Option<String>> {
    connection
        .query_row(
            "select sync_id from v1_sync_runs where ended_at is not null
             order by sync_type = 'full' desc, ended_at desc, sync_id desc limit 1",
            [],
            |row| row.get(0),
        )
        .optional()
}
