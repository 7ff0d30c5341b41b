//! Reads the bodies of requests.

use serde_json::{Map, Value};

use super::error::ScimError;
use crate::http::call::Call;
use crate::org::id::Id;

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// An operation of a PATCH.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) kind: Kind,
    pub(super) path: Option<String>,
    pub(super) value: Value,
}

/// What an operation does. Its name can be written in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Add,
    Replace,
    Remove,
}

/// Parses a resource, whose `schemas` must name this one.
pub(super) fn resource(call: &Call, schema: &str) -> Result<Map<String, Value>, ScimError> {
    object(call, schema)
}

/// Parses the operations of a PATCH.
pub(super) fn operations(call: &Call) -> Result<Vec<Operation>, ScimError> {
    let body = object(call, PATCH_OP)?;
    let list = body.get("Operations").and_then(Value::as_array);
    let list = list.filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| syntax("The request has no Operations."))?;
    list.iter().map(operation).collect()
}

fn operation(json: &Value) -> Result<Operation, ScimError> {
    let kind = json.get("op").and_then(Value::as_str).unwrap_or_default();
    let kind = match kind.to_lowercase().as_str() {
        "add" => Kind::Add,
        "replace" => Kind::Replace,
        "remove" => Kind::Remove,
        _ => return Err(syntax(&format!("The operation {kind} is not supported."))),
    };
    let path = match json.get("path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) if !path.is_empty() => Some(path.clone()),
        Some(_) => return Err(ScimError::bad("invalidPath", "The path is not a text.")),
    };
    if path.as_ref().is_some_and(|path| path.contains('[')) {
        let text = "Filters in the path of an operation are not supported.";
        return Err(ScimError::bad("invalidPath", text));
    }
    let value = json.get("value").cloned().unwrap_or_default();
    if path.is_none() && !value.is_object() {
        let text = "An operation without a path needs an object as its value.";
        return Err(ScimError::bad(
            if kind == Kind::Remove {
                "noTarget"
            } else {
                "invalidValue"
            },
            text,
        ));
    }
    Ok(Operation { kind, path, value })
}

/// Returns the ids in a list of `{"value": id}`.
pub(super) fn ids(list: &Value, attribute: &str) -> Result<Vec<Id>, ScimError> {
    let wrong = || {
        let text = format!("{attribute} is a list of objects with a value that is an id.");
        ScimError::bad("invalidValue", text)
    };
    let list = list.as_array().ok_or_else(wrong)?;
    list.iter()
        .map(|item| {
            let id = item.get("value").and_then(Value::as_str);
            id.and_then(|id| Id::parse(id).ok()).ok_or_else(wrong)
        })
        .collect()
}

fn object(call: &Call, schema: &str) -> Result<Map<String, Value>, ScimError> {
    let media = call.header("content-type").unwrap_or("");
    let essence = media.split(';').next().unwrap_or("").trim();
    if !["application/json", "application/scim+json"].contains(&essence) {
        let text = format!("The content type {media} is not supported.");
        return Err(ScimError::new(415, text));
    }
    let Ok(Value::Object(body)) = serde_json::from_slice(&call.body) else {
        return Err(syntax("The body is not a JSON object."));
    };
    let schemas = body.get("schemas").and_then(Value::as_array);
    let named = |list: &Vec<Value>| list.iter().any(|urn| urn.as_str() == Some(schema));
    if !schemas.is_some_and(named) {
        return Err(syntax(&format!("schemas does not contain {schema}.")));
    }
    Ok(body)
}

fn syntax(text: &str) -> ScimError {
    ScimError::bad("invalidSyntax", text)
}
