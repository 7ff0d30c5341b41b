//! `ActionService`: named operations. It works with provisioning off.
//!
//! A failed action is not a failed call: the answer says FAILED, and its response carries `error`.

use tonic::{Request, Response, Status, async_trait};

use super::runs::Report;
use super::{Services, respond};
use crate::baton::{Error, Result};
use crate::pb::connector as pb;
use crate::pb::connector::action_service_server::ActionService;
use crate::wire::value::{from_struct, to_struct};
use crate::wire::{action, annotation, validated};

#[async_trait]
impl ActionService for Services {
    async fn list_action_schemas(
        &self,
        request: Request<pb::ListActionSchemasRequest>,
    ) -> Result<Response<pb::ListActionSchemasResponse>, Status> {
        let request = validated(request)?;
        // All actions are global; no type has actions of its own.
        let schemas = if request.resource_type_id.is_empty() {
            self.registry
                .actions()
                .map(|known| action::schema(known.schema()))
                .collect()
        } else {
            Vec::new()
        };
        respond(Ok(pb::ListActionSchemasResponse {
            schemas,
            annotations: Vec::new(),
        }))
    }

    async fn get_action_schema(
        &self,
        request: Request<pb::GetActionSchemaRequest>,
    ) -> Result<Response<pb::GetActionSchemaResponse>, Status> {
        let name = validated(request)?.name;
        respond(match self.registry.action(&name) {
            Some(known) => Ok(pb::GetActionSchemaResponse {
                schema: Some(action::schema(known.schema())),
                annotations: Vec::new(),
            }),
            None => Err(Error::not_found(format!(
                "error: action schema {name} not found: rpc error: code = NotFound desc = action \
                 {name} not found"
            ))),
        })
    }

    async fn invoke_action(
        &self,
        request: Request<pb::InvokeActionRequest>,
    ) -> Result<Response<pb::InvokeActionResponse>, Status> {
        let request = validated(request)?;
        respond(self.invoke(request).await)
    }

    async fn get_action_status(
        &self,
        request: Request<pb::GetActionStatusRequest>,
    ) -> Result<Response<pb::GetActionStatusResponse>, Status> {
        let id = validated(request)?.id;
        respond(match self.runs.report(&id) {
            Some(report) => Ok(pb::GetActionStatusResponse {
                name: report.name.to_owned(),
                id,
                status: report.status.into(),
                annotations: annotation::quotas(report.quota),
                response: report.response.map(to_struct),
            }),
            None => Err(Error::not_found(format!(
                "error: action status for id {id} not found: rpc error: code = NotFound desc = \
                 action id {id} not found"
            ))),
        })
    }
}

impl Services {
    async fn invoke(&self, request: pb::InvokeActionRequest) -> Result<pb::InvokeActionResponse> {
        let pb::InvokeActionRequest {
            name,
            args,
            resource_type_id: kind,
            inline_wait,
            ..
        } = request;
        let refuse = |why: String| {
            Err(Error::not_found(format!(
                "error: invoking action failed: rpc error: code = NotFound desc = {why}"
            )))
        };
        if !kind.is_empty() {
            return refuse(format!("no actions found for resource type {kind}"));
        }
        let Some(known) = self.registry.action(&name) else {
            return refuse(format!("handler for action {name} not found"));
        };
        let run = self
            .runs
            .start(known, args.map(from_struct).unwrap_or_default())?;
        let Report {
            id,
            name,
            status,
            response,
            quota,
        } = run.wait(action::inline_wait(inline_wait)).await?;
        Ok(pb::InvokeActionResponse {
            id,
            status: status.into(),
            annotations: annotation::quotas(quota),
            response: response.map(to_struct),
            name: name.to_owned(),
        })
    }
}
