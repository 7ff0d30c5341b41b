//! One sync from start to end: the subprocess, the phases, the file, and cleaning up.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::client::Client;
use super::clock;
use super::error::{Error, Result};
use super::launch::Executable;
use super::progress::{Progress, Reporter};
use super::retry::Retry;
use super::running::Running;
use super::sink::{CountingSink, FileSink, Sink};
use super::summary::Summary;
use super::sync::{self, Context, Options};
use crate::c1z::{self, Kind, Writer};
use crate::output_file::FileMode;
use crate::signals;

/// Packing a large file takes a while.
const TIDY_GRACE: Duration = Duration::from_mins(1);

/// What to sync, and into which file.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct SyncRequest {
    /// The connector.
    pub executable: Executable,
    /// The file to write. Without it, rows are only counted.
    pub file: Option<PathBuf>,
    /// Concurrent calls: 0 and 1 mean one, −1 one for each core.
    pub workers: i64,
    /// Only these resource types; all if empty.
    pub resource_types: Vec<String>,
    /// Only these resources (`user/005…` or `bid:r:…`); everything if empty.
    pub resources: Vec<String>,
    /// Leave out entitlements and grants.
    pub skip_entitlements_and_grants: bool,
    /// Leave out grants.
    pub skip_grants: bool,
    /// Only check the connector, and write a file without rows.
    pub only_validate: bool,
    /// Leave it to the reader of the file to derive the grants that nesting implies.
    pub skip_expansion: bool,
    /// Fail on broken references between rows instead of warning.
    pub strict_invariants: bool,
    /// How many full syncs the file keeps; 0 means the SDK's 2.
    pub keep_syncs: usize,
    /// The directory for the database; by default that of the file.
    pub temporary_directory: Option<PathBuf>,
    /// Who may read the file.
    pub file_mode: FileMode,
    /// How much the previous file may unpack to.
    pub bounds: c1z::Bounds,
    /// How to show progress.
    pub progress: Progress,
}

impl SyncRequest {
    /// A full sync with one worker that writes no file.
    #[must_use]
    pub fn new(executable: Executable) -> Self {
        Self {
            executable,
            file: None,
            workers: 1,
            resource_types: Vec::new(),
            resources: Vec::new(),
            skip_entitlements_and_grants: false,
            skip_grants: false,
            only_validate: false,
            skip_expansion: false,
            strict_invariants: false,
            keep_syncs: 0,
            temporary_directory: None,
            file_mode: FileMode::default(),
            bounds: c1z::Bounds::default(),
            progress: Progress::Log,
        }
    }
}

/// Starts the connector, syncs, and ends it. SIGINT, SIGTERM and SIGHUP end both cleanly.
pub async fn run_sync(request: SyncRequest) -> Result<Summary> {
    let file = request.file.clone();
    let outcome = sync_into(request).await;
    outcome.map_err(|error| error.in_file(file.as_deref()))
}

async fn sync_into(request: SyncRequest) -> Result<Summary> {
    let cancel = CancellationToken::new();
    let prepared = Prepared::new(&request).await?;
    let (files, work) = (prepared.files.clone(), cancel.clone());
    let outcome = supervise(&request.executable, &cancel, |client| async {
        Ok(prepared.read(client, work).await?.complete())
    })
    .await;
    tidy(&files).await;
    outcome
}

/// Syncs with a connector that runs already, until `cancel` is cancelled. The executable of the
/// request is not started.
pub(crate) async fn sync_with(
    running: &Running,
    request: &SyncRequest,
    cancel: &CancellationToken,
) -> Result<Summary> {
    let prepared = Prepared::new(request).await?;
    let files = prepared.files.clone();
    let outcome = running
        .run(prepared.read(running.client(), cancel.clone()))
        .await;
    let outcome = match outcome {
        Ok(read) => read.complete().await,
        Err(error) => Err(error),
    };
    cancel.cancel();
    tidy(&files).await;
    outcome.map_err(|error| error.in_file(request.file.as_deref()))
}

/// A sync whose file is open. The file first: if it cannot be written, there is no need to sign in.
struct Prepared {
    options: Options,
    sink: Opened,
    reporter: Reporter,
    files: TaskTracker,
}

impl Prepared {
    async fn new(request: &SyncRequest) -> Result<Self> {
        let options = options(request)?;
        let files = TaskTracker::new();
        Ok(Self {
            options,
            sink: open(request, files.token()).await?,
            reporter: Reporter::new(request.progress),
            files,
        })
    }

    /// Does what needs the connector.
    async fn read(self, client: Client, cancel: CancellationToken) -> Result<Read> {
        let context = Context {
            client,
            retry: Retry {
                clock: clock::wall(),
                cancel,
            },
            sink: self.sink.as_sink(),
            reporter: self.reporter,
            options: self.options,
        };
        let started = Instant::now();
        Ok(Read {
            sync: sync::read(context).await?,
            sink: self.sink,
            started,
        })
    }
}

