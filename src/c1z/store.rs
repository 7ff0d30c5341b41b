//! A database on its own thread, behind a bounded channel.
//!
//! Writers wait if the disk is slower than the connector, so memory is bounded. After a failed write,
//! all further operations fail.

use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{mpsc, oneshot};

use super::error::{Error, Result};
use crate::causes;

/// The number of queued writes. Each is at most one reply of the connector.
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
    /// Starts a thread for `connection`.
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
