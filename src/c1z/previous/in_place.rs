//! Adds the new sync to the database of the file, without its indexes of grants.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;

use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use crate::c1z::error::{Error, Result};
use crate::c1z::grant_indexes::Rows;
use crate::c1z::options::Options;
use crate::c1z::retention::runs_to_keep;
use crate::c1z::store::Stop;
use crate::c1z::{database, schema};

/// Leaves only the syncs to keep in the database `new`. Their grants are added to `grants` by a thread
/// of its own, and whoever stores some waits for it.
pub(super) fn keep_syncs(
    connection: &Connection,
    new: &Path,
    options: &Options,
    grants: &Arc<Mutex<Rows>>,
    stop: &Stop,
) -> Result<()> {
    let failed = || Error::database("deleting previous syncs");
    database::set_up(connection)?;
    let runs = runs_to_keep(connection, "main", options)?;
    connection
        .execute_batch("begin; delete from v1_connector_sessions;")
        .map_err(failed())?;
    for table in schema::TABLES_OF_SYNCS {
        if *table == "v1_grants" {
            delete_first_grants(connection, &runs).map_err(failed())?;
        } else {
            let places = vec!["?"; runs.len()].join(", ");
            let delete = format!("delete from {table} where sync_id not in ({places})");
            let deleted = connection.execute(&delete, params_from_iter(&runs));
            deleted.map_err(failed())?;
        }
    }
    for name in schema::index_names() {
        let drop = format!("drop index if exists {name}");
        connection.execute_batch(&drop).map_err(failed())?;
    }
    connection.execute_batch("commit").map_err(failed())?;
    follow_kept(new, runs, grants, stop);
    Ok(())
}

/// Deletes the grants before the first one of these syncs. Grants of dropped syncs behind it are rare;
/// [`Rows::delete_strays`] deletes them.
fn delete_first_grants(connection: &Connection, runs: &[String]) -> rusqlite::Result<()> {
    let places = vec!["?"; runs.len()].join(", ");
    let first = format!(
        "select id from v1_grants not indexed where sync_id in ({places}) order by id limit 1"
    );
    let first = connection.query_row(&first, params_from_iter(runs), |row| row.get::<_, i64>(0));
    match first.optional()? {
        Some(first) => connection.execute("delete from v1_grants where id < ?1", [first])?,
        // Without a condition, SQLite does not look at single rows.
        None => connection.execute("delete from v1_grants", [])?,
    };
    Ok(())
}

/// Begins to read the grants.
fn follow_kept(path: &Path, runs: Vec<String>, grants: &Arc<Mutex<Rows>>, stop: &Stop) {
    let (begun, wait) = mpsc::channel();
    let (path, stop) = (path.to_owned(), stop.clone());
    let to = Arc::clone(grants);
    let follow = move || {
        let begun = || begun.send(()).unwrap_or_default();
        to.lock().follow_kept(&path, &runs, &stop, begun);
    };
    match thread::Builder::new().name("c1z-old".into()).spawn(follow) {
        // An error says that there is nothing to wait for.
        Ok(_) => drop(wait.recv()),
        Err(_) => grants.lock().give_up(),
    }
}
