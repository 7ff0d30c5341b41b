//! `ResourceGetterService`: one resource, for targeted syncs.

use tonic::{Request, Response, Status, async_trait};

use super::{Services, respond, wrap};
use crate::baton::{Error, Result};
use crate::pb::connector as pb;
use crate::pb::connector::resource_getter_service_server::ResourceGetterService;
use crate::wire::{annotation, page, resource, validated};

#[async_trait]
impl ResourceGetterService for Services {
    async fn get_resource(
        &self,
        request: Request<pb::ResourceGetterServiceGetResourceRequest>,
    ) -> Result<Response<pb::ResourceGetterServiceGetResourceResponse>, Status> {
        let request = validated(request)?;
        respond(self.resource(request).await)
    }
}

impl Services {
    async fn resource(
        &self,
        request: pb::ResourceGetterServiceGetResourceRequest,
    ) -> Result<pb::ResourceGetterServiceGetResourceResponse> {
        let kind = resource::type_of(request.resource_id.as_ref());
        // Hosts skip the resource on this code; an unknown type is no reason to end a sync.
        let syncer = self.registry.find(kind).ok_or_else(|| {
            Error::unimplemented(format!(
                "error: get resource with unknown resource type {kind}"
            ))
        })?;
        let call = page::call(&request.active_sync_id)?;
        let id = resource::read_id(request.resource_id, "resource_id")?;
        let page = syncer
            .get(&id, &call)
            .await
            .map_err(wrap("error: get resource failed"))?;
        let found = page.items.into_iter().next().ok_or_else(|| {
            Error::not_found(format!("error: get resource failed: there is no {id}"))
        })?;
        Ok(pb::ResourceGetterServiceGetResourceResponse {
            resource: Some(resource::resource(found)),
            annotations: annotation::quotas(page.quota),
        })
    }
}
