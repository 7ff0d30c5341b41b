//! The result of an operation: a line for people, or JSON for programs.

use std::fmt;

use serde_json::{Map, Value, json};
use tonic::Code;

use crate::c1z::annotation;
use crate::pb::connector::create_account_response::Result as Created;
use crate::pb::connector::{
    CreateAccountResponse, DeleteResourceResponse, GrantAlreadyExists, GrantAlreadyRevoked,
    GrantManagerServiceGrantResponse, GrantManagerServiceRevokeResponse, GrantReplaced, Resource,
    ResourceDoesNotExist, ResourceId,
};
use crate::runner::error::Error;

/// How connectors begin the refusal of a write that a dry run holds back.
const DRY_RUN: &str = "dry run: ";

/// What an operation did.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    result: &'static str,
    text: String,
    details: Map<String, Value>,
}

impl fmt::Display for Outcome {
    /// One line, without its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What a connector says may have several lines.
        let mut words = self.text.split_whitespace();
        f.write_str(words.next().unwrap_or_default())?;
        words.try_for_each(|word| write!(f, " {word}"))
    }
}

impl Outcome {
    fn new(result: &'static str, text: impl Into<String>) -> Self {
        Self {
            result,
            text: text.into(),
            details: Map::new(),
        }
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    fn with_resource(self, id: &ResourceId) -> Self {
        self.with("resource_type", id.resource_type.as_str())
            .with("resource", id.resource.as_str())
    }

    /// The result as one JSON object: `result`, `message`, and what the operation adds.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = self.details.clone();
        object.insert("result".into(), json!(self.result));
        object.insert("message".into(), json!(self.to_string()));
        Value::Object(object)
    }

    /// The outcome of a dry run, which connectors report as a refusal that says what they would
    /// have sent. Other errors are returned unchanged.
    pub fn of_dry_run(error: Error) -> Result<Self, Error> {
        let Error::Call { status, .. } = &error else {
            return Err(error);
        };
        match status.message().find(DRY_RUN) {
            Some(at) if status.code() == Code::FailedPrecondition => {
                let text = status.message().get(at..).unwrap_or_default();
                Ok(Self::new("dry_run", text))
            }
            _ => Err(error),
        }
    }

    pub(super) fn granted(
        entitlement: &str,
        principal: &ResourceId,
        reply: &GrantManagerServiceGrantResponse,
    ) -> Self {
        let to = name(principal);
        let replaced: Vec<String> = annotation::all::<GrantReplaced>(&reply.annotations)
            .map(|replaced| replaced.replaced_grant_id)
            .collect();
        let outcome = if annotation::has::<GrantAlreadyExists>(&reply.annotations) {
            Self::new("already", format!("{to} already has {entitlement}"))
        } else if replaced.is_empty() {
            Self::new("done", format!("granted {entitlement} to {to}"))
        } else {
            let lost = replaced.join(", ");
            let text = format!("granted {entitlement} to {to}, in place of {lost}");
            Self::new("done", text).with("replaced", replaced)
        };
        let grants: Vec<&str> = reply.grants.iter().map(|grant| &*grant.id).collect();
        outcome
            .with("entitlement", entitlement)
            .with_resource(principal)
            .with("grants", grants)
    }

    pub(super) fn revoked(grant: &str, reply: &GrantManagerServiceRevokeResponse) -> Self {
        let outcome = if annotation::has::<GrantAlreadyRevoked>(&reply.annotations) {
            Self::new("already", format!("{grant} was already revoked"))
        } else {
            Self::new("done", format!("revoked {grant}"))
        };
        outcome.with("grant", grant)
    }

    pub(super) fn created(reply: CreateAccountResponse) -> Self {
        let (result, resource, text) = match reply.result {
            Some(Created::Success(success)) => ("done", success.resource, "created"),
            Some(Created::AlreadyExists(already)) => {
                ("already", already.resource, "already exists:")
            }
            Some(Created::InProgress(progress)) => {
                ("in_progress", progress.resource, "still being created:")
            }
            Some(Created::ActionRequired(action)) => {
                let text = format!("{}: {}", account(action.resource.as_ref()), action.message);
                return Self::new("action_required", text).with_account(action.resource);
            }
            None => ("done", None, "created"),
        };
        let text = format!("{text} {}", account(resource.as_ref()));
        Self::new(result, text).with_account(resource)
    }

    fn with_account(self, resource: Option<Resource>) -> Self {
        match resource.and_then(|resource| resource.id) {
            Some(id) => self.with_resource(&id),
            None => self,
        }
    }

    pub(super) fn deleted(id: &ResourceId, reply: &DeleteResourceResponse) -> Self {
        let outcome = if annotation::has::<ResourceDoesNotExist>(&reply.annotations) {
            Self::new("already", format!("{} does not exist any more", name(id)))
        } else {
            Self::new("done", format!("deleted {}", name(id)))
        };
        outcome.with_resource(id)
    }

    pub(super) fn rotated(id: &ResourceId) -> Self {
        let text = format!("rotated the credentials of {}", name(id));
        Self::new("done", text).with_resource(id)
    }

    /// `response` is what the action returned.
    pub(super) fn invoked(action: &str, response: Value) -> Self {
        let text = match response.get("summary").and_then(Value::as_str) {
            Some(summary) => format!("{action}: {summary}"),
            None => format!("{action} finished: {response}"),
        };
        Self::new("done", text)
            .with("action", action)
            .with("response", response)
    }
}

fn name(id: &ResourceId) -> String {
    format!("{} {}", id.resource_type, id.resource)
}

fn account(resource: Option<&Resource>) -> String {
    let id = resource.and_then(|resource| resource.id.as_ref());
    id.map_or_else(|| "an account".to_owned(), name)
}
