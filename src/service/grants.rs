//! `GrantsService`: who holds what, per resource or for a whole type at once.

use tonic::{Request, Response, Status, async_trait};

use super::{Services, listing, respond, wrap};
use crate::baton::{GrantScope, Result, TypeMark};
use crate::pb::connector as pb;
use crate::pb::connector::grants_service_server::GrantsService;
use crate::wire::{grant, page, resource, validated};

#[async_trait]
impl GrantsService for Services {
    async fn list_grants(
        &self,
        request: Request<pb::GrantsServiceListGrantsRequest>,
    ) -> Result<Response<pb::GrantsServiceListGrantsResponse>, Status> {
        let request = validated(request)?;
        respond(self.grants(request).await)
    }
}

impl Services {
    async fn grants(
        &self,
        request: pb::GrantsServiceListGrantsRequest,
    ) -> Result<pb::GrantsServiceListGrantsResponse> {
        let id = request
            .resource
            .as_ref()
            .and_then(|resource| resource.id.as_ref());
        let syncer = self
            .registry
            .syncer(resource::type_of(id), "error: list grants")?;
        let whole_type = listing::is_type_scoped::<pb::TypeScopedGrants>(
            &request.annotations,
            request.resource.as_ref(),
            syncer.resource_type().is(TypeMark::TypeScopedGrants),
        )?;
        let asked = page::request(
            request.page_size,
            &request.page_token,
            &request.active_sync_id,
        )?;
        let on = resource::read_ref(request.resource, "resource")?;
        let subject = format!("resource={}", on.id);
        let doing = format!("error: listing grants for resource {} failed", on.id);
        let scope = if whole_type {
            GrantScope::Type
        } else {
            GrantScope::Resource(on)
        };
        let page = syncer.grants(&scope, &asked).await.map_err(wrap(doing))?;
        let page = listing::progress(page, &asked, "listing grants", &subject)?;
        let answer = page::answer(page, grant::grant)?;
        Ok(pb::GrantsServiceListGrantsResponse {
            list: answer.list,
            next_page_token: answer.next_page_token,
            annotations: answer.annotations,
        })
    }
}
