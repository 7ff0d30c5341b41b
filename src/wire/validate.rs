//! Checks a request against the contract's rules, before anything else looks at it.
//!
//! The walk is generic: it visits the request's fields by reflection and asks [`super::rules`] for
//! each. Requests are small, so that reading them a second time costs a few microseconds.

use std::fmt;
use std::sync::LazyLock;

use prost::{Message, Name};
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, MessageDescriptor, ReflectMessage as _, Value,
};
use tonic::{Request, Status};

use super::rule::Refusal;
use super::{rules, status};
use crate::baton::Error;
use crate::pb::FILE_DESCRIPTOR_SET;

/// If the set cannot be decoded, which would be a bug of the build, every request is refused.
static POOL: LazyLock<Option<DescriptorPool>> =
    LazyLock::new(|| DescriptorPool::decode(FILE_DESCRIPTOR_SET).ok());

/// The message of a request, if it keeps the contract's rules.
pub fn validated<M: Message + Name>(request: Request<M>) -> Result<M, Status> {
    let message = request.into_inner();
    check(&message).map_err(|error| status(&error))?;
    Ok(message)
}

/// Checks a message and all messages in it; the first breach is the answer.
pub fn check<M: Message + Name>(message: &M) -> Result<(), Error> {
    let kind = POOL
        .as_ref()
        .and_then(|pool| pool.get_message_by_name(&M::full_name()))
        .ok_or_else(|| Error::internal(format!("{} is not in the contract", M::full_name())))?;
    let dynamic = DynamicMessage::decode(kind, message.encode_to_vec().as_slice())
        .map_err(|error| Error::internal("reading a request again").because(error))?;
    walk(&dynamic).map_err(|breach| Error::invalid(breach.to_string()))
}

/// A breach of a rule, in the words of protoc-gen-validate.
struct Breach {
    message: String,
    field: String,
    reason: String,
    cause: Option<String>,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid {}.{}: {}",
            self.message, self.field, self.reason
        )?;
        self.cause
            .iter()
            .try_for_each(|cause| write!(f, " | caused by: {cause}"))
    }
}

fn walk(message: &DynamicMessage) -> Result<(), Breach> {
    let kind = message.descriptor();
    // Google's own messages carry no rules.
    if kind.package_name() == "google.protobuf" {
        return Ok(());
    }
    kind.fields()
        .try_for_each(|field| visit(message, &kind, &field))
}

fn visit(
    message: &DynamicMessage,
    kind: &MessageDescriptor,
    field: &FieldDescriptor,
) -> Result<(), Breach> {
    let present = message.has_field(field);
    // A choice that was not made has no rules.
    if field.containing_oneof().is_some() && !present {
        return Ok(());
    }
    let value = message.get_field(field);
    for rule in rules::of(kind.full_name(), field.name()) {
        rule.check(&value, &field.kind(), present)
            .map_err(|refusal| Breach::of(kind, field, refusal))?;
    }
    let inside = |place: String, value: &Value| match value {
        Value::Message(inner) => walk(inner).map_err(|cause| Breach {
            message: go_type(kind),
            field: format!("{}{place}", go_field(field.name())),
            reason: "embedded message failed validation".to_owned(),
            cause: Some(cause.to_string()),
        }),
        _ => Ok(()),
    };
    match value.as_ref() {
        Value::Message(_) if present => inside(String::new(), &value),
        Value::List(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(at, item)| inside(format!("[{at}]"), item)),
        Value::Map(entries) => entries
            .iter()
            .try_for_each(|(key, item)| inside(format!("[{}]", map_key(key)), item)),
        _ => Ok(()),
    }
}

impl Breach {
    fn of(kind: &MessageDescriptor, field: &FieldDescriptor, refusal: Refusal) -> Self {
        let place = refusal
            .index
            .map(|at| format!("[{at}]"))
            .unwrap_or_default();
        Self {
            message: go_type(kind),
            field: format!("{}{place}", go_field(field.name())),
            reason: refusal.reason,
            cause: refusal.cause,
        }
    }
}

fn map_key(key: &prost_reflect::MapKey) -> String {
    key.as_str()
        .map_or_else(|| format!("{key:?}"), str::to_owned)
}

/// `c1.connector.v2.CredentialOptions.SSO` is `CredentialOptions_SSO` in Go.
fn go_type(kind: &MessageDescriptor) -> String {
    let package = kind.package_name();
    let name = kind
        .full_name()
        .strip_prefix(package)
        .unwrap_or(kind.full_name());
    name.trim_start_matches('.').replace('.', "_")
}

/// `resource_type_id` is `ResourceTypeId` in Go.
fn go_field(name: &str) -> String {
    let mut go = String::with_capacity(name.len());
    for word in name.split('_') {
        let mut letters = word.chars();
        go.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        go.push_str(letters.as_str());
    }
    go
}

#[cfg(test)]
mod tests;
