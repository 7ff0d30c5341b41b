//! Writes one sync into a file, beside the target until everything is in it.
//!
//! Until [`Writer::finish`] renames it, the previous file is what a reader sees; a writer that is
//! dropped leaves nothing behind.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use ksuid::{Ksuid, KsuidLike};
use rusqlite::{Connection, OpenFlags, params, params_from_iter};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::container::{self, Bounds, Packed};
use super::error::{Error, Result};
use super::retention::runs_to_keep;
use super::rows::{self, Stamp};
use super::temporary::{Part, Temporary, sweep};
use super::{Store, schema};
use crate::output_file::{self, FileMode, Lock};
use crate::pb::connector::{Entitlement, Grant, Resource, ResourceType};

/// What a sync covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Everything the connector has.
    #[default]
    Full,
    /// Chosen resources.
    Partial,
    /// Everything but entitlements and grants.
    ResourcesOnly,
}

/// How to write.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the sync covers.
    pub kind: Kind,
    /// How many full syncs a file keeps, the new one included.
    pub keep: usize,
    /// Where the database grows; beside the target without. It is several times as large as the
    /// file.
    pub directory: Option<PathBuf>,
    /// Who may read the file.
    pub mode: FileMode,
    /// How much the previous file may unpack to.
    pub bounds: Bounds,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            kind: Kind::Full,
            keep: 2,
            directory: None,
            mode: FileMode::default(),
            bounds: Bounds::default(),
        }
    }
}

/// A sync being written.
#[derive(Debug)]
pub(crate) struct Writer {
    // Dropped first: its thread has the database open.
    store: Store,
    database: Temporary,
    target: PathBuf,
    mode: FileMode,
    lock: Lock,
    sync_id: Arc<str>,
    // Dropped last: whoever waits for it wants the files to be gone.
    token: Option<TaskTrackerToken>,
}

impl Writer {
    /// Prepares a database with the syncs that stay, beside `target` or where the options say. It
    /// blocks: unpacking a large file takes a while.
    ///
    /// The target is locked until the writer ends: what another one wrote meanwhile would be lost.
    pub(crate) fn create(target: &Path, options: &Options) -> Result<Self> {
        let target = &*output_file::resolve(target)?;
        Packed::open(target)?;
        let lock = Lock::acquire(target)?;
        sweep(target);
        let workplace = match (&options.directory, target.file_name()) {
            (Some(directory), Some(name)) => {
                let workplace = directory.join(name);
                sweep(&workplace);
                workplace
            }
            _ => target.to_owned(),
        };
        let database = Temporary::beside(&workplace, Part::New)?;
        let connection = open_new(database.path())?;
        if let Some(packed) = Packed::open(target)? {
            let previous = Temporary::beside(&workplace, Part::Old)?;
            packed.unpack(previous.path(), &options.bounds)?;
            keep_syncs(&connection, &previous, options).map_err(|error| match error {
                Error::Database { source, .. } => Error::Damaged {
                    path: target.into(),
                    detail: source.to_string(),
                },
                other => other,
            })?;
        }
        let sync_id: Arc<str> = Ksuid::now(None).to_string().into();
        begin(&connection, &sync_id, options.kind)?;
        let store = Store::start(connection)?;
        Ok(Self {
            store,
            database,
            target: target.into(),
            mode: options.mode,
            lock,
            sync_id,
            token: None,
        })
    }

    /// A private database that vanishes with the writer; it is never finished.
    pub(crate) fn scratch() -> Result<Self> {
        let target = std::env::temp_dir().join(format!("sync-{}.c1z", Ksuid::now(None)));
        Self::create(&target, &Options::default())
    }

    /// Keeps `token` for as long as there are temporary files.
    pub(crate) fn tracked(self, token: TaskTrackerToken) -> Self {
        Self {
            token: Some(token),
            ..self
        }
    }

    pub(crate) fn sync_id(&self) -> &str {
        &self.sync_id
    }

    pub(crate) async fn put_resource_types(&self, rows: Vec<ResourceType>) -> Result<()> {
        self.post(move |connection, stamp| rows::put_resource_types(connection, stamp, rows))
            .await
    }

    pub(crate) async fn put_resources(&self, rows: Vec<Resource>) -> Result<()> {
        self.post(move |connection, stamp| rows::put_resources(connection, stamp, rows))
            .await
    }

    pub(crate) async fn put_entitlements(&self, rows: Vec<Entitlement>) -> Result<()> {
        self.post(move |connection, stamp| rows::put_entitlements(connection, stamp, rows))
            .await
    }

    /// `stored` is told of each grant, with the number of its row.
    pub(crate) async fn put_grants(
        &self,
        rows: Vec<Grant>,
        stored: impl FnMut(i64, &Grant) + Send + 'static,
    ) -> Result<()> {
        self.post(move |connection, stamp| rows::put_grants(connection, stamp, rows, stored))
            .await
    }

    /// Builds the indexes that reading needs and writing does not.
    pub(crate) async fn index(&self) -> Result<()> {
        let statement = format!("commit; {} begin;", schema::INDEXES);
        self.store
            .run(move |connection| {
                connection
                    .execute_batch(&statement)
                    .map_err(Error::database("building indexes"))
            })
            .await
    }

