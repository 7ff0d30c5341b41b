//! SCIM 2.0 at `/services/scim/v2`, a second door to the same users, groups and permission sets. It
//! follows RFC 7643 and RFC 7644 except where Salesforce does not. Sources: Salesforce Help, "SCIM
//! and REST API Reference Sheet", "Manage Users with SCIM", "Manage Groups with SCIM".

use serde_json::Value;

use super::call::Call;
use super::context::RequestContext;
use super::reply::Reply;
use super::shared::Shared;
use crate::org::Caller;
use crate::org::id::Id;
use crate::org::schema::NEWEST_VERSION;

mod attributes;
mod body;
mod change;
mod discovery;
mod entitlements;
mod error;
mod filter;
mod groups;
mod list;
mod person;
mod roles;
mod users;

use error::ScimError;

const CORE_USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const CORE_GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTITLEMENT: &str = "urn:salesforce:schemas:extension:1.0:Entitlement";
const ROLE: &str = "urn:salesforce:schemas:extension:1.0:Role";
/// Attributes of users that SCIM does not have.
const USER_EXTENSION: &str = "urn:salesforce:schemas:extension:1.0";
const CONTENT_TYPE: &str = "application/scim+json;charset=UTF-8";

/// What the object of a resource type is in REST, for the fault plan and the log.
pub(super) fn object_of(segment: &str) -> Option<&'static str> {
    match segment {
        "Users" | "Me" => Some("User"),
        "Groups" => Some("Group"),
        "Entitlements" => Some("PermissionSet"),
        "Roles" => Some("UserRole"),
        _ => None,
    }
}

/// Answers requests below `/services/scim`.
pub(super) fn handle(shared: &Shared, call: &Call, user: &str) -> Reply {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let context = RequestContext {
        shared,
        caller: Caller {
            user: Id::parse(user).unwrap_or(Id::ZERO),
            version: NEWEST_VERSION,
        },
    };
    let ["services", "scim", "v2", rest @ ..] = parts.as_slice() else {
        return unknown_path();
    };
    let result = match rest {
        ["ServiceProviderConfigs"] => discovery::capabilities(call),
        ["Schemas"] => discovery::schemas(context, call, None),
        ["Schemas", urn] => discovery::schemas(context, call, Some(urn)),
        ["ResourceTypes"] => discovery::resource_types(context, call, None),
        ["ResourceTypes", name] => discovery::resource_types(context, call, Some(name)),
        ["Users"] => users::all(context, call),
        ["Users", id] => users::single(context, call, id),
        ["Me"] => users::me(context, call),
        ["Groups"] => groups::all(context, call),
        ["Groups", id] => groups::single(context, call, id),
        ["Entitlements"] => entitlements::all(context, call),
        ["Entitlements", id] => entitlements::single(context, call, id),
        ["Roles"] => roles::all(context, call),
        ["Roles", id] => roles::single(context, call, id),
        _ => return unknown_path(),
    };
    result.unwrap_or_else(Reply::from)
}

fn unknown_path() -> Reply {
    let mut reply = Reply::from(ScimError::new(404, "The requested resource does not exist"));
    reply.known = false;
    reply
}

/// A SCIM response.
fn reply(status: u16, body: &Value) -> Reply {
    Reply::text(status, CONTENT_TYPE, body.to_string())
}

/// The URL of a resource.
fn location(context: RequestContext<'_>, path: &str) -> String {
    format!("{}/services/scim/v2/{path}", context.shared.base)
}

/// Fails unless the request only reads.
fn only_get(call: &Call) -> Result<(), ScimError> {
    if call.method == "GET" {
        Ok(())
    } else {
        Err(not_allowed(call))
    }
}

fn not_allowed(call: &Call) -> ScimError {
    let text = format!("HTTP Method '{}' not allowed.", call.method);
    ScimError::new(405, text).coded("METHOD_NOT_ALLOWED")
}
