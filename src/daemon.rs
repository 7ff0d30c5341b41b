//! The daemon: takes tasks from the platform, does them with a connector process, and reports each of
//! them once.
//!
//! It lives until a signal ends it. What it cannot reach it tries again; what it cannot do it reports.

mod connector;
mod error;
mod full_sync;
mod heartbeat;
mod hello;
mod identity;
mod known;
mod operation;
mod outcome;
mod platform;
mod token;
mod tunnel;
mod upload;
mod workplace;

use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::Code;
use tracing::Instrument as _;

pub use error::{Error, Result};
pub use full_sync::SyncSettings;
pub use identity::{ApiHost, Flaw, Identity};

use crate::causes;
use crate::metrics::HostMetrics;
use crate::metrics::exposition::FromConnector;
use crate::pb::connector::ConnectorServiceValidateRequest;
use crate::pb::platform::task::TaskType;
use crate::pb::platform::{BatonServiceFinishTaskRequest, Task};
use crate::{signals, trace};
use connector::Connector;
use heartbeat::Lost;
use known::Known;
use outcome::Outcome;
use platform::Platform;
use workplace::Workplace;

/// What a daemon needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who it is at the platform.
    pub identity: Identity,
    /// What it calls itself.
    pub host_id: String,
    /// How many tasks it does at once.
    pub concurrency: u32,
    /// Whether it asks for several tasks at once.
    pub asks_for_several: bool,
    /// Where temporary files are.
    pub temporary_directory: PathBuf,
    /// How it syncs.
    pub sync: SyncSettings,
    /// What it counts.
    pub metrics: HostMetrics,
}

/// How long running tasks may take at the end.
const GRACE: Duration = Duration::from_secs(30);
/// How long their reports may take then.
const REPORT_GRACE: Duration = Duration::from_secs(10);

/// The first and the longest pause between greetings.
const GREETING_PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(5));
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// The longest pause between two questions for tasks.
const LONGEST_POLL: Duration = Duration::from_mins(5);
/// The shortest one, if there was no task.
const IDLE_POLL: Duration = Duration::from_millis(100);

/// A task and when its first heartbeat is due.
struct Given {
    id: String,
    /// `None` if this version does not know the type.
    kind: Option<TaskType>,
    heartbeat: Duration,
}

/// A daemon.
pub struct Daemon {
    shared: Arc<Shared>,
    asks_for_several: bool,
    slots: Arc<Semaphore>,
    tasks: TaskTracker,
}

/// What each task uses.
struct Shared {
    connector: Arc<Connector>,
    platform: Platform,
    workplace: Workplace,
    sync: SyncSettings,
    known: Known,
    metrics: HostMetrics,
    /// Running tasks have to end.
    stop: CancellationToken,
}

/// Asks the daemon's connector, for the health endpoint.
#[derive(Clone)]
pub struct Checker(Arc<Connector>);

impl Checker {
    /// Lets the connector check its credentials. The error is for people.
    #[must_use]
    pub fn validate(self) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> {
        Box::pin(async move {
            let request = ConnectorServiceValidateRequest {};
            let checked = self.0.call("checking the connector", request).await;
            checked.map(drop).map_err(|error| causes::chain(&error))
        })
    }

    /// What the connector has counted; nothing if it does not run.
    pub async fn counts(self) -> Option<FromConnector> {
        self.0.counts().await
    }
}

impl Daemon {
    /// Prepares a daemon. Nothing is sent yet.
    pub fn new(settings: Settings) -> Result<Self> {
        let metrics = settings.metrics;
        let executable = settings.sync.request.executable.clone();
        let slots = usize::try_from(settings.concurrency.max(1)).unwrap_or(1);
        Ok(Self {
            shared: Arc::new(Shared {
                connector: Arc::new(Connector::new(executable, metrics.clone())),
                platform: Platform::new(settings.identity, settings.host_id, metrics.clone())?,
                workplace: Workplace::create(&settings.temporary_directory)?,
                sync: settings.sync,
                known: Known::default(),
                metrics,
                stop: CancellationToken::new(),
            }),
            asks_for_several: settings.asks_for_several,
            slots: Arc::new(Semaphore::new(slots)),
            tasks: TaskTracker::new(),
        })
    }

    /// Checks this daemon's connector.
    #[must_use]
    pub fn check(&self) -> Checker {
        Checker(Arc::clone(&self.shared.connector))
    }

    /// Works until a signal comes, or until the platform refuses this host for good.
    pub async fn run(self) -> Result<()> {
        let stop = signals::termination().map_err(|source| Error::Signals { source })?;
        let worked = {
            let mut stop = pin!(stop);
            tokio::select! {
                biased;
                () = &mut stop => Ok(()),
                worked = self.work() => worked,
            }
        };
        self.end().await;
        worked
    }

