//! Runs listings side by side. A page is one job; the next page of a cursor exists only when the
//! one before is stored, so cursors stay sequential and different ones do not.

use std::collections::VecDeque;
use std::sync::Arc;

use prost_types::Any;
use tokio::task::JoinSet;

use super::session::Session;
use super::tokens::advance;
use super::types::{Kind, Listing};
use super::{entitlements, grants, resources};
use crate::c1z::annotation;
use crate::pb::connector::{
    Resource, ResourceId, SkipEntitlements, SkipEntitlementsAndGrants, SkipGrants,
};
use crate::runner::error::{Error, Result};

/// Resources that are read from the sink at a time.
const CHUNK: u32 = 256;

/// One page to fetch.
#[derive(Clone, Debug)]
pub(super) enum Job {
    Resources(resources::Page),
    StaticEntitlements(entitlements::StaticPage),
    Entitlements(Box<Below>),
    Grants(Box<Below>),
}

/// A page of what lies below a resource, or below a whole type.
#[derive(Clone, Debug)]
pub(super) struct Below {
    pub(super) on: Resource,
    pub(super) type_scoped: bool,
    pub(super) token: String,
}

impl Below {
    pub(super) fn resource(on: Resource) -> Self {
        Self {
            on,
            type_scoped: false,
            token: String::new(),
        }
    }

    /// The protocol's stand-in for a whole type.
    fn whole_type(kind: &str) -> Self {
        let id = ResourceId {
            resource_type: kind.into(),
            resource: kind.into(),
            ..<_>::default()
        };
        let on = Resource {
            id: Some(id),
            ..Resource::default()
        };
        Self {
            on,
            type_scoped: true,
            token: String::new(),
        }
    }

    /// For messages, and to tell one listing's tokens from another's.
    pub(super) fn name(&self, of: &str) -> String {
        match &self.on.id {
            Some(id) if self.type_scoped => format!("{of} of type {}", id.resource_type),
            Some(id) => format!("{of} of {}/{}", id.resource_type, id.resource),
            None => of.to_owned(),
        }
    }
}

impl Below {
    /// What follows a page: the next one, given by its token, and the cursors that its annotations
    /// add.
    pub(super) fn go_on(
        self,
        session: &Session,
        of: &str,
        (token, annotations): (String, &[Any]),
        job: fn(Box<Self>) -> Job,
    ) -> Result<Vec<Job>> {
        let mut tokens = Vec::new();
        match advance(of, &self.token, token)? {
            Some(token) => tokens.push(token),
            None => session.finish_action(),
        }
        tokens.extend(session.enqueued.take(of, annotations)?);
        let next = |token| {
            job(Box::new(Self {
                token,
                ..self.clone()
            }))
        };
        Ok(tokens.into_iter().map(next).collect())
    }
}

/// Where jobs come from: a list, or the stored resources of type after type.
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
        // Whole types first: they fan out, and the long ones should not start last.
        kinds.sort_by_key(|(_, listing)| *listing != Listing::TypeScoped);
        Self::Stored {
            below,
            kinds: kinds.into(),
            after: 0,
        }
    }

    /// The next jobs; none when there are no more.
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

/// Runs the feed's jobs and those that they lead to.
pub(super) async fn drain(session: &Arc<Session>, mut feed: Feed) -> Result<()> {
    let workers = session.context.options.workers.max(1);
    let mut queue = VecDeque::new();
    let mut is_exhausted = false;
    // Dropping it on an error ends the other workers.
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
            running.spawn(async move { execute(&session, job).await });
        }
        let Some(finished) = running.join_next().await else {
            return Ok(());
        };
        let next = finished.map_err(|error| Error::Internal(error.to_string()))??;
        // In front of the queue: what is begun is finished first, so the queue stays short.
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
