//! `ResourcesService`: the resources of a type.

use tonic::{Request, Response, Status, async_trait};

use super::{Services, listing, respond, wrap};
use crate::baton::{Page, Result};
use crate::pb::connector as pb;
use crate::pb::connector::resources_service_server::ResourcesService;
use crate::wire::{page, resource, validated};

#[async_trait]
impl ResourcesService for Services {
    async fn list_resources(
        &self,
        request: Request<pb::ResourcesServiceListResourcesRequest>,
    ) -> Result<Response<pb::ResourcesServiceListResourcesResponse>, Status> {
        let request = validated(request)?;
        respond(self.resources(&request).await)
    }
}

impl Services {
    async fn resources(
        &self,
        request: &pb::ResourcesServiceListResourcesRequest,
    ) -> Result<pb::ResourcesServiceListResourcesResponse> {
        let kind = &request.resource_type_id;
        let syncer = self.registry.syncer(kind, "error: list resources")?;
        let asked = page::request(
            request.page_size,
            &request.page_token,
            &request.active_sync_id,
        )?;
        // No resource of ours has a parent, so nothing lies below one.
        let page = if request.parent_resource_id.is_some() {
            Page::last(Vec::new())
        } else {
            syncer
                .list(&asked)
                .await
                .map_err(wrap("error: listing resources failed"))?
        };
        let subject = format!("type={kind}, parent=");
        let page = listing::progress(page, &asked, "listing resources", &subject)?;
        let answer = page::answer(page, resource::resource)?;
        Ok(pb::ResourcesServiceListResourcesResponse {
            list: answer.list,
            next_page_token: answer.next_page_token,
            annotations: answer.annotations,
        })
    }
}
