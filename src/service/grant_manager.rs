//! `GrantManagerService`: granting and revoking.
//!
//! Who does it is decided by the type of the entitlement's resource, never by the principal's.

use std::sync::atomic::{AtomicBool, Ordering};

use tonic::{Request, Response, Status, async_trait};

use super::{Services, respond, wrap};
use crate::baton::{Error, Granted, Provisioner, Result, Revoked};
use crate::pb::connector as pb;
use crate::pb::connector::grant_manager_service_server::GrantManagerService;
use crate::wire::grant::{self, Subject};
use crate::wire::{entitlement, validated};

#[async_trait]
impl GrantManagerService for Services {
    async fn grant(
        &self,
        request: Request<pb::GrantManagerServiceGrantRequest>,
    ) -> Result<Response<pb::GrantManagerServiceGrantResponse>, Status> {
        let request = validated(request)?;
        respond(self.accept_grant(request).await.map(grant::granted))
    }

    async fn revoke(
        &self,
        request: Request<pb::GrantManagerServiceRevokeRequest>,
    ) -> Result<Response<pb::GrantManagerServiceRevokeResponse>, Status> {
        let request = validated(request)?;
        respond(self.accept_revoke(request).await.map(grant::revoked))
    }
}

impl Services {
    async fn accept_grant(&self, request: pb::GrantManagerServiceGrantRequest) -> Result<Granted> {
        self.require_provisioning()?;
        let kind = entitlement::type_of(request.entitlement.as_ref()).to_owned();
        self.provisioner(&kind)?;
        let subject = grant::read_grant(request)?;
        let this = self.clone();
        self.to_the_end(async move { this.grant_now(&kind, &subject).await })
            .await
            .map_err(wrap("grant failed"))
    }

    async fn accept_revoke(
        &self,
        request: pb::GrantManagerServiceRevokeRequest,
    ) -> Result<Revoked> {
        self.require_provisioning()?;
        let grant = request.grant.as_ref();
        let kind =
            entitlement::type_of(grant.and_then(|grant| grant.entitlement.as_deref())).to_owned();
        self.provisioner(&kind)?;
        let subject = grant::read_revoke(request)?;
        let this = self.clone();
        self.to_the_end(async move { this.revoke_now(&kind, &subject).await })
            .await
            .map_err(wrap("revoke failed"))
    }

    async fn grant_now(&self, kind: &str, subject: &Subject) -> Result<Granted> {
        let provisioner = self.provisioner(kind)?;
        let attempt = || provisioner.grant(&subject.principal, &subject.entitlement);
        let (mut granted, is_unsure) = self.persist(attempt).await?;
        granted.already &= !is_unsure;
        Ok(granted)
    }

    async fn revoke_now(&self, kind: &str, subject: &Subject) -> Result<Revoked> {
        let provisioner = self.provisioner(kind)?;
        let attempt = || provisioner.revoke(&subject.principal, &subject.entitlement);
        let (mut revoked, is_unsure) = self.persist(attempt).await?;
        revoked.already &= !is_unsure;
        Ok(revoked)
    }

    /// Attempts a change until it works, and tells whether an earlier attempt may have made it.
    /// Then "already granted" would be wrong: the host would think that somebody else did it.
    async fn persist<T, F>(&self, attempt: impl Fn() -> F) -> Result<(T, bool)>
    where
        F: Future<Output = Result<T>>,
    {
        let is_unsure = AtomicBool::new(false);
        let watched = || async {
            let done = attempt().await;
            if done.as_ref().is_err_and(Error::is_unsure) {
                is_unsure.store(true, Ordering::Relaxed);
            }
            done
        };
        let backoff = &self.backoffs.provisioning;
        let done = backoff.repeat(&self.stopping, watched).await?;
        Ok((done, is_unsure.into_inner()))
    }

    fn provisioner(&self, kind: &str) -> Result<&dyn Provisioner> {
        self.registry
            .find(kind)
            .and_then(|syncer| syncer.provisioner())
            .ok_or_else(|| {
                Error::unimplemented(format!(
                    "resource type {kind} does not have provisioner configured"
                ))
            })
    }
}
