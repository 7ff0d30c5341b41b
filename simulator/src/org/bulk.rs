//! Query jobs of Bulk API 2.0: their states and results.
//!
//! A job is in progress after half of [`Settings::bulk_duration`](super::settings::Settings), and
//! its query runs at the end of it. HTTP runs it (`http/bulk`), because a query needs the rights of
//! the job's creator.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Org;
use super::id::{Id, KeyPrefix};

mod job;
mod rows;

pub use job::{BulkJobView, BulkState};
pub(crate) use job::{Ending, Job, Request};
pub(crate) use rows::{Format, Rows};

/// Jobs and their results are kept for seven days.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The period of the limit of jobs.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The jobs of an org, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Jobs {
    kept: Vec<Job>,
    /// Number of jobs that were ever created.
    count: u64,
    /// When the jobs of the last day were created, those that were deleted since too.
    created: VecDeque<Timestamp>,
}

impl Org {
    /// Returns the bulk jobs that were not deleted, oldest first.
    #[must_use]
    pub fn bulk_jobs(&self) -> Vec<BulkJobView> {
        self.all_bulk_jobs()
            .map(|job| BulkJobView {
                id: job.id.to_string(),
                object: job.request.object.clone(),
                soql: job.request.soql.clone(),
                state: self.bulk_state(job),
                created_by: job.request.caller.user.to_string(),
            })
            .collect()
    }

    /// Returns the jobs that were not deleted, oldest first.
    pub(crate) fn all_bulk_jobs(&self) -> impl Iterator<Item = &Job> {
        let now = self.clock.now();
        let is_kept = move |job: &&Job| now.duration_since(job.created) <= KEPT;
        self.bulk.kept.iter().filter(is_kept)
    }

    /// Returns a job by id.
    pub(crate) fn bulk_job(&self, id: &str) -> Option<&Job> {
        let id = Id::parse(id).ok()?;
        self.all_bulk_jobs().find(|job| job.id == id)
    }

    /// Returns the current state of a job.
    pub(crate) fn bulk_state(&self, job: &Job) -> BulkState {
        match &job.ending {
            Some((ending, _)) => ending.state(),
            None if self.settings.bulk_stuck => BulkState::UploadComplete,
            None if self.clock.now() < job.begins() => BulkState::UploadComplete,
            None => BulkState::InProgress,
        }
    }

    /// Returns how many more jobs can be created today.
    pub(crate) fn bulk_jobs_left(&self) -> u64 {
        let now = self.clock.now();
        let recent = |at: &&Timestamp| now.duration_since(**at) <= DAY;
        let used = self.bulk.created.iter().filter(recent).count();
        let used = u64::try_from(used).unwrap_or(u64::MAX);
        self.settings.bulk_daily_jobs.saturating_sub(used)
    }

    /// Creates a job.
    pub(crate) fn create_bulk_job(&mut self, request: Request) -> Job {
        let now = self.clock.now();
        let jobs = &mut self.bulk;
        jobs.kept
            .retain(|job| now.duration_since(job.created) <= KEPT);
        jobs.created.retain(|at| now.duration_since(*at) <= DAY);
        jobs.created.push_back(now);
        jobs.count += 1;
        let prefix = KeyPrefix::parse("750");
        let job = Job {
            id: prefix.map_or(Id::ZERO, |prefix| Id::generate(prefix, jobs.count)),
            number: jobs.count,
            request,
            created: now,
            duration: signed(self.settings.bulk_duration),
            fails: false,
            taken: false,
            ending: None,
        };
        jobs.kept.push(job.clone());
        job
    }

    /// Makes a job fail at its end.
    pub(crate) fn doom_bulk_job(&mut self, id: &str) {
        let id = Id::parse(id).unwrap_or(Id::ZERO);
        if let Some(job) = self.bulk.kept.iter_mut().find(|job| job.id == id) {
            job.fails = true;
        }
    }

    /// Whether there is a job whose query must run.
    pub(crate) fn has_bulk_job_due(&self) -> bool {
        !self.settings.bulk_stuck && {
            let now = self.clock.now();
            self.bulk.kept.iter().any(|job| job.is_due(now))
        }
    }

    /// Takes a job whose query must run.
    pub(crate) fn take_bulk_job(&mut self) -> Option<Job> {
        let now = self.clock.now();
        let job = self.bulk.kept.iter_mut().find(|job| job.is_due(now))?;
        job.taken = true;
        Some(job.clone())
    }

    /// Ends a job that has not ended yet. Returns whether there was one.
    pub(crate) fn end_bulk_job(&mut self, id: Id, ending: Ending) -> bool {
        let now = self.clock.now();
        let mut jobs = self.bulk.kept.iter_mut();
        match jobs.find(|job| job.id == id && job.ending.is_none()) {
            Some(job) => {
                job.ending = Some((ending, now));
                true
            }
            None => false,
        }
    }

    /// Deletes a job and its results.
    pub(crate) fn delete_bulk_job(&mut self, id: Id) {
        self.bulk.kept.retain(|job| job.id != id);
    }
}

/// The results of a job, shared with requests that read them.
pub(crate) type Results = Arc<Rows>;

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