    /// Returns only if the platform refuses this host for good.
    async fn work(&self) -> Result<()> {
        self.shared.greet().await?;
        let mut failures = 0;
        let mut next = Instant::now();
        loop {
            let slot = self.slot().await;
            tokio::time::sleep_until(next).await;
            let pause = match self.ask().await {
                Ok((tasks, pause)) => {
                    failures = 0;
                    let pause = if tasks.is_empty() {
                        pause.max(IDLE_POLL)
                    } else {
                        pause
                    };
                    self.begin(tasks, slot).await;
                    pause
                }
                Err(error) => {
                    failures += 1;
                    let pause = pause_after(failures);
                    tracing::warn!(
                        failures,
                        seconds = pause.as_secs(),
                        error = causes::chain(&error),
                        "the platform gave no task; asking again"
                    );
                    pause
                }
            };
            next = Instant::now() + pause;
        }
    }

    /// Waits until another task may begin.
    async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        // Nobody closes the semaphore.
        Arc::clone(&self.slots).acquire_owned().await.ok()
    }

    /// The next tasks, and the pause before the next question.
    async fn ask(&self) -> Result<(Vec<Given>, Duration)> {
        let platform = &self.shared.platform;
        let (tasks, poll, heartbeat) = if self.asks_for_several {
            let free = u32::try_from(self.slots.available_permits() + 1).unwrap_or(u32::MAX);
            let running = self.shared.known.running();
            let answer = platform.tasks(free.min(100), running).await?;
            (answer.tasks, answer.next_poll, answer.next_heartbeat)
        } else {
            let answer = platform.task().await?;
            let tasks = answer.task.into_iter().collect();
            (tasks, answer.next_poll, answer.next_heartbeat)
        };
        let heartbeat = heartbeat::interval(heartbeat);
        let given = tasks
            .into_iter()
            .filter_map(|task| self.given(task, heartbeat));
        let poll = poll.and_then(|poll| Duration::try_from(poll).ok());
        Ok((given.collect(), poll.unwrap_or_default().min(LONGEST_POLL)))
    }

    /// The task, unless it is none or known already.
    fn given(&self, task: Task, heartbeat: Duration) -> Option<Given> {
        let Task {
            id,
            task_type: kind,
            ..
        } = task;
        if id.is_empty() || matches!(kind, Some(TaskType::None(_))) {
            return None;
        }
        if !self.shared.known.begin(&id) {
            tracing::info!(
                task_id = id,
                "the platform gave a task that is known already"
            );
            return None;
        }
        Some(Given {
            id,
            kind,
            heartbeat,
        })
    }

    /// Begins the tasks, the first of them in `slot`. If there are more than slots, it waits.
    async fn begin(&self, tasks: Vec<Given>, mut slot: Option<OwnedSemaphorePermit>) {
        for task in tasks {
            let slot = match slot.take() {
                Some(slot) => Some(slot),
                None => self.slot().await,
            };
            let shared = Arc::clone(&self.shared);
            self.tasks.spawn(async move {
                shared.run(task).await;
                drop(slot);
            });
        }
    }

    /// Lets running tasks end, and reports those that do not. A second signal ends the waiting.
    async fn end(&self) {
        self.tasks.close();
        if !self.tasks.is_empty() {
            tracing::info!(
                tasks = self.tasks.len(),
                seconds = GRACE.as_secs(),
                "waiting for running tasks"
            );
        }
        let impatient = async {
            match signals::termination() {
                Ok(again) => again.await,
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.tasks.wait() => {}
            () = tokio::time::sleep(GRACE) => {}
            () = impatient => {}
        }
        self.shared.stop.cancel();
        if tokio::time::timeout(REPORT_GRACE, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(tasks = self.tasks.len(), "tasks could not be reported");
        }
        self.shared.connector.shutdown().await;
    }
}

