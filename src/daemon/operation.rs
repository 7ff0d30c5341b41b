//! The tasks that are one call to the connector.

use prost::{Message, Name};
use prost_types::value::Kind;
use prost_types::{Any, Struct};
use tonic::Code;

use super::connector::Connector;
use super::outcome::Outcome;
use crate::c1z::annotation;
use crate::pb::connector::{
    BatonActionStatus, CreateAccountRequest, CreateResourceRequest, DeleteResourceRequest,
    GetActionSchemaRequest, GetActionStatusRequest, GrantManagerServiceGrantRequest,
    GrantManagerServiceRevokeRequest, InvokeActionRequest, IssueCredentialRequest,
    ListActionSchemasRequest, ListEventFeedsRequest, ListEventsRequest, RotateCredentialRequest,
    TicketsServiceBulkCreateTicketsRequest, TicketsServiceBulkGetTicketsRequest,
    TicketsServiceCreateTicketRequest, TicketsServiceGetTicketRequest,
    TicketsServiceListTicketSchemasRequest,
};
use crate::pb::platform::task::{self, TaskType};
use crate::runner::Call;

/// Does a task, which has the id `id`.
pub(super) async fn perform(connector: &Connector, id: &str, task: TaskType) -> Outcome {
    match task {
        TaskType::Grant(task) => change(connector, "granting", grant(task)).await,
        TaskType::Revoke(task) => change(connector, "revoking", revoke(task)).await,
        TaskType::CreateAccount(task) => {
            change(connector, "creating an account", create_account(task)).await
        }
        TaskType::CreateResource(task) => {
            let request = CreateResourceRequest {
                resource: task.resource,
            };
            change(connector, "creating a resource", request).await
        }
        TaskType::DeleteResource(task) => {
            let request = DeleteResourceRequest {
                resource_id: task.resource_id,
                parent_resource_id: task.parent_resource_id,
            };
            change(connector, "deleting a resource", request).await
        }
        TaskType::RotateCredentials(task) => {
            let request = RotateCredentialRequest {
                resource_id: task.resource_id,
                credential_options: task.credential_options,
                encryption_configs: task.encryption_configs,
            };
            change(connector, "rotating credentials", request).await
        }
        TaskType::IssueCredential(task) => {
            let request = IssueCredentialRequest {
                identity_id: task.identity_id,
                credential_options: task.credential_options,
                encryption_configs: task.encryption_configs,
                request_id: id.to_owned(),
                expires_at: task.expires_at,
            };
            change(connector, "issuing a credential", request).await
        }
        other => consult(connector, other).await,
    }
}

/// Events and actions.
async fn consult(connector: &Connector, task: TaskType) -> Outcome {
    match task {
        TaskType::ListEventFeeds(task) => {
            let request = ListEventFeedsRequest {
                annotations: task.annotations,
            };
            ask(connector, "listing event feeds", request).await
        }
        TaskType::ListEvents(task) => ask(connector, "listing events", list_events(task)).await,
        TaskType::ActionListSchemas(task) => {
            let request = ListActionSchemasRequest {
                annotations: task.annotations,
                resource_type_id: task.resource_type_id,
            };
            ask(connector, "listing actions", request).await
        }
        TaskType::ActionGetSchema(task) => {
            let request = GetActionSchemaRequest {
                name: task.name,
                annotations: task.annotations,
            };
            ask(connector, "describing an action", request).await
        }
        TaskType::ActionInvoke(task) => invoke(connector, task).await,
        TaskType::ActionStatus(task) => ask(connector, "asking for an action", status(task)).await,
        other => tickets(connector, other).await,
    }
}

/// Tickets, and types that are no task for a connector.
async fn tickets(connector: &Connector, task: TaskType) -> Outcome {
    match task {
        TaskType::CreateTicketTask(task) => {
            change(connector, "creating a ticket", create_ticket(task)).await
        }
        TaskType::GetTicket(task) => ask(connector, "getting a ticket", get_ticket(task)).await,
        TaskType::ListTicketSchemas(task) => {
            let request = TicketsServiceListTicketSchemasRequest {
                annotations: task.annotations,
                ..TicketsServiceListTicketSchemasRequest::default()
            };
            ask(connector, "listing ticket schemas", request).await
        }
        TaskType::BulkCreateTickets(task) => {
            let requests = task.ticket_requests.into_iter();
            let request = TicketsServiceBulkCreateTicketsRequest {
                ticket_requests: requests.map(create_ticket).collect(),
            };
            change(connector, "creating tickets", request).await
        }
        TaskType::BulkGetTickets(task) => {
            let requests = task.ticket_requests.into_iter();
            let request = TicketsServiceBulkGetTicketsRequest {
                ticket_requests: requests.map(get_ticket).collect(),
            };
            ask(connector, "getting tickets", request).await
        }
        other => Outcome::refused(
            Code::Unimplemented,
            format!(
                "this connector does not do tasks of the type {}",
                name(&other)
            ),
        ),
    }
}