/// A sync of which the connector has done its part.
struct Read {
    sync: sync::Read,
    sink: Opened,
    started: Instant,
}

impl Read {
    async fn complete(self) -> Result<Summary> {
        let mut summary = self.sync.complete().await?;
        self.sink.finish().await?;
        summary.duration = self.started.elapsed();
        Ok(summary)
    }
}

/// Cancelled workers release the file a moment later. The program must not end before the temporary
/// files are removed.
async fn tidy(files: &TaskTracker) {
    files.close();
    if tokio::time::timeout(TIDY_GRACE, files.wait())
        .await
        .is_err()
    {
        tracing::warn!("temporary files are still in use; the next run removes them");
    }
}

/// Runs `work` against a new subprocess, and ends the subprocess in any case. `work` returns a
/// future for the rest, which does not need the connector and runs while that ends: its memory is free
/// then.
pub(super) async fn supervise<T, F, R>(
    executable: &Executable,
    cancel: &CancellationToken,
    work: impl FnOnce(Client) -> F,
) -> Result<T>
where
    F: Future<Output = Result<R>>,
    R: Future<Output = Result<T>>,
{
    let interrupted = signals::termination()
        .map_err(|error| Error::Internal(format!("listening for signals: {error}")))?;
    tokio::pin!(interrupted);
    let running = tokio::select! {
        () = &mut interrupted => return Err(Error::Cancelled),
        started = Running::start(executable) => started?,
    };
    let work = Box::pin(work(running.client()));
    let read = tokio::select! {
        // In this order: an interrupt also ends the connector and makes its calls fail.
        biased;
        () = &mut interrupted => Err(Error::Cancelled),
        result = running.run(work) => result,
    };
    if read.is_err() {
        cancel.cancel();
    }
    let rest = async {
        let rest = Box::pin(read?);
        tokio::select! {
            () = &mut interrupted => Err(Error::Cancelled),
            result = rest => result,
        }
    };
    let (result, ()) = tokio::join!(rest, running.shutdown());
    cancel.cancel();
    result
}

fn options(request: &SyncRequest) -> Result<Options> {
    Ok(Options {
        workers: workers(request.workers)?,
        resource_types: request.resource_types.clone(),
        targets: request
            .resources
            .iter()
            .map(|bid| bid.parse())
            .collect::<Result<_>>()?,
        skip_entitlements_and_grants: request.skip_entitlements_and_grants,
        skip_grants: request.skip_grants,
        only_validate: request.only_validate,
        skip_expansion: request.skip_expansion,
        strict: request.strict_invariants,
    })
}

/// Reads the number of workers like the SDK's `--workers`.
pub(super) fn workers(asked: i64) -> Result<usize> {
    match asked {
        0 => Ok(1),
        -1 => Ok(std::thread::available_parallelism()
            .map_or(1, usize::from)
            .clamp(1, 4)),
        asked => usize::try_from(asked)
            .map_err(|_| Error::Invalid(format!("invalid number of workers: {asked}"))),
    }
}

/// The sink of a sync.
enum Opened {
    File(Arc<FileSink>),
    Count(Arc<CountingSink>),
}

impl Opened {
    fn as_sink(&self) -> Arc<dyn Sink> {
        match self {
            Self::File(sink) => Arc::clone(sink) as Arc<dyn Sink>,
            Self::Count(sink) => Arc::clone(sink) as Arc<dyn Sink>,
        }
    }

    async fn finish(self) -> Result<()> {
        match self {
            Self::File(sink) => sink.finish().await,
            Self::Count(_) => Ok(()),
        }
    }
}

async fn open(request: &SyncRequest, token: TaskTrackerToken) -> Result<Opened> {
    let Some(file) = request.file.clone() else {
        return Ok(Opened::Count(Arc::new(CountingSink::create()?)));
    };
    let kind = match (
        request.resources.is_empty(),
        request.skip_entitlements_and_grants,
    ) {
        (false, _) => Kind::Partial,
        (true, true) => Kind::ResourcesOnly,
        (true, false) => Kind::Full,
    };
    let mut options = c1z::Options {
        kind,
        directory: request.temporary_directory.clone(),
        mode: request.file_mode,
        bounds: request.bounds,
        ..c1z::Options::default()
    };
    if request.keep_syncs > 0 {
        options.keep = request.keep_syncs;
    }
    let created = tokio::task::spawn_blocking(move || Writer::create(&file, &options)).await;
    let writer = created.map_err(|error| Error::Internal(error.to_string()))??;
    Ok(Opened::File(Arc::new(FileSink::new(writer.tracked(token)))))
}
