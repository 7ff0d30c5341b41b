//! `/jobs/query`: query jobs of Bulk API 2.0. Source: Bulk API 2.0 and Bulk API Developer Guide,
//! "Query".

use serde::Deserialize;
use serde_json::Value;

use super::call::Call;
use super::context::RequestContext;
use super::reply::{Payload, Reply};
use super::shared::Shared;
use crate::org::bulk::{Ending, Job};
use crate::org::{Org, OrgError};

mod create;
mod format;
mod info;
mod list;
mod locator;
mod results;
mod run;

pub(crate) use run::run_due_jobs;

/// First API version with query jobs.
const FIRST_VERSION: u32 = 47;
/// First API version with `resultPages`.
const FIRST_WITH_PAGES: u32 = 58;

/// Answers a request below `/jobs/query`.
pub(super) fn handle(context: RequestContext<'_>, call: &Call, rest: &[&str]) -> Reply {
    let version = context.caller.version;
    if version < FIRST_VERSION {
        return Reply::unknown_path();
    }
    if context.shared.read().settings.bulk_disabled {
        let text = "Bulk API 2.0 is not enabled for this organization.";
        return OrgError::new(400, "FEATURE_NOT_ENABLED", text).into();
    }
    let (method, allowed) = (call.method.as_str(), allowed(rest));
    match (method, rest) {
        ("POST", []) => create::create(context, call).into(),
        ("GET", []) => list::list(context, call).into(),
        ("GET", [id]) => read(context, id).into(),
        ("PATCH", [id]) => abort(context, call, id).into(),
        ("DELETE", [id]) => delete(context, id).into(),
        ("GET", [id, "results"]) => results::page(context, call, id).into(),
        ("GET", [id, "resultPages"]) if version >= FIRST_WITH_PAGES => {
            results::pages(context, call, id).into()
        }
        (_, [] | [_] | [_, "results"]) => Reply::method_not_allowed(method, allowed),
        _ => Reply::unknown_path(),
    }
}

fn allowed(rest: &[&str]) -> &'static str {
    match rest {
        [] => "GET,HEAD,POST",
        [_] => "GET,HEAD,PATCH,DELETE",
        _ => "GET,HEAD",
    }
}

/// Returns the query of a create.
pub(super) fn query_of(call: &Call) -> Option<String> {
    let body: Value = serde_json::from_slice(&call.body).ok()?;
    body.get("query")?.as_str().map(str::to_owned)
}

/// Makes the job fail that an answer says was created.
pub(super) fn doom(shared: &Shared, reply: &Reply) {
    let body = reply.clone().into_value();
    if let Some(id) = body.get("id").and_then(Value::as_str) {
        shared.write().doom_bulk_job(id);
    }
}

/// Ends CSV in the middle of a row.
pub(super) fn shortened(mut reply: Reply) -> Reply {
    if let Payload::Text { content_type, text } = &mut reply.payload
        && *content_type == results::CSV
    {
        text.truncate(text.floor_char_boundary(text.len() / 2));
        // After an even number of quotes, no value is open, and a row could end here.
        if text.matches('"').count().is_multiple_of(2) {
            text.truncate(text.rfind('"').unwrap_or(0));
        }
    }
    reply
}

/// `GET /jobs/query/{id}`.
fn read(context: RequestContext<'_>, id: &str) -> Result<Reply, OrgError> {
    let org = context.shared.read();
    let job = find(&org, id)?;
    Ok(Reply::json(200, info::full(&org, job)))
}

/// The body of an abort.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    state: String,
}

/// `PATCH /jobs/query/{id}`.
fn abort(context: RequestContext<'_>, call: &Call, id: &str) -> Result<Reply, OrgError> {
    let change: Change = read_body(call)?;
    if change.state != "Aborted" {
        let text = format!("Invalid state for a query job: {}", change.state);
        return Err(wrong_state(text));
    }
    let mut org = context.shared.write();
    let job = find_own(context, &org, id)?.id;
    if !org.end_bulk_job(job, Ending::Aborted) {
        return Err(wrong_state("Aborting already Completed Job not allowed"));
    }
    let job = find(&org, id)?;
    Ok(Reply::json(200, info::brief(&org, job)))
}

/// `DELETE /jobs/query/{id}`.
fn delete(context: RequestContext<'_>, id: &str) -> Result<Reply, OrgError> {
    let mut org = context.shared.write();
    let job = find_own(context, &org, id)?;
    if !org.bulk_state(job).is_final() {
        let text = "Error encountered when deleting the job because the job is not terminated";
        return Err(OrgError::new(400, "API_ERROR", text));
    }
    let id = job.id;
    org.delete_bulk_job(id);
    Ok(Reply::no_content())
}

fn find<'a>(org: &'a Org, id: &str) -> Result<&'a Job, OrgError> {
    org.bulk_job(id).ok_or_else(OrgError::no_such_resource)
}

/// Returns a job that the caller may change, and whose results the caller may read: an own job, or
/// any with "Manage Data Integrations", which "Modify All Data" includes.
fn find_own<'a>(context: RequestContext<'_>, org: &'a Org, id: &str) -> Result<&'a Job, OrgError> {
    let job = find(org, id)?;
    let user = context.caller.user;
    if job.request.caller.user == user || org.rights(user).has("ModifyAllData") {
        return Ok(job);
    }
    let text = "insufficient access rights on object id";
    Err(OrgError::new(403, "INSUFFICIENT_ACCESS", text))
}

fn wrong_state(text: impl Into<String>) -> OrgError {
    OrgError::new(400, "INVALIDJOBSTATE", text)
}

/// Reads a body and refuses fields and values that a job does not have.
fn read_body<T: for<'de> Deserialize<'de>>(call: &Call) -> Result<T, OrgError> {
    serde_json::from_value(call.json()?).map_err(|error| not_readable(&error.to_string()))
}

fn not_readable(text: &str) -> OrgError {
    OrgError::new(400, "JSON_PARSER_ERROR", text)
}