impl Shared {
    /// Greets the platform until it accepts.
    async fn greet(&self) -> Result<()> {
        let (mut pause, longest) = GREETING_PAUSES;
        loop {
            let greeting = trace::work("hello");
            let Err(error) = self.hello("").instrument(greeting).await else {
                tracing::info!("the platform knows this host; taking tasks");
                return Ok(());
            };
            if !error.is_passing() {
                return Err(error);
            }
            tracing::warn!(
                seconds = pause.as_secs(),
                error = causes::chain(&error),
                "the platform does not answer the greeting; greeting again"
            );
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    async fn hello(&self, task: &str) -> Result<()> {
        // The first greeting waits for both: the start of the connector, and the sign-in.
        let greeting = hello::greeting(&self.connector);
        let (greeting, signed_in) = tokio::join!(greeting, self.platform.sign_in());
        let greeting = greeting?;
        signed_in?;
        self.platform.hello(greeting, task).await
    }

    /// Does a task and reports it. A greeting is its own report.
    async fn run(&self, task: Given) {
        let Given {
            id,
            kind,
            heartbeat,
        } = task;
        let name = kind.as_ref().map_or("unknown", operation::name);
        let started = Instant::now();
        let span = trace::work(name);
        self.metrics.task_begins();
        tracing::info!(task_id = id, task = name, "a task begins");
        let mut code = Code::Ok;
        let report = if matches!(kind, Some(TaskType::Hello(_))) {
            None
        } else {
            let performed = self.perform(&id, kind, heartbeat).instrument(span.clone());
            let outcome = Box::pin(performed).await;
            code = outcome.code();
            tracing::info!(
                task_id = id,
                task = name,
                code = ?outcome.code(),
                message = outcome.message(),
                seconds = started.elapsed().as_secs_f64(),
                "a task has ended"
            );
            Some(outcome.into_report(&id))
        };
        let is_greeting = report.is_none();
        let delivered = self.deliver(&id, report).instrument(span.clone()).await;
        if let (true, Err(refusal)) = (is_greeting, delivered) {
            code = refusal;
        }
        trace::end(&span, trace::code(code), code == Code::Ok);
        self.metrics.task_ended(name, trace::code(code));
        self.known.end(&id);
    }

    /// Does a task until it ends, the platform does not want it any more, or the daemon ends.
    async fn perform(&self, id: &str, kind: Option<TaskType>, heartbeat: Duration) -> Outcome {
        let cancel = CancellationToken::new();
        // A platform may have cancelled a sync while it was waiting.
        let first = match &kind {
            Some(TaskType::SyncFull(_)) => Duration::ZERO,
            _ => heartbeat,
        };
        let mut work = pin!(self.work(id, kind, &cancel));
        let interrupted = tokio::select! {
            outcome = &mut work => return outcome,
            lost = heartbeat::beat(&self.platform, id, first) => match lost {
                Lost::Cancelled => Outcome::failed(Code::Cancelled, "the platform cancelled the task"),
                Lost::Unheard => Outcome::failed(
                    Code::Unavailable,
                    "the platform heard no heartbeat of this task",
                ),
            },
            () = self.stop.cancelled() => Outcome::failed(
                Code::Unavailable,
                "this host is being stopped; another try may succeed",
            ),
        };
        cancel.cancel();
        match work.await {
            // It was done in the last moment.
            done @ Outcome::Done { .. } => done,
            Outcome::Failed { .. } => interrupted,
        }
    }

    async fn work(&self, id: &str, kind: Option<TaskType>, cancel: &CancellationToken) -> Outcome {
        let Some(kind) = kind else {
            return Outcome::refused(
                Code::Unimplemented,
                "this version does not know this type of task; a newer one may",
            );
        };
        if let TaskType::SyncFull(task) = kind {
            let outcome = full_sync::perform(self, id, &task, cancel).await;
            self.metrics.sync_ended(trace::code(outcome.code()));
            return outcome;
        }
        tokio::select! {
            outcome = operation::perform(&self.connector, id, kind) => outcome,
            () = cancel.cancelled() => Outcome::failed(Code::Cancelled, "cancelled"),
        }
    }

    /// Reports a task, or greets for it, until the platform accepts or refuses for good.
    async fn deliver(
        &self,
        id: &str,
        report: Option<BatonServiceFinishTaskRequest>,
    ) -> Result<(), Code> {
        let mut failures = 0;
        loop {
            let told = match &report {
                Some(report) => self.platform.finish(report.clone()).await,
                None => self.hello(id).await,
            };
            let Err(error) = told else {
                return Ok(());
            };
            let text = causes::chain(&error);
            if !error.is_passing() {
                let message = match error {
                    Error::Connector(_) => {
                        "the connector does not tell what it is, so the platform is not greeted"
                    }
                    _ => "the platform refuses the report of a task",
                };
                tracing::error!(task_id = id, error = text, "{message}");
                return Err(error.code());
            }
            failures += 1;
            tracing::warn!(
                task_id = id,
                failures,
                error = text,
                "a task could not be reported; trying again"
            );
            let pause = pause_after(failures);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // At the end there is no time for long pauses.
                () = self.stop.cancelled() => tokio::time::sleep(GREETING_PAUSES.0).await,
            }
        }
    }
}

/// The pause after so many failures in a row: 1 s, 4 s, 9 s and so on.
fn pause_after(failures: u32) -> Duration {
    let seconds = u64::from(failures).saturating_mul(u64::from(failures));
    Duration::from_secs(seconds).min(LONGEST_PAUSE)
}
