//! Single records: create, read, update, delete, and look-up by another field.

use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::reply::Reply;
use super::rest::Visit;
use crate::org::OrgError;
use crate::org::id::Id;
use crate::org::value::Value as Cell;

/// `POST /sobjects/{Object}`.
pub(super) fn create(visit: Visit<'_>, call: &Call, object: &str) -> Result<Reply, OrgError> {
    if call.method != "POST" {
        return Ok(Reply::method_not_allowed(&call.method, "GET,HEAD,POST"));
    }
    let body = object_body(call)?;
    let mut org = visit.shared.write();
    let saved = org.create_record(&visit.caller, object, &body)?;
    let name = org
        .visible_object(object, visit.caller.version)
        .map_or("", |def| &def.name);
    let location = format!("{}/sobjects/{name}/{}", visit.root(), saved.id);
    let body = json!({"id": saved.id, "success": true, "errors": []});
    Ok(Reply::json(201, body).with_header("location", location))
}

/// `GET|PATCH|DELETE /sobjects/{Object}/{id}`.
pub(super) fn single(
    visit: Visit<'_>,
    call: &Call,
    object: &str,
    id: &str,
) -> Result<Reply, OrgError> {
    match call.method.as_str() {
        "GET" | "HEAD" => {
            read(visit, object, id, call.param("fields")).map(|body| Reply::json(200, body))
        }
        "PATCH" => {
            let body = object_body(call)?;
            visit
                .shared
                .write()
                .update_record(&visit.caller, object, id, &body)?;
            Ok(Reply::no_content())
        }
        "DELETE" => {
            visit
                .shared
                .write()
                .delete_record(&visit.caller, object, id)?;
            Ok(Reply::no_content())
        }
        method => Ok(Reply::method_not_allowed(method, "HEAD,GET,PATCH,DELETE")),
    }
}

/// `/sobjects/{Object}/{field}/{value}`, for fields that an org looks records up by.
pub(super) fn by_lookup(
    visit: Visit<'_>,
    call: &Call,
    object: &str,
    field: &str,
    key: &str,
) -> Result<Reply, OrgError> {
    let found = {
        let org = visit.shared.read();
        let def = org
            .visible_object(object, visit.caller.version)
            .ok_or_else(OrgError::no_such_resource)?;
        let known = crate::org::Org::visible_field(def, field, visit.caller.version);
        if !known.is_some_and(|field| field.id_lookup) {
            return Err(OrgError::no_such_record(field));
        }
        let rows = org.database().find(&def.name, field, &Cell::text(key));
        let ids: Vec<_> = rows.into_iter().map(|row| row.id().to_string()).collect();
        (def.name.clone(), ids)
    };
    let (name, ids) = found;
    match ids.as_slice() {
        [id] => single(visit, call, &name, id),
        [] if matches!(call.method.as_str(), "PATCH" | "POST") => {
            let mut body = object_body(call)?;
            body.insert(field.to_owned(), key.into());
            let target = format!("{}/sobjects/{name}", visit.root());
            let text = Value::Object(body).to_string();
            let mut headers = HeaderMap::new();
            headers.insert(
                "content-type",
                http::HeaderValue::from_static("application/json"),
            );
            create(
                visit,
                &Call::new("POST", &target, headers, text.into()),
                &name,
            )
        }
        [] => Err(OrgError::no_such_resource()),
        several => {
            let urls = several
                .iter()
                .map(|id| format!("{}/sobjects/{name}/{id}", visit.root()));
            Ok(Reply::json(300, urls.collect()))
        }
    }
}

/// A record with the fields asked for, or all.
pub(super) fn read(
    visit: Visit<'_>,
    object: &str,
    id: &str,
    fields: Option<&str>,
) -> Result<Value, OrgError> {
    let org = visit.shared.read();
    let version = visit.caller.version;
    let def = org
        .visible_object(object, version)
        .ok_or_else(OrgError::no_such_resource)?;
    org.check_readable(def)?;
    let id = org.known_record(&def.name, id)?;
    let row = org
        .database()
        .get(&def.name, id)
        .ok_or_else(OrgError::no_such_resource)?;
    let mut body = Map::new();
    body.insert("attributes".into(), attributes(visit, &def.name, id));
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
    // An org names the id even where it was not asked for.
    body.entry("Id").or_insert_with(|| json!(id));
    Ok(Value::Object(body))
}

/// The `attributes` of a record.
pub(super) fn attributes(visit: Visit<'_>, object: &str, id: Id) -> Value {
    json!({"type": object, "url": format!("{}/sobjects/{object}/{id}", visit.root())})
}

fn object_body(call: &Call) -> Result<Map<String, Value>, OrgError> {
    if let Value::Object(fields) = call.json()? {
        Ok(fields)
    } else {
        let text = "The request body must be a JSON object";
        Err(OrgError::new(400, "JSON_PARSER_ERROR", text))
    }
}
