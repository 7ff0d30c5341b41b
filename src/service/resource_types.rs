//! `ResourceTypesService`: all types in one page, as hosts expect.

use tonic::{Request, Response, Status, async_trait};

use super::{Services, respond};
use crate::baton::{Error, ResourceSyncer, Result};
use crate::pb::connector as pb;
use crate::pb::connector::resource_types_service_server::ResourceTypesService;
use crate::wire::{resource, validated};

#[async_trait]
impl ResourceTypesService for Services {
    async fn list_resource_types(
        &self,
        request: Request<pb::ResourceTypesServiceListResourceTypesRequest>,
    ) -> Result<Response<pb::ResourceTypesServiceListResourceTypesResponse>, Status> {
        validated(request)?;
        let types = self.registry.syncers().map(ResourceSyncer::resource_type);
        let list: Vec<_> = types.map(resource::resource_type).collect();
        if list.is_empty() {
            return respond(Err(Error::precondition("no resource builders found")));
        }
        respond(Ok(pb::ResourceTypesServiceListResourceTypesResponse {
            list,
            ..Default::default()
        }))
    }
}
