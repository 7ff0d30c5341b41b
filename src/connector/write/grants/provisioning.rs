//! Granting and revoking: what all resource types have in common.
//!
//! A request is checked, waits for its lock, and is then carried out by the rule of its resource
//! type, which decides by a fresh read or by the answer of the write itself.

use std::sync::Arc;

use async_trait::async_trait;
use tracing::warn;

use super::rule::{Applied, Rule};
use super::target::{Target, Verb};
use crate::baton::{EntitlementId, Granted, Provisioner, Quota, ResourceId, Result, Revoked};
use crate::connector::write::attempt::Attempt;
use crate::connector::write::context::WriteContext;

/// Grants and revokes by `rule`.
pub(in crate::connector) fn provisioner(
    context: &Arc<WriteContext>,
    rule: impl Rule,
) -> Box<dyn Provisioner> {
    Box::new(Provisioning {
        context: Arc::clone(context),
        rule,
    })
}

struct Provisioning<R> {
    context: Arc<WriteContext>,
    rule: R,
}

impl<R: Rule> Provisioning<R> {
    async fn run(
        &self,
        verb: Verb,
        principal: &ResourceId,
        entitlement: &EntitlementId,
    ) -> Result<(Applied, Option<Quota>)> {
        let shape = self.rule.shape();
        let target = Target::read(
            shape,
            |slug| self.rule.has(slug),
            verb,
            principal,
            entitlement,
        )?;
        let _lock = self.context.key_locks.lock(shape.key(&target)).await;
        let mut attempt = Attempt::new(&self.context, verb.as_str(), shape.object);
        attempt.about(target.user);
        attempt.about(target.on);
        let mut applied = match verb {
            Verb::Grant => self.rule.grant(&target, &mut attempt).await,
            Verb::Revoke => self.rule.revoke(&target, &mut attempt).await,
        };
        if let Ok(applied) = &mut applied
            && attempt.is_unsure()
        {
            // After a lost answer, what exists already may be our own doing.
            applied.already = false;
            attempt.changed();
        }
        for warning in applied.iter().flat_map(|applied| &applied.warnings) {
            warn!(sf.id = %target.on, "{warning}");
        }
        let quota = attempt.quota();
        attempt.end(applied).map(|applied| (applied, quota))
    }
}

#[async_trait]
impl<R: Rule> Provisioner for Provisioning<R> {
    async fn grant(&self, principal: &ResourceId, entitlement: &EntitlementId) -> Result<Granted> {
        let (applied, quota) = self.run(Verb::Grant, principal, entitlement).await?;
        Ok(Granted {
            grants: applied.grants,
            already: applied.already,
            replaced: applied.replaced,
            warnings: applied.warnings,
            quota,
        })
    }

    async fn revoke(&self, principal: &ResourceId, entitlement: &EntitlementId) -> Result<Revoked> {
        let (applied, quota) = self.run(Verb::Revoke, principal, entitlement).await?;
        Ok(Revoked {
            already: applied.already,
            quota,
        })
    }
}
