//! Runs of actions: started for a call, finished without it.
//!
//! A run goes on when its caller stops waiting, up to an hour; its record stays in memory so that
//! the outcome can be asked for later. Records are bounded, and so is what runs at the same time.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use ksuid::Ksuid;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::baton::{Action, ActionReply, Arguments, Error, Kind, Object, Progress, Quota, Result};
use crate::pb::connector::BatonActionStatus as Status;
use crate::trace;

/// How many records are kept before the oldest finished ones make room.
const MAX_RECORDS: usize = 1000;
/// How many actions run at the same time; others are PENDING.
const MAX_RUNNING: usize = 16;
/// How long an action may run before it is asked to stop.
const BUDGET: Duration = Duration::from_hours(1);
/// How long it may then take to stop by itself.
const LAST_WORDS: Duration = Duration::from_mins(1);
/// Where KSUIDs begin to count seconds.
const KSUID_EPOCH: u64 = 1_400_000_000;

/// All runs.
#[derive(Clone)]
pub(super) struct Runs {
    records: Arc<Mutex<Records>>,
    slots: Arc<Semaphore>,
    tasks: TaskTracker,
}

#[derive(Default)]
struct Records {
    by_id: HashMap<String, Record>,
    /// Ids, oldest first.
    order: VecDeque<String>,
}

struct Record {
    name: &'static str,
    progress: Progress,
    state: State,
}

enum State {
    Pending,
    Running,
    /// Its caller went away; it counts as failed until it ends.
    Abandoned,
    Finished(Outcome),
}

struct Outcome {
    status: Status,
    values: Object,
    quota: Option<Quota>,
}

/// The state of a run, for its caller.
pub(super) struct Report {
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) status: Status,
    pub(super) response: Option<Object>,
    pub(super) quota: Option<Quota>,
}

/// A run that its caller may wait for. Dropping it before that means that the caller went away.
pub(super) struct Run {
    runs: Runs,
    id: String,
    task: JoinHandle<()>,
    waited: bool,
}

impl Runs {
    pub(super) fn new(tasks: TaskTracker) -> Self {
        Self {
            records: Arc::default(),
            slots: Arc::new(Semaphore::new(MAX_RUNNING)),
            tasks,
        }
    }

    /// Starts `action` on its own.
    pub(super) fn start(&self, action: Arc<dyn Action>, arguments: Arguments) -> Result<Run> {
        let id = new_id();
        let progress = Progress::default();
        let record = Record {
            name: action.schema().name,
            progress: progress.clone(),
            state: State::Pending,
        };
        self.lock().insert(&id, record)?;
        let (runs, own_id) = (self.clone(), id.clone());
        let task = async move {
            // The semaphore is never closed; were it, running is still better than hanging.
            let _slot = runs.slots.acquire().await.ok();
            runs.lock().set(&own_id, State::Running);
            let outcome = supervise(action, arguments, progress).await;
            runs.lock().set(&own_id, State::Finished(outcome));
        };
        let task = self.tasks.spawn(trace::carried(task));
        Ok(Run {
            runs: self.clone(),
            id,
            task,
            waited: false,
        })
    }

    /// The state of the run `id`, if it exists.
    pub(super) fn report(&self, id: &str) -> Option<Report> {
        let records = self.lock();
        let record = records.by_id.get(id)?;
        let (status, response, quota) = match &record.state {
            State::Pending => (Status::Pending, None, None),
            State::Running => {
                let so_far = record.progress.so_far();
                (
                    Status::Running,
                    Some(so_far).filter(|so_far| !so_far.is_empty()),
                    None,
                )
            }
            State::Abandoned => {
                let response = failed(record.progress.so_far(), "context canceled");
                (Status::Failed, Some(response), None)
            }
            State::Finished(outcome) => {
                (outcome.status, Some(outcome.values.clone()), outcome.quota)
            }
        };
        Some(Report {
            id: id.to_owned(),
            name: record.name,
            status,
            response,
            quota,
        })
    }

    /// Asks all running actions to stop.
    pub(super) fn cancel_all(&self) {
        for record in self.lock().by_id.values() {
            record.progress.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn insert(&mut self, id: &str, record: Record) -> Result<()> {
        if self.order.len() >= MAX_RECORDS {
            let finished = |id: &String| {
                self.by_id
                    .get(id)
                    .is_none_or(|record| matches!(record.state, State::Finished(_)))
            };
            let oldest = self
                .order
                .iter()
                .position(finished)
                .and_then(|at| self.order.remove(at));
            let oldest = oldest.ok_or_else(|| {
                Error::new(
                    Kind::Unavailable,
                    format!("{MAX_RECORDS} actions are running already"),
                )
            })?;
            self.by_id.remove(&oldest);
        }
        self.order.push_back(id.to_owned());
        self.by_id.insert(id.to_owned(), record);
        Ok(())
    }

    /// A finished run keeps its state; an abandoned one keeps it until it finishes.
    fn set(&mut self, id: &str, state: State) {
        let Some(record) = self.by_id.get_mut(id) else {
            return;
        };
        match (&record.state, &state) {
            (State::Finished(_), _) | (State::Abandoned, State::Running) => {}
            _ => record.state = state,
        }
    }
}

impl Run {
    /// Waits for the end of the run, at most `wait`, and returns its state.
    pub(super) async fn wait(mut self, wait: Duration) -> Result<Report> {
        let ended = tokio::time::timeout(wait, &mut self.task).await.is_ok();
        self.waited = true;
        let report = self.runs.report(&self.id).ok_or_else(|| {
            Error::internal(format!("the record of action run {} is gone", self.id))
        })?;
        Ok(if ended {
            report
        } else {
            Report {
                response: None,
                ..report
            }
        })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.waited {
            self.runs.lock().set(&self.id, State::Abandoned);
        }
    }
}

/// Runs the action until it ends, panics or runs out of time.
async fn supervise(action: Arc<dyn Action>, arguments: Arguments, progress: Progress) -> Outcome {
    let watched = progress.clone();
    let work = async move { action.invoke(arguments, &watched).await };
    // In a task of its own, so that a panic ends only that.
    let mut task = tokio::spawn(trace::carried(work));
    let mut ended = tokio::time::timeout(BUDGET, &mut task).await.ok();
    if ended.is_none() {
        progress.cancel();
        ended = tokio::time::timeout(LAST_WORDS, &mut task).await.ok();
    }
    let error = match ended {
        Some(Ok(Ok(ActionReply { values, quota }))) => {
            return Outcome {
                status: Status::Complete,
                values,
                quota,
            };
        }
        Some(Ok(Err(error))) => error,
        Some(Err(lost)) => match lost.try_into_panic() {
            Ok(panic) => {
                tracing::error!(panic = panic_message(panic.as_ref()), "an action panicked");
                Error::internal(format!(
                    "panic in action handler: {}",
                    panic_message(panic.as_ref())
                ))
            }
            Err(_) => Error::new(Kind::Cancelled, "the action was stopped"),
        },
        None => {
            task.abort();
            Error::new(
                Kind::DeadlineExceeded,
                "the action ran for an hour and was stopped",
            )
        }
    };
    let values = failed(progress.so_far(), &error.chain());
    Outcome {
        status: Status::Failed,
        values,
        quota: error.quota(),
    }
}

fn failed(mut so_far: Object, why: &str) -> Object {
    so_far.insert("error".to_owned(), why.into());
    so_far
}

/// The message of a panic.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}

fn new_id() -> String {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = now.as_secs().saturating_sub(KSUID_EPOCH);
    Ksuid::new_raw(u32::try_from(seconds).unwrap_or(u32::MAX), None).to_string()
}
