//! Granting and revoking: what all resource types have in common.
//!
//! A call is checked, waits for its turn, decides by what it reads now or by what the write itself
//! answers, and leaves one line in the log. Nothing that a sync remembers is ever looked at: access
//! that is reported as gone and is not is the worst that a connector can do (defect A1).

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::audit::{self, Entry, Outcome};
use super::context::Context;
use crate::baton::{
    EntitlementId, Error, Grant, GrantId, Granted, Kind, Provisioner, ResourceId, Result, Revoked,
};

mod assignment;
mod change;
mod fallback;
mod membership;
mod refusal;
mod seats;
mod subject;
mod user_field;
mod work;

pub(super) use assignment::Assignments;
pub(super) use membership::Memberships;
pub(super) use user_field::UserField;

use subject::{Shape, Subject};
use work::Work;

/// How one type's entitlement is given and taken.
#[async_trait]
pub(super) trait Rule: Send + Sync {
    /// Which requests make sense at all.
    fn shape(&self) -> &Shape;

    /// Gives it.
    async fn grant(&self, subject: &Subject, work: &mut Work<'_>) -> Result<Done>;

    /// Takes it.
    async fn revoke(&self, subject: &Subject, work: &mut Work<'_>) -> Result<Done>;
}

/// What a rule did.
pub(super) struct Done {
    already: bool,
    grants: Vec<Grant>,
    replaced: Vec<GrantId>,
}

impl Done {
    /// The org is different now.
    fn changed() -> Self {
        Self {
            already: false,
            grants: Vec::new(),
            replaced: Vec::new(),
        }
    }

    /// The org was as it should be.
    fn already() -> Self {
        Self {
            already: true,
            ..Self::changed()
        }
    }

    /// This grant exists.
    fn with(mut self, grant: Grant) -> Self {
        self.grants.push(grant);
        self
    }

    /// This grant is gone because of it.
    fn replacing(mut self, grant: Option<GrantId>) -> Self {
        self.replaced.extend(grant);
        self
    }
}

/// Grants and revokes the entitlement of one resource type.
pub(super) struct Provisioning<R> {
    context: Arc<Context>,
    rule: R,
}

impl<R: Rule> Provisioning<R> {
    pub(super) fn new(context: Arc<Context>, rule: R) -> Self {
        Self { context, rule }
    }

    async fn run(
        &self,
        verb: Verb,
        principal: &ResourceId,
        entitlement: &EntitlementId,
    ) -> Result<(Done, Work<'_>)> {
        let shape = self.rule.shape();
        let subject = Subject::read(shape, verb, principal, entitlement)?;
        let _turn = self.context.turns.take(shape.key(&subject)).await;
        let began = Instant::now();
        let mut work = Work::new(&self.context);
        let mut done = match verb {
            Verb::Grant => self.rule.grant(&subject, &mut work).await,
            Verb::Revoke => self.rule.revoke(&subject, &mut work).await,
        };
        if let Ok(done) = &mut done {
            // After an answer that was lost, "it is there already" may be our own doing.
            done.already &= !work.is_unsure();
        }
        audit::record(&Entry {
            action: verb.as_str(),
            object: shape.object,
            ids: &[&[subject.user, subject.on], work.written()].concat(),
            outcome: outcome(&done, &work),
            began,
            api_calls: work.calls(),
        });
        let is_unsure = work.is_unsure();
        done.map(|done| (done, work))
            .map_err(|error| if is_unsure { error.unsure() } else { error })
    }
}

fn outcome(done: &Result<Done>, work: &Work<'_>) -> Outcome {
    match done {
        Ok(done) if done.already => Outcome::Already,
        Ok(_) => Outcome::Changed,
        Err(_) if work.is_dry_run() => Outcome::DryRun,
        Err(_) if work.is_unsure() => Outcome::Unknown,
        Err(error) if is_passing(error) => Outcome::Failed,
        Err(_) => Outcome::Refused,
    }
}

fn is_passing(error: &Error) -> bool {
    matches!(
        error.kind(),
        Kind::Unavailable | Kind::DeadlineExceeded | Kind::ResourceExhausted
    )
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Grant,
    Revoke,
}

impl Verb {
    fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Revoke => "revoke",
        }
    }
}

#[async_trait]
impl<R: Rule> Provisioner for Provisioning<R> {
    async fn grant(&self, principal: &ResourceId, entitlement: &EntitlementId) -> Result<Granted> {
        let (done, work) = self.run(Verb::Grant, principal, entitlement).await?;
        Ok(Granted {
            grants: done.grants,
            already: done.already,
            replaced: done.replaced,
            quota: work.quota(),
        })
    }

    async fn revoke(&self, principal: &ResourceId, entitlement: &EntitlementId) -> Result<Revoked> {
        let (done, work) = self.run(Verb::Revoke, principal, entitlement).await?;
        Ok(Revoked {
            already: done.already,
            quota: work.quota(),
        })
    }
}
