//! A database on its own thread, behind a bounded channel.
//!
//! The thread begins with work that prepares the database; operations wait for it in the channel.
//! Writers wait if the disk is slower than the connector, so memory is bounded. After a failed write,
//! all further operations fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{mpsc, oneshot};

use super::error::{Error, Result};
use crate::causes;

/// The number of queued writes. Each is at most one reply of the connector.
const QUEUE: usize = 4;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Tells long work outside the database, where no interrupt reaches it, that it is not needed any more.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A handle to the database thread.
pub(crate) struct Store {
    interrupt: InterruptHandle,
    stop: Stop,
    jobs: Option<mpsc::Sender<Job>>,
    failure: Arc<Mutex<Option<Error>>>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Starts a thread for `connection`, which first runs `prepare`. If that fails, the next
    /// operation returns its error.
    pub(super) fn start(
        connection: Connection,
        prepare: impl FnOnce(&mut Connection, &Stop) -> Result<()> + Send + 'static,
    ) -> Result<Self> {
        let interrupt = connection.get_interrupt_handle();
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let stop = Stop::default();
        let failure = Arc::<Mutex<Option<Error>>>::default();
        let (is_stopped, failed) = (stop.clone(), Arc::clone(&failure));
        let thread = std::thread::Builder::new()
            .name("c1z".into())
            .spawn(move || {
                let mut connection = connection;
                if let Err(error) = prepare(&mut connection, &is_stopped) {
                    *failed.lock() = Some(error);
                }
                while let Some(job) = queue.blocking_recv() {
                    job(&mut connection);
                }
            })
            .map_err(Error::io(
                "starting the thread of",
                std::path::Path::new("the database"),
            ))?;
        Ok(Self {
            interrupt,
            stop,
            jobs: Some(jobs),
            failure,
            thread: Some(thread),
        })
    }

    /// Is set when the store is dropped.
    pub(super) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Queues a write. Waits for room in the queue, not for the write itself.
    pub(crate) async fn post(
        &self,
        write: impl FnOnce(&mut Connection) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        self.check()?;
        let failure = Arc::clone(&self.failure);
        self.send(Box::new(move |connection| {
            // Errors of later writes would hide the cause.
            if failure.lock().is_some() {
                return;
            }
            if let Err(error) = write(connection) {
                *failure.lock() = Some(error);
            }
        }))
        .await
    }

    /// Runs `work` after all queued writes, and returns its result.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.check()?;
        let (reply, answer) = oneshot::channel();
        let failure = Arc::clone(&self.failure);
        self.send(Box::new(move |connection| {
            let failed = failure.lock().take();
            let result = match failed {
                Some(error) => {
                    *failure.lock() = Some(Error::Closed(causes::chain(&error)));
                    Err(error)
                }
                None => work(connection),
            };
            let _ = reply.send(result);
        }))
        .await?;
        answer.await.map_err(|_| closed())?
    }

    /// Ends the thread after all queued writes, and waits for it.
    pub(crate) async fn close(mut self) -> Result<()> {
        self.run(|_| Ok(())).await?;
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        Ok(())
    }

    async fn send(&self, job: Job) -> Result<()> {
        let jobs = self.jobs.as_ref().ok_or_else(closed)?;
        jobs.send(job).await.map_err(|_| closed())
    }

    fn check(&self) -> Result<()> {
        let mut failure = self.failure.lock();
        match failure.take() {
            None => Ok(()),
            Some(error) => {
                *failure = Some(Error::Closed(causes::chain(&error)));
                Err(error)
            }
        }
    }
}

impl Drop for Store {
    /// Stops the thread, so that the caller can remove the files. Unfinished work is interrupted.
    fn drop(&mut self) {
        self.stop.set();
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            self.failure.lock().get_or_insert_with(closed);
            // Repeated, because an interrupt ends one statement and a job may have several.
            while !thread.is_finished() {
                self.interrupt.interrupt();
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            let _ = thread.join();
        }
    }
}

fn closed() -> Error {
    Error::Closed("the database thread ended".into())
}