    /// Works on the database with the id of the sync at hand.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &str) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let sync_id = Arc::clone(&self.sync_id);
        self.store
            .run(move |connection| work(connection, &sync_id))
            .await
    }

    /// Marks the sync as finished, packs the file and puts it in the target's place.
    pub(crate) async fn finish(self) -> Result<()> {
        self.with(|connection, sync_id| {
            connection
                .execute(
                    "update v1_sync_runs set ended_at = ?1 where sync_id = ?2",
                    params![wall_clock(), sync_id],
                )
                .map_err(Error::database("finishing the sync"))?;
            connection
                .execute_batch("commit")
                .map_err(Error::database("finishing the sync"))
        })
        .await?;
        let Self {
            store,
            database,
            target,
            mode,
            lock,
            token,
            ..
        } = self;
        store.close().await?;
        let packing = tokio::task::spawn_blocking(move || {
            // In this order: the last that goes is the token.
            let _token = token;
            let _lock = lock;
            let database = database;
            let packed = Temporary::beside(&target, Part::Packed)?;
            container::pack(database.path(), packed.path())?;
            packed
                .replace(&target, mode)
                .map_err(Error::io("replacing", &target))
        });
        packing
            .await
            .map_err(|error| Error::Closed(error.to_string()))?
    }

    /// Queues a write of rows.
    pub(crate) async fn post(
        &self,
        write: impl FnOnce(&Connection, Stamp<'_>) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let sync_id = Arc::clone(&self.sync_id);
        self.store
            .post(move |connection| {
                let at = wall_clock();
                write(
                    connection,
                    Stamp {
                        sync_id: &sync_id,
                        at: &at,
                    },
                )
            })
            .await
    }
}

/// Local time without a zone, as every reader compares it.
fn wall_clock() -> String {
    let now = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    now.to_zoned(jiff::tz::TimeZone::system())
        .strftime("%Y-%m-%d %H:%M:%S%.f")
        .to_string()
}

/// Durability comes from the rename at the end, so the database itself needs no journal.
fn open_new(path: &Path) -> Result<Connection> {
    // One thread has it, so SQLite's own locks would only cost. Those on files would meet ours, which
    // some network file systems do not tell from them.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags_and_vfs(path, flags, c"unix-none")
        .map_err(Error::database("creating the database"))?;
    connection
        .execute_batch(
            // Large pages: rows are long, and indexes are built from all of them. Each of the four
            // threads that sort them takes as much memory as the cache; more of it is slower,
            // because what is sorted then leaves the processor's own cache.
            "pragma page_size = 32768; pragma cache_size = -8192; pragma journal_mode = off;
             pragma synchronous = off; pragma locking_mode = exclusive; pragma threads = 3;",
        )
        .and_then(|()| connection.execute_batch(schema::TABLES))
        .map_err(Error::database("creating the database"))?;
    schema::only_tables(&connection).map_err(Error::database("creating the database"))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn begin(connection: &Connection, sync_id: &str, kind: Kind) -> Result<()> {
    let kind = match kind {
        Kind::Full => "full",
        Kind::Partial => "partial",
        Kind::ResourcesOnly => "resources_only",
    };
    connection
        .execute(
            "insert into v1_sync_runs (sync_id, started_at, sync_token, sync_type)
             values (?1, ?2, '', ?3)",
            params![sync_id, wall_clock(), kind],
        )
        .and_then(|_| connection.execute_batch("begin"))
        .map_err(Error::database("starting the sync"))
}

/// Copies the syncs that stay.
fn keep_syncs(connection: &Connection, previous: &Temporary, options: &Options) -> Result<()> {
    let failed = || Error::database("reading the previous syncs");
    // Immutable: a file of the SDK may have the write-ahead mode set, which wants more files.
    connection
        .execute("attach database ?1 as old", [uri(previous.path())])
        .map_err(failed())?;
    let runs = runs_to_keep(connection, options)?;
    if !runs.is_empty() {
        connection.execute_batch("begin").map_err(failed())?;
        for table in schema::ROW_TABLES.iter().chain(&["v1_sync_runs"]) {
            copy(connection, table, &runs)?;
        }
        connection.execute_batch("commit").map_err(failed())?;
    }
    connection
        .execute_batch("detach database old")
        .map_err(failed())
}

fn copy(connection: &Connection, table: &str, runs: &[String]) -> Result<()> {
    let theirs = columns(connection, "old", table)?;
    let shared: Vec<_> = columns(connection, "main", table)?
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

pub(super) fn columns(connection: &Connection, database: &str, table: &str) -> Result<Vec<String>> {
    query_strings(
        connection,
        &format!("select name from pragma_table_info('{table}', '{database}')"),
    )
}

fn query_strings(connection: &Connection, statement: &str) -> Result<Vec<String>> {
    let failed = || Error::database("reading the previous syncs");
    let mut statement = connection.prepare(statement).map_err(failed())?;
    let found = statement
        .query_map([], |row| row.get(0))
        .map_err(failed())?;
    found.collect::<rusqlite::Result<_>>().map_err(failed())
}

/// A file name as `SQLite` wants it in a URI.
pub(super) fn uri(path: &Path) -> String {
    let path = path.to_string_lossy();
    let escaped = path.bytes().map(|byte| match byte {
        b'?' | b'#' | b'%' | 0x80.. => format!("%{byte:02x}"),
        _ => char::from(byte).to_string(),
    });
    format!("file:{}?mode=ro&immutable=1", escaped.collect::<String>())
}
