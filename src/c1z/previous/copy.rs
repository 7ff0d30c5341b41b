//! Copies rows into a new database: the file may be that of another program.

use std::panic::resume_unwind;
use std::thread;

use rusqlite::{Connection, params_from_iter};

use crate::c1z::error::{Error, Result};
use crate::c1z::grant_indexes::Rows;
use crate::c1z::options::Options;
use crate::c1z::retention::runs_to_keep;
use crate::c1z::schema;
use crate::c1z::store::Stop;
use crate::c1z::temporary::Temporary;

/// Copies the syncs to keep from `previous` into a new database, and adds their grants to `grants`.
pub(super) fn copy_syncs(
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
    let runs = runs_to_keep(connection, "old", options)?;
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
        Err(_) => grants.read_at_end(),
    }
}

fn copy_all(connection: &Connection, runs: &[String]) -> Result<()> {
    let failed = || Error::database("copying the previous syncs");
    connection.execute_batch("begin").map_err(failed())?;
    for table in schema::TABLES_OF_SYNCS {
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
