//! Single records: create, read, update, delete.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::conditional;
use super::context::RequestContext;
use super::reply::Reply;
use crate::org::OrgError;
use crate::org::id::Id;

/// `POST /sobjects/{Object}`.
pub(super) fn create(
    context: RequestContext<'_>,
    call: &Call,
    object: &str,
) -> Result<Reply, OrgError> {
    if call.method != "POST" {
        return Ok(Reply::method_not_allowed(&call.method, "GET,HEAD,POST"));
    }
    let body = object_body(call)?;
    let saved = context
        .shared
        .write()
        .create_record(&context.caller, object, &body)?;
    let location = location(context, object, saved.id);
    let body = json!({"id": saved.id, "success": true, "errors": []});
    Ok(Reply::json(201, body).with_header("location", location))
}

/// Returns the URL of a record.
pub(super) fn location(context: RequestContext<'_>, object: &str, id: Id) -> String {
    let org = context.shared.read();
    let def = org.visible_object(object, &context.caller);
    let name = def.map_or(object, |def| &def.name);
    format!("{}/sobjects/{name}/{id}", context.root())
}

/// `GET|PATCH|DELETE /sobjects/{Object}/{id}`.
pub(super) fn single(
    context: RequestContext<'_>,
    call: &Call,
    object: &str,
    id: &str,
) -> Result<Reply, OrgError> {
    match call.method.as_str() {
        "GET" => {
            let body = read(context, object, id, call.param("fields"))?;
            if conditional::is_wanted(call, changed(context, object, id))? {
                Ok(Reply::json(200, body))
            } else {
                Ok(Reply::empty(304))
            }
        }
        "PATCH" => {
            let body = object_body(call)?;
            conditional::is_wanted(call, changed(context, object, id))?;
            context
                .shared
                .write()
                .update_record(&context.caller, object, id, &body)?;
            Ok(Reply::no_content())
        }
        "DELETE" => {
            context
                .shared
                .write()
                .delete_record(&context.caller, object, id)?;
            Ok(Reply::no_content())
        }
        method => Ok(Reply::method_not_allowed(method, "HEAD,GET,PATCH,DELETE")),
    }
}

/// Returns when a record last changed, or 1970 if it has no such column.
fn changed(context: RequestContext<'_>, object: &str, id: &str) -> Timestamp {
    let org = context.shared.read();
    let row = Id::parse(id)
        .ok()
        .and_then(|id| org.database().get(object, id));
    let stamp = |name: &str| row.as_ref()?.get(name).as_timestamp();
    stamp("SystemModstamp")
        .or_else(|| stamp("LastModifiedDate"))
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Reads a record, with all fields or the given ones.
pub(super) fn read(
    context: RequestContext<'_>,
    object: &str,
    id: &str,
    fields: Option<&str>,
) -> Result<Value, OrgError> {
    let org = context.shared.read();
    let version = context.caller.version;
    let def = org
        .visible_object(object, &context.caller)
        .ok_or_else(OrgError::no_such_resource)?;
    org.check_readable(def)?;
    let id = org.known_record(def, id)?;
    let row = org
        .database()
        .get(&def.name, id)
        .ok_or_else(OrgError::no_such_resource)?;
    if !org.sight(context.caller.user).shows(def, row.row)? {
        return Err(OrgError::no_such_record(&id.to_string()));
    }
    let mut body = Map::new();
    body.insert("attributes".into(), attributes(context, &def.name, id));
    let wanted: Vec<&str> = match fields {
        Some(list) => list
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect(),
        None => def
            .fields
            .iter()
            .filter(|field| field.since_version <= version)
            .map(|field| field.name.as_str())
            .collect(),
    };
    for name in wanted {
        let field = crate::org::Org::visible_field(def, name, version).ok_or_else(|| {
            let text = format!("No such column '{name}' on sobject of type {}", def.name);
            OrgError::new(400, "INVALID_FIELD", text)
        })?;
        body.insert(field.name.clone(), row.get(&field.name).to_json());
    }
    // The id is always included.
    body.entry("Id").or_insert_with(|| json!(id));
    Ok(Value::Object(body))
}

/// Returns the `attributes` of a record.
pub(super) fn attributes(context: RequestContext<'_>, object: &str, id: Id) -> Value {
    json!({"type": object, "url": format!("{}/sobjects/{object}/{id}", context.root())})
}

/// Parses the fields to write. The id of an existing record is in the path, not in the body.
pub(super) fn object_body(call: &Call) -> Result<Map<String, Value>, OrgError> {
    let Value::Object(fields) = call.json()? else {
        let text = "The request body must be a JSON object";
        return Err(OrgError::new(400, "JSON_PARSER_ERROR", text));
    };
    refuse_field(&fields, "Id")?;
    Ok(fields)
}

/// Rejects a field whose value is given in the path.
pub(super) fn refuse_field(fields: &Map<String, Value>, field: &str) -> Result<(), OrgError> {
    if fields.keys().any(|name| name.eq_ignore_ascii_case(field)) {
        let text = format!("The {field} field should not be specified in the sobject data.");
        return Err(OrgError::new(400, "INVALID_FIELD", text));
    }
    Ok(())
}
