//! `ResourceManagerService` and `ResourceDeleterService`: nothing is created through them, and both
//! ways to delete do the same.

use prost_types::Any;
use tonic::{Request, Response, Status, async_trait};

use super::{Services, respond, wrap};
use crate::baton::{Error, Result};
use crate::pb::connector as pb;
use crate::pb::connector::resource_deleter_service_server::ResourceDeleterService;
use crate::pb::connector::resource_manager_service_server::ResourceManagerService;
use crate::wire::{annotation, resource, validated};

#[async_trait]
impl ResourceManagerService for Services {
    async fn create_resource(
        &self,
        request: Request<pb::CreateResourceRequest>,
    ) -> Result<Response<pb::CreateResourceResponse>, Status> {
        let request = validated(request)?;
        let id = request
            .resource
            .as_ref()
            .and_then(|resource| resource.id.as_ref());
        let kind = resource::type_of(id);
        respond(self.require_provisioning().and_then(|()| {
            Err(Error::unimplemented(format!(
                "resource type {kind} does not have resource Create() configured"
            )))
        }))
    }

    async fn delete_resource(
        &self,
        request: Request<pb::DeleteResourceRequest>,
    ) -> Result<Response<pb::DeleteResourceResponse>, Status> {
        let request = validated(request)?;
        let annotations = self.delete(request.resource_id).await;
        respond(annotations.map(|annotations| pb::DeleteResourceResponse { annotations }))
    }
}

#[async_trait]
impl ResourceDeleterService for Services {
    async fn delete_resource_v2(
        &self,
        request: Request<pb::DeleteResourceV2Request>,
    ) -> Result<Response<pb::DeleteResourceV2Response>, Status> {
        let request = validated(request)?;
        let annotations = self.delete(request.resource_id).await;
        respond(annotations.map(|annotations| pb::DeleteResourceV2Response { annotations }))
    }
}

impl Services {
    async fn delete(&self, id: Option<pb::ResourceId>) -> Result<Vec<Any>> {
        self.require_provisioning()?;
        let kind = resource::type_of(id.as_ref()).to_owned();
        let missing = move || {
            Error::unimplemented(format!(
                "resource type {kind} does not have resource Delete() configured"
            ))
        };
        let kind = resource::type_of(id.as_ref()).to_owned();
        if self
            .registry
            .find(&kind)
            .and_then(|syncer| syncer.deleter())
            .is_none()
        {
            return Err(missing());
        }
        let id = resource::read_id(id, "resource_id")?;
        let registry = self.registry.clone();
        let deletion = async move {
            let deleter = registry.find(&kind).and_then(|syncer| syncer.deleter());
            deleter.ok_or_else(missing)?.delete(&id).await
        };
        let deleted = self
            .to_the_end(deletion)
            .await
            .map_err(wrap("error: delete resource failed"))?;
        let gone = deleted
            .already
            .then(|| annotation::pack(&pb::ResourceDoesNotExist {}));
        Ok(gone
            .into_iter()
            .chain(annotation::quota(deleted.quota))
            .collect())
    }
}
