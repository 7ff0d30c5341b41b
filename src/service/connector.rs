//! `ConnectorService`: metadata, the check of credentials, the end of a sync.

use tonic::{Request, Response, Status, async_trait};

use super::{Services, respond, wrap};
use crate::baton::Result;
use crate::pb::SDK_VERSION;
use crate::pb::connector as pb;
use crate::pb::connector::connector_service_server::ConnectorService;
use crate::wire::{annotation, connector, page, validated};

#[async_trait]
impl ConnectorService for Services {
    async fn get_metadata(
        &self,
        request: Request<pb::ConnectorServiceGetMetadataRequest>,
    ) -> Result<Response<pb::ConnectorServiceGetMetadataResponse>, Status> {
        validated(request)?;
        let mut metadata = connector::metadata(&self.registry);
        // Nobody fills in the form if no account can be created.
        if let Some(accounts) = self
            .registry
            .accounts()
            .filter(|_| self.toggles.provisioning)
        {
            let form = accounts.full_schema().await;
            metadata.account_creation_schema = Some(connector::account_form(form));
        }
        respond(Ok(pb::ConnectorServiceGetMetadataResponse {
            metadata: Some(metadata),
        }))
    }

    async fn validate(
        &self,
        request: Request<pb::ConnectorServiceValidateRequest>,
    ) -> Result<Response<pb::ConnectorServiceValidateResponse>, Status> {
        validated(request)?;
        let attempt = || self.registry.connector().validate();
        let checked = self.backoffs.validate.repeat(&self.stopping, attempt).await;
        respond(checked.map_err(wrap("validate failed")).map(|found| {
            for warning in &found.warnings {
                tracing::warn!(warning, "the connector will not do everything");
            }
            pb::ConnectorServiceValidateResponse {
                annotations: annotation::quota(found.quota)
                    .into_iter()
                    .chain(annotation::warnings(&found.warnings))
                    .collect(),
                sdk_version: SDK_VERSION.to_owned(),
            }
        }))
    }

    async fn cleanup(
        &self,
        request: Request<pb::ConnectorServiceCleanupRequest>,
    ) -> Result<Response<pb::ConnectorServiceCleanupResponse>, Status> {
        let request = validated(request)?;
        let sync = match page::sync_id(&request.active_sync_id) {
            Ok(sync) => sync,
            Err(error) => return respond(Err(error)),
        };
        let left_out = self.registry.connector().cleanup(sync.as_ref()).await;
        respond(Ok(pb::ConnectorServiceCleanupResponse {
            annotations: annotation::warnings(&left_out).into_iter().collect(),
        }))
    }
}
