//! The query jobs that this process has started. Each is deleted in any case, so that it takes no
//! room in the org: after its result was read, when nobody wants it any more, and before the process
//! ends.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio_util::task::TaskTracker;
use tracing::debug;

use super::{
    job::{JobId, QueryJob},
    notes::{JobNotes, Note},
};
use crate::salesforce::client::Client;

/// How long the end of the process waits for jobs to be deleted.
const PATIENCE: Duration = Duration::from_secs(5);

/// The jobs that are not deleted yet.
#[derive(Debug)]
pub(in crate::salesforce) struct RunningJobs {
    notes: JobNotes,
    jobs: Mutex<BTreeMap<JobId, Note>>,
    /// The deletions that nobody waits for.
    deletions: TaskTracker,
}

impl RunningJobs {
    pub(in crate::salesforce) fn new(notes: JobNotes) -> Self {
        Self {
            notes,
            jobs: Mutex::default(),
            deletions: TaskTracker::new(),
        }
    }

    pub(super) fn notes(&self) -> &JobNotes {
        &self.notes
    }

    fn add(&self, id: &JobId) {
        let note = self.notes.add(id);
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.insert(id.clone(), note);
    }

    /// Takes a job, so that it is deleted only once.
    fn take(&self, id: &JobId) -> Option<Note> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.remove(id)
    }

    fn ids(&self) -> Vec<JobId> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.keys().cloned().collect()
    }
}

/// A job that was started. It is deleted when this is dropped.
#[derive(Debug)]
pub struct RunningJob {
    client: Client,
    object: String,
    job: QueryJob,
}

impl RunningJob {
    pub(super) fn new(client: &Client, object: &str, job: QueryJob) -> Self {
        client.jobs().add(&job.id);
        Self {
            client: client.clone(),
            object: object.to_owned(),
            job,
        }
    }

    /// What Salesforce last said of it.
    #[must_use]
    pub fn job(&self) -> &QueryJob {
        &self.job
    }

    /// Asks how far it is.
    pub async fn poll(&mut self) -> crate::salesforce::Result<&QueryJob> {
        let answer = self.client.query_job(&self.object, &self.job.id).await?;
        self.job = answer.value;
        Ok(&self.job)
    }
}

impl Drop for RunningJob {
    fn drop(&mut self) {
        let (client, id) = (self.client.clone(), self.job.id.clone());
        // In a task of its own, which goes on if whoever drops this is cut off.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let deletion = async move { remove(&client, &id).await };
            self.client.jobs().deletions.spawn_on(deletion, &runtime);
        }
    }
}

/// Deletes a job, unless that was done. The note goes only afterwards.
async fn remove(client: &Client, id: &JobId) {
    let Some(note) = client.jobs().take(id) else {
        return;
    };
    match client.delete_query_job(id).await {
        Ok(()) => note.remove(),
        // Its note stays, and whoever starts a job next tries again.
        Err(error) => debug!(%error, "cannot delete a query job"),
    }
}

impl Client {
    /// Deletes the jobs that are left, and waits for those that are being deleted.
    pub(in crate::salesforce) async fn delete_jobs(&self) {
        let jobs = self.jobs();
        jobs.deletions.close();
        let rest = async {
            for id in jobs.ids() {
                remove(self, &id).await;
            }
            jobs.deletions.wait().await;
        };
        let _ = tokio::time::timeout(PATIENCE, rest).await;
    }
}
