//! One database on a thread of its own, fed through a bounded channel.
//!
//! Writers wait when the disk is slower than the connector; memory stays bounded. The first failed
//! write closes the store: everything after it reports that failure.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{mpsc, oneshot};

use super::error::{Error, Result};

/// Pages on their way to the disk; each is at most one reply of the connector.
const QUEUE: usize = 4;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle to the database thread.
pub(crate) struct Store {
    interrupt: InterruptHandle,
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
    /// Moves `connection` to a new thread.
    pub(crate) fn start(connection: Connection) -> Result<Self> {
        let interrupt = connection.get_interrupt_handle();
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let thread = std::thread::Builder::new()
            .name("c1z".into())
            .spawn(move || {
                let mut connection = connection;
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
            jobs: Some(jobs),
            failure: Arc::default(),
            thread: Some(thread),
        })
    }

    /// Queues a write. It waits for room in the queue, not for the write.
    pub(crate) async fn post(
        &self,
        write: impl FnOnce(&mut Connection) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        self.check()?;
        let failure = Arc::clone(&self.failure);
        self.send(Box::new(move |connection| {
            // After one failed write the rest would only hide it.
            if lock(&failure).is_some() {
                return;
            }
            if let Err(error) = write(connection) {
                *lock(&failure) = Some(error);
            }
        }))
        .await
    }

    /// Runs `work` after everything that was queued before, and returns its result.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.check()?;
        let (reply, answer) = oneshot::channel();
        let failure = Arc::clone(&self.failure);
        self.send(Box::new(move |connection| {
            let failed = lock(&failure).take();
            let result = match failed {
                Some(error) => {
                    *lock(&failure) = Some(Error::Closed(error.to_string()));
                    Err(error)
                }
                None => work(connection),
            };
            let _ = reply.send(result);
        }))
        .await?;
        answer.await.map_err(|_| closed())?
    }

    /// Ends the thread after everything that was queued, and waits for it.
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
        let mut failure = lock(&self.failure);
        match failure.take() {
            None => Ok(()),
            Some(error) => {
                *failure = Some(Error::Closed(chain(&error)));
                Err(error)
            }
        }
    }
}

impl Drop for Store {
    /// The files are removed after the thread has let go of them. What it is doing is for nothing,
    /// so it does not finish that.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            lock(&self.failure).get_or_insert_with(closed);
            // An interrupt ends one statement; the work at hand may have more of them.
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

fn chain(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Locks even after a panic: that ended the database's thread, so the sync fails anyway.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
