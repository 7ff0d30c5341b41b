//! `/composite/sobjects`: up to 200 records in one call.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::call::Call;
use super::context::RequestContext;
use super::reply::Reply;
use super::rows;
use super::upsert::{self, Key, Upserted};
use crate::org::id::Id;
use crate::org::{Org, OrgError};

/// Maximum number of records to write and to read in one call.
const MOST_RECORDS: usize = 200;
const MOST_READ: usize = 2000;
/// Maximum number of chunks. A chunk is a run of records of one type.
const MOST_CHUNKS: usize = 10;

pub(super) fn handle(
    context: RequestContext<'_>,
    call: &Call,
    object: Option<&str>,
) -> Result<Reply, OrgError> {
    match (call.method.as_str(), object) {
        ("POST" | "PATCH", None) => write(context, call),
        ("DELETE", None) => delete(context, call),
        ("GET", Some(object)) => {
            let ids = list(call.param("ids"));
            let fields = call.param("fields").unwrap_or_default().to_owned();
            read(context, object, &ids, &fields)
        }
        ("POST", Some(object)) => {
            let body = call.json()?;
            let texts = |name: &str| -> Vec<String> {
                let values = body.get(name).and_then(Value::as_array);
                values
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect()
            };
            read(context, object, &texts("ids"), &texts("fields").join(","))
        }
        (method, _) => Ok(Reply::method_not_allowed(method, "GET,POST,PATCH,DELETE")),
    }
}

fn write(context: RequestContext<'_>, call: &Call) -> Result<Reply, OrgError> {
    let (all_or_none, records) = records(call)?;
    let create = call.method == "POST";
    let mut seen = HashSet::new();
    let work = records.into_iter().map(|record| {
        let twin = !create && !seen.insert(record.id.clone());
        move |org: &mut Org| {
            if twin {
                let id = record.id.unwrap_or_default();
                let text = format!("duplicate id in list: {id}");
                return Err(OrgError::dml("INVALID_FIELD", text, &["Id"]));
            }
            if org
                .visible_object(&record.object, &context.caller)
                .is_none()
            {
                return Err(unsupported(&record.object));
            }
            if create {
                record.refuse_id()?;
                let saved = org.create_record(&context.caller, &record.object, &record.fields)?;
                return Ok((saved.id.to_string(), None));
            }
            let id = typed_id(org, &record.object, record.id.as_deref())?;
            org.update_record(&context.caller, &record.object, &id, &record.fields)?;
            Ok((id, None))
        }
    });
    Ok(run(context, all_or_none, work))
}

/// `PATCH /composite/sobjects/{Object}/{field}`: updates or creates records by an external id.
pub(super) fn upsert(
    context: RequestContext<'_>,
    call: &Call,
    object: &str,
    field: &str,
) -> Result<Reply, OrgError> {
    if call.method != "PATCH" {
        return Ok(Reply::method_not_allowed(&call.method, "PATCH"));
    }
    let (all_or_none, records) = records(call)?;
    if field.eq_ignore_ascii_case("Id") {
        let text = "Only external ids are supported";
        return Err(OrgError::new(400, "INVALID_FIELD", text));
    }
    let work = records.into_iter().map(|record| {
        move |org: &mut Org| {
            let done = upsert_one(org, context, object, field, record)?;
            Ok((done.id.to_string(), Some(done.created)))
        }
    });
    Ok(run(context, all_or_none, work))
}

fn upsert_one(
    org: &mut Org,
    context: RequestContext<'_>,
    object: &str,
    field: &str,
    record: Record,
) -> Result<Upserted, OrgError> {
    if !record.object.eq_ignore_ascii_case(object) {
        return Err(unsupported(&record.object));
    }
    record.refuse_id()?;
    let mut body = record.fields;
    let name = body.keys().find(|name| name.eq_ignore_ascii_case(field));
    let value = name.cloned().and_then(|name| body.remove(&name));
    let value = value.as_ref().and_then(Value::as_str).ok_or_else(|| {
        let text = format!("{field} not specified");
        OrgError::dml("MISSING_ARGUMENT", text, &[field])
    })?;
    let key = Key {
        object,
        field,
        value,
    };
    let found = upsert::find(org, &context.caller, key)?;
    if found.len() > 1 {
        let text = format!("{field}: more than one record found for external id field");
        return Err(OrgError::dml("DUPLICATE_EXTERNAL_ID", text, &[field]));
    }
    upsert::write(org, &context.caller, key, found.first().copied(), body)
}

