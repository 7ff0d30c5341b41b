//! Writes a sync into a temporary file, and replaces the target when it is complete.
//!
//! Until [`Writer::finish`], readers see the previous file. A dropped writer leaves nothing behind.

use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use ksuid::{Ksuid, KsuidLike};
use parking_lot::Mutex;
use rusqlite::{Connection, params};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::container::{self, Packed};
use super::database;
use super::error::{Error, Result};
use super::grant_indexes::{self, Limits, Rows};
use super::options::{Kind, Options};
use super::previous::Previous;
use super::rows::{self, Stamp};
use super::temporary::{Part, Temporary, sweep};
use super::{Store, schema, warnings};
use crate::output_file::{self, FileMode, Lock};
use crate::pb::connector::{Entitlement, Grant, Resource, ResourceType};

/// A sync being written.
#[derive(Debug)]
pub(crate) struct Writer {
    // Dropped first, because its thread has the database open.
    store: Store,
    database: Temporary,
    target: PathBuf,
    mode: FileMode,
    lock: Lock,
    sync_id: Arc<str>,
    /// Used by the database's thread, and by the one that reads those of old syncs.
    grants: Arc<Mutex<Rows>>,
    // Dropped last, after the files are removed.
    token: Option<TaskTrackerToken>,
}

impl Writer {
    /// Creates a database. The database's thread takes the syncs to keep from the target, while the
    /// connector already works; if the target turns out to be damaged, a later write says so.
    ///
    /// The target is locked until the writer is dropped. Otherwise one of two concurrent writers
    /// would overwrite the sync of the other.
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
        let new = Temporary::beside(&workplace, Part::New)?;
        let connection =
            database::open(new.path()).map_err(Error::database("creating the database"))?;
        let previous = Previous::open(target, &workplace, options)?;
        let sync_id: Arc<str> = Ksuid::now(None).to_string().into();
        let grants = Arc::new(Mutex::new(Rows::new(Limits::default())));
        let (id, indexed, options) = (Arc::clone(&sync_id), Arc::clone(&grants), options.clone());
        let (mode, started_at) = (options.mode, wall_clock());
        let path = new.path().to_owned();
        let store = Store::start(connection, move |connection, stop| {
            match previous {
                Some(previous) => {
                    previous.keep_syncs(connection, &path, &options, &indexed, stop)?;
                }
                None => database::create(connection)?,
            }
            begin(connection, &id, options.kind, &started_at)
        })?;
        Ok(Self {
            store,
            database: new,
            target: target.into(),
            mode,
            lock,
            sync_id,
            grants,
            token: None,
        })
    }

    /// Creates a temporary database, which is never finished.
    pub(crate) fn scratch() -> Result<Self> {
        let target = std::env::temp_dir().join(format!("sync-{}.c1z", Ksuid::now(None)));
        Self::create(&target, &Options::default())
    }

    /// Holds `token` until the temporary files are removed.
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

    /// Calls `stored` with each grant and the number of its row.
    pub(crate) async fn put_grants(
        &self,
        rows: Vec<Grant>,
        stored: impl FnMut(i64, &Grant) + Send + 'static,
    ) -> Result<()> {
        self.post(move |connection, stamp| rows::put_grants(connection, stamp, rows, stored))
            .await
    }

    /// Keeps the warnings of the sync, also if there are none.
    pub(crate) async fn put_warnings(&self, warnings: &[String]) -> Result<()> {
        let warnings = warnings.to_vec();
        self.post(move |connection, stamp| warnings::put(connection, stamp, &warnings))
            .await
    }

    /// Builds the indexes that only readers need, without those of grants: they follow when the
    /// writer is finished.
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

    /// Runs `work` with the database, after all queued writes.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, Stamp<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let work = self.stamped(work);
        self.store.run(work).await
    }

    /// Marks the sync as finished, packs the file and replaces the target with it.
    pub(crate) async fn finish(self) -> Result<()> {
        let (path, stop) = (self.database.path().to_owned(), self.store.stop());
        let rows = Arc::clone(&self.grants);
        let finishing = self.with(move |connection, stamp| {
            let mut rows = mem::replace(&mut *rows.lock(), Rows::new(Limits::default()));
            connection
                .execute(
                    "update v1_sync_runs set ended_at = ?1 where sync_id = ?2",
                    params![stamp.at, stamp.sync_id],
                )
                .and_then(|_| rows.delete_strays(connection))
                .and_then(|()| rows.fill_free_pages(connection))
                .and_then(|()| database::clear_free_pages(connection))
                .and_then(|()| connection.execute_batch("commit"))
                .map_err(Error::database("finishing the sync"))?;
            grant_indexes::build(connection, &path, rows, &stop)
        });
        let indexes = finishing.await?;
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
            // Dropped in reverse order, the token last.
            let _token = token;
            let _lock = lock;
            let database = database;
            let packed = Temporary::beside(&target, Part::Packed)?;
            container::pack(database.path(), packed.path(), indexes.as_ref())?;
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
        let write = self.stamped(write);
        self.store.post(write).await
    }

    fn stamped<T, W: FnOnce(&Connection, Stamp<'_>) -> T>(
        &self,
        work: W,
    ) -> impl FnOnce(&mut Connection) -> T + use<T, W> {
        let (sync_id, grants) = (Arc::clone(&self.sync_id), Arc::clone(&self.grants));
        move |connection| {
            let stamp = Stamp {
                sync_id: &sync_id,
                at: &wall_clock(),
                grants: &grants,
            };
            work(connection, stamp)
        }
    }
}

/// The local time without a zone, as readers compare it.
fn wall_clock() -> String {
    let now = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    now.to_zoned(jiff::tz::TimeZone::system())
        .strftime("%Y-%m-%d %H:%M:%S%.f")
        .to_string()
}

fn begin(connection: &Connection, sync_id: &str, kind: Kind, started_at: &str) -> Result<()> {
    let kind = match kind {
        Kind::Full => "full",
        Kind::Partial => "partial",
        Kind::ResourcesOnly => "resources_only",
    };
    connection
        .execute(
            "insert into v1_sync_runs (sync_id, started_at, sync_token, sync_type)
             values (?1, ?2, '', ?3)",
            params![sync_id, started_at, kind],
        )
        .and_then(|_| connection.execute_batch("begin"))
        .map_err(Error::database("starting the sync"))
}
