//! Runs listings concurrently. Each page is one job. The job for the next page of a listing is made
//! after the previous page is stored, so the pages of one listing are fetched in order.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::job::{Below, Job};
use super::session::Session;
use super::types::{Kind, Listing};
use super::{entitlements, grants, resources};
use crate::c1z::annotation;
use crate::pb::connector::{Resource, SkipEntitlements, SkipEntitlementsAndGrants, SkipGrants};
use crate::runner::error::{Error, Result};
use crate::trace;

/// The number of resources read from the sink at a time.
const CHUNK: u32 = 256;

/// The source of jobs: a list, or the stored resources, type by type.
pub(super) enum Feed {
    Jobs(Vec<Job>),
    Stored {
        below: Phase,
        kinds: VecDeque<(String, Listing)>,
        after: i64,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    Entitlements,
    Grants,
}

impl Feed {
    pub(super) fn jobs(jobs: Vec<Job>) -> Self {
        Self::Jobs(jobs)
    }

    pub(super) fn entitlements(session: &Session) -> Self {
        Self::stored(session, Phase::Entitlements, |kind| kind.entitlements)
    }

    pub(super) fn grants(session: &Session) -> Self {
        Self::stored(session, Phase::Grants, |kind| kind.grants)
    }

    fn stored(session: &Session, below: Phase, listing: impl Fn(&Kind) -> Listing) -> Self {
        let mut kinds: Vec<_> = session
            .types
            .scheduled
            .iter()
            .map(|(id, kind)| (id.clone(), listing(kind)))
            .filter(|(_, listing)| *listing != Listing::Skipped)
            .collect();
        // Whole types first: they add more jobs, and long listings should not start last.
        kinds.sort_by_key(|(_, listing)| *listing != Listing::TypeScoped);
        Self::Stored {
            below,
            kinds: kinds.into(),
            after: 0,
        }
    }

    /// The next jobs; empty at the end.
    async fn more(&mut self, session: &Session) -> Result<Vec<Job>> {
        let (below, kinds, after) = match self {
            Self::Jobs(jobs) => return Ok(std::mem::take(jobs)),
            Self::Stored {
                below,
                kinds,
                after,
            } => (*below, kinds, after),
        };
        while let Some((kind, listing)) = kinds.front() {
            if *listing == Listing::TypeScoped {
                let job = below.job(Below::whole_type(kind));
                kinds.pop_front();
                return Ok(vec![job]);
            }
            let found = session.context.sink.resources(kind, *after, CHUNK).await?;
            let Some((last, _)) = found.last() else {
                kinds.pop_front();
                *after = 0;
                continue;
            };
            *after = *last;
            let jobs: Vec<_> = found
                .into_iter()
                .filter(|(_, resource)| !below.is_skipped(resource))
                .map(|(_, resource)| below.job(Below::resource(resource)))
                .collect();
            if !jobs.is_empty() {
                return Ok(jobs);
            }
        }
        Ok(Vec::new())
    }
}

impl Phase {
    fn job(self, below: Below) -> Job {
        match self {
            Self::Entitlements => Job::Entitlements(Box::new(below)),
            Self::Grants => Job::Grants(Box::new(below)),
        }
    }

    pub(super) fn is_skipped(self, resource: &Resource) -> bool {
        let marks = &resource.annotations;
        annotation::has::<SkipEntitlementsAndGrants>(marks)
            || match self {
                Self::Entitlements => annotation::has::<SkipEntitlements>(marks),
                Self::Grants => annotation::has::<SkipGrants>(marks),
            }
    }
}

/// Runs the feed's jobs and all jobs that follow from them.
pub(super) async fn drain(session: &Arc<Session>, mut feed: Feed) -> Result<()> {
    let workers = session.context.options.workers.max(1);
    let mut queue = VecDeque::new();
    let mut is_exhausted = false;
    // If it is dropped because of an error, the other workers stop.
    let mut running = JoinSet::new();
    loop {
        while running.len() < workers {
            if queue.is_empty() && !is_exhausted {
                let more = feed.more(session).await?;
                is_exhausted = more.is_empty();
                queue.extend(more);
            }
            let Some(job) = queue.pop_front() else { break };
            let session = Arc::clone(session);
            running.spawn(trace::carried(async move { execute(&session, job).await }));
        }
        let Some(finished) = running.join_next().await else {
            return Ok(());
        };
        let next = finished.map_err(|error| Error::Internal(error.to_string()))??;
        // At the front: listings that have begun are finished first, so the queue stays short.
        for job in next.into_iter().rev() {
            queue.push_front(job);
        }
    }
}

async fn execute(session: &Session, job: Job) -> Result<Vec<Job>> {
    if session.context.retry.cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
    match job {
        Job::Resources(page) => resources::fetch(session, page).await,
        Job::StaticEntitlements(page) => entitlements::fetch_static(session, page).await,
        Job::Entitlements(below) => entitlements::fetch(session, *below).await,
        Job::Grants(below) => grants::fetch(session, *below).await,
    }
}