/// A call that changes nothing: another try may succeed.
async fn ask<C: Call>(connector: &Connector, doing: &'static str, request: C) -> Outcome
where
    C::Reply: Message + Name,
{
    match Box::pin(connector.call(doing, request)).await {
        Ok(reply) => Outcome::answered(&reply, C::annotations(&reply).unwrap_or_default()),
        Err(error) => Outcome::of_error(&error),
    }
}

/// A call that changes something. Like the SDK's daemon, a failure is final: the platform asks people
/// before it tries once more.
async fn change<C: Call>(connector: &Connector, doing: &'static str, request: C) -> Outcome
where
    C::Reply: Message + Name,
{
    ask(connector, doing, request).await.finally()
}

/// An action that failed fails its task.
async fn invoke(connector: &Connector, task: task::ActionInvokeTask) -> Outcome {
    let request = InvokeActionRequest {
        name: task.name,
        args: task.args,
        annotations: task.annotations,
        resource_type_id: task.resource_type_id,
        ..InvokeActionRequest::default()
    };
    match Box::pin(connector.call("invoking an action", request)).await {
        Ok(reply) if reply.status() == BatonActionStatus::Failed => {
            let why = reply.response.as_ref().and_then(reason);
            let failed = Outcome::failed(Code::Unknown, why.unwrap_or("the action failed"));
            with_response(failed, annotation::pack(&reply))
        }
        Ok(reply) => Outcome::answered(&reply, &[]),
        Err(error) => Outcome::of_error(&error),
    }
}

/// The text `error` of a failed action's result.
fn reason(response: &Struct) -> Option<&str> {
    match response.fields.get("error")?.kind.as_ref()? {
        Kind::StringValue(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn with_response(outcome: Outcome, said: Any) -> Outcome {
    match outcome {
        Outcome::Failed {
            status, is_final, ..
        } => Outcome::Failed {
            status,
            is_final,
            response: Some(said),
        },
        done @ Outcome::Done { .. } => done,
    }
}

fn grant(task: task::GrantTask) -> GrantManagerServiceGrantRequest {
    GrantManagerServiceGrantRequest {
        entitlement: task.entitlement,
        principal: task.principal,
        annotations: task.annotations,
    }
}

fn revoke(task: task::RevokeTask) -> GrantManagerServiceRevokeRequest {
    GrantManagerServiceRevokeRequest {
        grant: task.grant,
        annotations: task.annotations,
    }
}

fn create_account(task: task::CreateAccountTask) -> CreateAccountRequest {
    CreateAccountRequest {
        account_info: task.account_info,
        credential_options: task.credential_options,
        encryption_configs: task.encryption_configs,
        resource_type_id: task.resource_type_id,
    }
}

fn list_events(task: task::ListEventsTask) -> ListEventsRequest {
    ListEventsRequest {
        cursor: task.cursor,
        start_at: task.start_at,
        page_size: task.page_size,
        annotations: task.annotations,
        event_feed_id: task.event_feed_id,
    }
}

fn status(task: task::ActionStatusTask) -> GetActionStatusRequest {
    #[expect(deprecated, reason = "the platform still names the action")]
    GetActionStatusRequest {
        name: task.name,
        id: task.id,
        annotations: task.annotations,
    }
}

fn create_ticket(task: task::CreateTicketTask) -> TicketsServiceCreateTicketRequest {
    TicketsServiceCreateTicketRequest {
        request: task.ticket_request,
        schema: task.ticket_schema,
        annotations: task.annotations,
    }
}

fn get_ticket(task: task::GetTicketTask) -> TicketsServiceGetTicketRequest {
    TicketsServiceGetTicketRequest {
        id: task.ticket_id,
        annotations: task.annotations,
    }
}

/// What a task is called in logs and metrics: its name in the contract.
pub(super) fn name(task: &TaskType) -> &'static str {
    match task {
        TaskType::None(_) => "none",
        TaskType::Hello(_) => "hello",
        TaskType::SyncFull(_) => "sync_full",
        TaskType::Grant(_) => "grant",
        TaskType::Revoke(_) => "revoke",
        TaskType::CreateAccount(_) => "create_account",
        TaskType::CreateResource(_) => "create_resource",
        TaskType::DeleteResource(_) => "delete_resource",
        TaskType::RotateCredentials(_) => "rotate_credentials",
        TaskType::EventFeed(_) => "event_feed",
        TaskType::CreateTicketTask(_) => "create_ticket",
        TaskType::ListTicketSchemas(_) => "list_ticket_schemas",
        TaskType::GetTicket(_) => "get_ticket",
        TaskType::BulkCreateTickets(_) => "bulk_create_tickets",
        TaskType::BulkGetTickets(_) => "bulk_get_tickets",
        TaskType::ActionListSchemas(_) => "action_list_schemas",
        TaskType::ActionGetSchema(_) => "action_get_schema",
        TaskType::ActionInvoke(_) => "action_invoke",
        TaskType::ActionStatus(_) => "action_status",
        TaskType::CreateSyncDiff(_) => "create_sync_diff",
        TaskType::CompactSyncs(_) => "compact_syncs",
        TaskType::ListEventFeeds(_) => "list_event_feeds",
        TaskType::ListEvents(_) => "list_events",
        TaskType::IssueCredential(_) => "issue_credential",
    }
}
