//! The syncs of the previous file that stay: copied into the new database before its own rows.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use parking_lot::Mutex;
use rusqlite::{Connection, params_from_iter};

use super::container::{Packed, Unpacking};
use super::error::{Error, Result};
use super::grant_indexes::Rows;
use super::options::Options;
use super::retention::runs_to_keep;
use super::schema;
use super::store::Stop;
use super::temporary::{Part, Temporary};

/// A file that is to be replaced.
pub(super) struct Previous {
    path: PathBuf,
    content: Unpacking,
    /// Its database while it is read. The next process removes it, if this one is killed.
    database: Temporary,
}

impl Previous {
    /// Opens the file at `path`, if there is one, and checks how it begins: a wrong name should not
    /// cost a sign-in. Its database will lie beside `workplace`.
    pub(super) fn open(path: &Path, workplace: &Path, options: &Options) -> Result<Option<Self>> {
        let Some(packed) = Packed::open(path)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            path: path.into(),
            content: packed.start(&options.bounds)?,
            database: Temporary::beside(workplace, Part::Old)?,
        }))
    }

    /// Copies the syncs to keep, and adds their grants to `grants`. It takes seconds with a large
    /// file, and ends early on `stop`.
    pub(super) fn keep_syncs(
        self,
        connection: &Connection,
        options: &Options,
        grants: &Mutex<Rows>,
        stop: &Stop,
    ) -> Result<()> {
        let Self {
            path,
            content,
            database,
        } = self;
        content.write(database.path(), stop)?;
        copy_syncs(connection, &database, options, &mut grants.lock(), stop).map_err(|error| {
            match error {
                Error::Database { source, .. } => Error::Damaged {
                    path,
                    detail: source.to_string(),
                },
                other => other,
            }
        })
    }
}

fn copy_syncs(
    connection: &Connection,
    previous: &Temporary,
    options: &Options,
    grants: &mut Rows,
    stop: &Stop,
) -> Result<()> {
    let failed = || Error::database("reading the previous syncs");
    // Immutable: the SDK may leave WAL mode on, which would need more files.
    connection
        .execute("attach database ?1 as old", [previous.uri()])
        .map_err(failed())?;
    let runs = runs_to_keep(connection, options)?;
    if !runs.is_empty() {
        thread::scope(|scope| {
            // Without the thread, they are read at the end.
            let following = thread::Builder::new()
                .spawn_scoped(scope, || follow(previous, &runs, grants, stop));
            let copied = copy_all(connection, &runs);
            if let Ok(following) = following {
                following
                    .join()
                    .unwrap_or_else(|panic| resume_unwind(panic));
            }
            copied
        })?;
        grants.check(connection);
    }
    connection
        .execute_batch("detach database old")
        .map_err(failed())
}

/// Reads the grants while they are copied: the one takes as long as the other.
fn follow(previous: &Temporary, runs: &[String], grants: &mut Rows, stop: &Stop) {
    match previous.connect() {
        Ok(connection) => grants.follow_copy(&connection, runs, stop),
        // They are read at the end.
        Err(_) => grants.forget(),
    }
}

fn copy_all(connection: &Connection, runs: &[String]) -> Result<()> {
    let failed = || Error::database("copying the previous syncs");
    connection.execute_batch("begin").map_err(failed())?;
    for table in schema::ROW_TABLES.iter().chain(&["v1_sync_runs"]) {
        copy(connection, table, runs)?;
    }
    connection.execute_batch("commit").map_err(failed())
}

fn copy(connection: &Connection, table: &str, runs: &[String]) -> Result<()> {
    let theirs = schema::columns(connection, "old", table)?;
    let shared: Vec<_> = schema::columns(connection, "main", table)?
        .into_iter()
        .filter(|name| name != "id" && theirs.contains(name))
        .collect();
    if shared.is_empty() {
        return Ok(());
    }
    let shared = shared.join(", ");
    let places = vec!["?"; runs.len()].join(", ");
    connection
        .execute(
            &format!(
                "insert into main.{table} ({shared})
                 select {shared} from old.{table} where sync_id in ({places}) order by id"
            ),
            params_from_iter(runs),
        )
        .map_err(Error::database("copying the previous syncs"))?;
    Ok(())
}