/// Parses `allOrNone` and the records of a request.
fn records(call: &Call) -> Result<(bool, Vec<Record>), OrgError> {
    let body = call.json()?;
    let Some(records) = body.get("records").and_then(Value::as_array) else {
        let text = "The request must have a list of records";
        return Err(OrgError::new(400, "INVALID_INPUT", text));
    };
    check_count(records.len(), MOST_RECORDS)?;
    let records = records
        .iter()
        .map(Record::parse)
        .collect::<Result<Vec<_>, _>>()?;
    check_chunks(records.iter().map(|record| record.object.as_str()))?;
    let all_or_none = body.get("allOrNone").and_then(Value::as_bool);
    Ok((all_or_none.unwrap_or(false), records))
}

fn delete(context: RequestContext<'_>, call: &Call) -> Result<Reply, OrgError> {
    let ids = list(call.param("ids"));
    check_count(ids.len(), MOST_RECORDS)?;
    let all_or_none = call.param("allOrNone").is_some_and(|text| text == "true");
    let objects: Vec<Option<(String, bool)>> = {
        let org = context.shared.read();
        ids.iter().map(|id| object_of(&org, id)).collect()
    };
    let kinds: HashSet<&str> = objects
        .iter()
        .flatten()
        .map(|(object, _)| object.as_str())
        .collect();
    if kinds.len() > 1 && objects.iter().flatten().any(|(_, setup)| *setup) {
        let text = "cannot delete records of multiple types in one call when one of them is a \
                    Setup object";
        return Err(OrgError::new(400, "INVALID_INPUT", text));
    }
    let work = ids.into_iter().zip(objects).map(|(id, object)| {
        move |org: &mut Org| {
            let Some((object, _)) = object else {
                let text = format!("malformed id {id}");
                return Err(OrgError::dml("MALFORMED_ID", text, &[]));
            };
            org.delete_record(&context.caller, &object, &id)?;
            Ok((Id::parse(&id).map_or(id, |id| id.to_string()), None))
        }
    });
    Ok(run(context, all_or_none, work))
}

fn read(
    context: RequestContext<'_>,
    object: &str,
    ids: &[String],
    fields: &str,
) -> Result<Reply, OrgError> {
    check_count(ids.len(), MOST_READ)?;
    if fields.is_empty() {
        let text = "fields is required";
        return Err(OrgError::new(400, "INVALID_INPUT", text));
    }
    let one = |id: &String| match rows::read(context, object, id, Some(fields)) {
        Ok(row) => Ok(row),
        Err(error) if error.http == 404 && error.message != NO_RESOURCE => Ok(Value::Null),
        Err(error) => Err(error),
    };
    let found = ids.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    Ok(Reply::json(200, Value::Array(found)))
}

const NO_RESOURCE: &str = "The requested resource does not exist";

/// The id of a written record, and for an upsert whether the record is new.
type Written = (String, Option<bool>);

