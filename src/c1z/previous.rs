//! The syncs of the previous file that stay, before the rows of the new sync are written.
//!
//! If this program has written the file, the new sync is added to its database. Otherwise their rows
//! are copied into a new one.

use std::fs::File;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;

use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params_from_iter};

use super::container::{Packed, Unpacking};
use super::error::{Error, Result};
use super::grant_indexes::{Removal, Rows};
use super::options::Options;
use super::retention::runs_to_keep;
use super::schema;
use super::store::Stop;
use super::temporary::{self, Part, Temporary};
use super::writer;

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
        let path = self.path.clone();
        self.keep(connection, new, options, grants, stop)
            .map_err(|error| match error {
                Error::Database { source, .. } if !is_of_the_disk(&source) => Error::Damaged {
                    path,
                    detail: source.to_string(),
                },
                other => other,
            })
    }

    fn keep(
        self,
        connection: &Connection,
        new: &Path,
        options: &Options,
        grants: &Arc<Mutex<Rows>>,
        stop: &Stop,
    ) -> Result<()> {
        let content = match Removal::new(self.content.header()) {
            None => Some(self.content),
            Some(removal) => {
                if take_over(self.content, removal, new, stop)? {
                    return keep_in_place(connection, new, options, grants, stop);
                }
                // Another program has changed the file, so it is read like a file of that program.
                let file = File::options().write(true).open(new);
                file.and_then(|file| file.set_len(0))
                    .map_err(Error::io("writing", new))?;
                start(&self.path, options)?
            }
        };
        let Some(content) = content else {
            return writer::create(connection);
        };
        content.write(self.database.path(), stop)?;
        copy_syncs(
            connection,
            &self.database,
            options,
            &mut grants.lock(),
            stop,
        )
    }
}

fn is_of_the_disk(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure))
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

/// Leaves only the syncs to keep in the database `new`. Their grants are added to `grants` by a thread
/// of its own, and whoever stores some waits for it.
fn keep_in_place(
    connection: &Connection,
    new: &Path,
    options: &Options,
    grants: &Arc<Mutex<Rows>>,
    stop: &Stop,
) -> Result<()> {
    let failed = || Error::database("deleting previous syncs");
    writer::set_up(connection)?;
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
    connection
        .execute_batch(&schema::drop_indexes())
        .and_then(|()| connection.execute_batch("commit"))
        .map_err(failed())?;
    follow_kept(new, runs, grants, stop);
    Ok(())
}

/// Deletes the grants before the first one of these syncs. Others are rare, and are looked for later.
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
fn follow_kept(database: &Path, runs: Vec<String>, grants: &Arc<Mutex<Rows>>, stop: &Stop) {
    let (begun, wait) = mpsc::channel();
    let (database, stop) = (database.to_owned(), stop.clone());
    let to = Arc::clone(grants);
    let follow = move || {
        let mut grants = to.lock();
        match temporary::connect(&database) {
            Ok(connection) => {
                let begun = || begun.send(()).unwrap_or_default();
                grants.follow_kept(&connection, &runs, &stop, begun);
            }
            // They are read at the end.
            Err(_) => grants.give_up(),
        }
    };
    match thread::Builder::new().name("c1z-old".into()).spawn(follow) {
        // An error says that there is nothing to wait for.
        Ok(_) => drop(wait.recv()),
        Err(_) => grants.lock().give_up(),
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
    writer::create(connection)?;
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
        // They are read at the end.
        Err(_) => grants.forget(),
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
