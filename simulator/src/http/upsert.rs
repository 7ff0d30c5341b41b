//! Reads, upserts and deletes records by an external id.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::context::RequestContext;
use super::reply::Reply;
use super::rows;
use crate::org::id::Id;
use crate::org::table::RowRef;
use crate::org::{Caller, Org, OrgError};

/// First API version that answers the update of an existing record with a body.
const DESCRIBES_UPDATES: u32 = 46;

/// A field that identifies a record, and its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) object: &'a str,
    pub(super) field: &'a str,
    pub(super) value: &'a str,
}

/// The result of an upsert.
#[derive(Debug)]
pub(super) struct Upserted {
    pub(super) id: Id,
    pub(super) created: bool,
}

/// `/sobjects/{Object}/{field}/{value}`.
pub(super) fn single(
    context: RequestContext<'_>,
    call: &Call,
    key: Key<'_>,
) -> Result<Reply, OrgError> {
    let object = key.object;
    if !matches!(call.method.as_str(), "GET" | "PATCH" | "DELETE") {
        let allowed = "HEAD,GET,PATCH,DELETE";
        return Ok(Reply::method_not_allowed(&call.method, allowed));
    }
    let mut org = context.shared.write();
    let found = find(&org, &context.caller, key)?;
    if found.len() > 1 {
        let url = |id| format!("{}/sobjects/{object}/{id}", context.root());
        return Ok(Reply::json(300, found.into_iter().map(url).collect()));
    }
    let id = found.first().copied();
    if call.method == "PATCH" {
        let body = rows::object_body(call)?;
        rows::refuse_field(&body, key.field)?;
        if id.is_none() && call.param("updateOnly") == Some("true") {
            return Err(OrgError::no_such_resource());
        }
        let done = write(&mut org, &context.caller, key, id, body)?;
        drop(org);
        return Ok(answer(context, object, &done));
    }
    drop(org);
    let id = id.ok_or_else(OrgError::no_such_resource)?;
    rows::single(context, call, object, &id.to_string())
}

fn answer(context: RequestContext<'_>, object: &str, done: &Upserted) -> Reply {
    let described = context.caller.version >= DESCRIBES_UPDATES;
    let body = if described {
        json!({"id": done.id, "success": true, "errors": [], "created": done.created})
    } else {
        json!({"id": done.id, "success": true, "errors": []})
    };
    match (done.created, described) {
        (true, _) => {
            let location = rows::location(context, object, done.id);
            Reply::json(201, body).with_header("location", location)
        }
        (false, true) => Reply::json(200, body),
        (false, false) => Reply::no_content(),
    }
}

/// Updates the record found for a key, or creates one.
pub(super) fn write(
    org: &mut Org,
    caller: &Caller,
    key: Key<'_>,
    found: Option<Id>,
    mut body: Map<String, Value>,
) -> Result<Upserted, OrgError> {
    if let Some(id) = found {
        org.update_record(caller, key.object, &id.to_string(), &body)?;
        return Ok(Upserted { id, created: false });
    }
    if key.field.eq_ignore_ascii_case("Id") {
        return Err(OrgError::no_such_resource());
    }
    body.insert(key.field.to_owned(), key.value.into());
    let id = org.create_record(caller, key.object, &body)?.id;
    Ok(Upserted { id, created: true })
}

/// Returns the records with a key.
pub(super) fn find(org: &Org, caller: &Caller, key: Key<'_>) -> Result<Vec<Id>, OrgError> {
    let def = org
        .visible_object(key.object, caller)
        .ok_or_else(OrgError::no_such_resource)?;
    let field = Org::visible_field(def, key.field, caller.version)
        .filter(|field| field.id_lookup)
        .ok_or_else(|| OrgError::no_such_record(key.field))?;
    let Some(value) = field.read_key(key.value) else {
        return Ok(Vec::new());
    };
    let rows = org.database().find(&def.name, &field.name, &value);
    let living = rows.iter().filter(|row| !row.get("IsDeleted").is_true());
    Ok(living.map(RowRef::id).collect())
}
