//! `EntitlementsService`: what can be held on a resource.

use tonic::{Request, Response, Status, async_trait};

use super::{Services, listing, respond, wrap};
use crate::baton::Result;
use crate::pb::connector as pb;
use crate::pb::connector::entitlements_service_server::EntitlementsService;
use crate::wire::{entitlement, page, resource, validated};

#[async_trait]
impl EntitlementsService for Services {
    async fn list_entitlements(
        &self,
        request: Request<pb::EntitlementsServiceListEntitlementsRequest>,
    ) -> Result<Response<pb::EntitlementsServiceListEntitlementsResponse>, Status> {
        let request = validated(request)?;
        respond(self.entitlements(request).await)
    }

    async fn list_static_entitlements(
        &self,
        request: Request<pb::EntitlementsServiceListStaticEntitlementsRequest>,
    ) -> Result<Response<pb::EntitlementsServiceListStaticEntitlementsResponse>, Status> {
        let request = validated(request)?;
        respond(self.static_entitlements(request).await)
    }
}

impl Services {
    async fn static_entitlements(
        &self,
        request: pb::EntitlementsServiceListStaticEntitlementsRequest,
    ) -> Result<pb::EntitlementsServiceListStaticEntitlementsResponse> {
        // Hosts ask for every type, and a refusal would end the sync.
        let kind = request.resource_type_id;
        let doing = "error: list static entitlements";
        let syncer = self.registry.syncer(&kind, doing)?;
        let asked = page::request(
            request.page_size,
            &request.page_token,
            &request.active_sync_id,
        )?;
        let page = syncer
            .static_entitlements(&asked)
            .await
            .map_err(wrap("error: listing static entitlements failed"))?;
        let subject = format!("type={kind}");
        let page = listing::progress(page, &asked, "listing static entitlements", &subject)?;
        let row = |row| entitlement::static_entitlement(row, &self.registry);
        let answer = page::answer(page, row)?;
        Ok(pb::EntitlementsServiceListStaticEntitlementsResponse {
            list: answer.list,
            next_page_token: answer.next_page_token,
            annotations: answer.annotations,
        })
    }

    async fn entitlements(
        &self,
        request: pb::EntitlementsServiceListEntitlementsRequest,
    ) -> Result<pb::EntitlementsServiceListEntitlementsResponse> {
        let id = request
            .resource
            .as_ref()
            .and_then(|resource| resource.id.as_ref());
        let syncer = self
            .registry
            .syncer(resource::type_of(id), "error: list entitlements")?;
        listing::is_type_scoped::<pb::TypeScopedEntitlements>(
            &request.annotations,
            request.resource.as_ref(),
            false,
        )?;
        let asked = page::request(
            request.page_size,
            &request.page_token,
            &request.active_sync_id,
        )?;
        let on = resource::read_ref(request.resource, "resource")?;
        let page = syncer
            .entitlements(&on, &asked)
            .await
            .map_err(wrap("error: listing entitlements failed"))?;
        let subject = format!("resource={}", on.id);
        let page = listing::progress(page, &asked, "listing entitlements", &subject)?;
        let answer = page::answer(page, |row| entitlement::entitlement(row, &self.registry))?;
        Ok(pb::EntitlementsServiceListEntitlementsResponse {
            list: answer.list,
            next_page_token: answer.next_page_token,
            annotations: answer.annotations,
        })
    }
}