/// Runs the writes in one transaction and returns a result for each.
fn run<W>(context: RequestContext<'_>, all_or_none: bool, work: impl Iterator<Item = W>) -> Reply
where
    W: FnOnce(&mut Org) -> Result<Written, OrgError>,
{
    let mut org = context.shared.write();
    let start = org.begin();
    let results: Vec<_> = work.map(|act| act(&mut org)).collect();
    let failed = results.iter().any(Result::is_err);
    if failed && all_or_none {
        org.abort(start);
    } else {
        org.commit(start);
    }
    let one = |result: Result<Written, OrgError>| match result {
        Ok(_) if failed && all_or_none => json!({"success": false, "errors": [{
            "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "message": "Record rolled back because not all records were valid and the request was \
                        using AllOrNone header",
            "fields": [],
        }]}),
        Ok((id, None)) => json!({"id": id, "success": true, "errors": []}),
        Ok((id, Some(created))) => {
            json!({"id": id, "success": true, "errors": [], "created": created})
        }
        Err(error) => json!({"success": false, "errors": error.to_record_errors()}),
    };
    Reply::json(200, results.into_iter().map(one).collect())
}

/// One record of a request.
struct Record {
    object: String,
    id: Option<String>,
    fields: Map<String, Value>,
}

impl Record {
    fn parse(json: &Value) -> Result<Self, OrgError> {
        let kind = json
            .get("attributes")
            .and_then(|it| it.get("type"))
            .and_then(Value::as_str);
        let (Some(kind), Some(fields)) = (kind, json.as_object()) else {
            let text = "Could not execute DML statement: attributes.type is required";
            return Err(OrgError::new(400, "INVALID_INPUT", text));
        };
        let is_id = |name: &String| name.eq_ignore_ascii_case("Id");
        let id = fields
            .iter()
            .find(|(name, _)| is_id(name))
            .and_then(|(_, id)| id.as_str());
        let kept = fields
            .iter()
            .filter(|(name, _)| *name != "attributes" && !is_id(name));
        Ok(Self {
            object: kind.to_owned(),
            id: id.map(str::to_owned),
            fields: kept
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        })
    }
}

impl Record {
    /// Rejects an id in a create.
    fn refuse_id(&self) -> Result<(), OrgError> {
        if self.id.is_none() {
            return Ok(());
        }
        let text = "cannot specify Id in an insert call";
        Err(OrgError::dml(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            text,
            &["Id"],
        ))
    }
}

fn typed_id(org: &Org, object: &str, id: Option<&str>) -> Result<String, OrgError> {
    let Some(id) = id else {
        let text = "Id not specified in an update call";
        return Err(OrgError::dml("MISSING_ARGUMENT", text, &["Id"]));
    };
    let def = org.database().schema().object(object);
    match (Id::parse(id), def) {
        (Ok(parsed), Some(def)) if parsed.prefix() == def.key_prefix => Ok(parsed.to_string()),
        (_, def) => {
            let label = def.map_or(object, |def| &def.label);
            let text = format!("{label} ID: id value of incorrect type: {id}");
            Err(OrgError::dml("MALFORMED_ID", text, &["Id"]))
        }
    }
}

/// Returns the object of an id, and whether it is a setup object.
fn object_of(org: &Org, id: &str) -> Option<(String, bool)> {
    let id = Id::parse(id).ok()?;
    let mut candidates = org.database().schema().objects_with_prefix(id.prefix());
    let first = candidates.next()?;
    let def = std::iter::once(first)
        .chain(candidates)
        .find(|def| org.database().get(&def.name, id).is_some())
        .unwrap_or(first);
    Some((def.name.clone(), def.setup))
}

fn unsupported(object: &str) -> OrgError {
    let text = format!("sObject type '{object}' is not supported.");
    OrgError::dml("INVALID_TYPE", text, &[])
}

fn check_count(count: usize, most: usize) -> Result<(), OrgError> {
    if count == 0 {
        return Err(OrgError::new(
            400,
            "INVALID_INPUT",
            "The list must not be empty",
        ));
    }
    if count > most {
        let text =
            format!("record limit reached. cannot submit more than {most} records into this call");
        return Err(OrgError::new(400, "EXCEEDED_ID_LIMIT", text));
    }
    Ok(())
}

fn check_chunks<'a>(objects: impl Iterator<Item = &'a str>) -> Result<(), OrgError> {
    let mut chunks = 0;
    let mut before = None;
    for object in objects {
        if before != Some(object) {
            chunks += 1;
            before = Some(object);
        }
    }
    if chunks > MOST_CHUNKS {
        let text = format!(
            "Cannot have more than {MOST_CHUNKS} chunks in a single operation. Please rearrange the \
             data to reduce chunking."
        );
        return Err(OrgError::new(400, "LIMIT_EXCEEDED", text));
    }
    Ok(())
}

fn list(text: Option<&str>) -> Vec<String> {
    let parts = text.unwrap_or("").split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}
