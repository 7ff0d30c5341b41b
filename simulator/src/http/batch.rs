//! `/composite/batch`: up to 25 independent subrequests in one call. Each counts as an API call.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::call::Call;
use super::context::RequestContext;
use super::reply::Reply;
use super::rest;
use crate::org::OrgError;

/// Maximum number of subrequests.
const MOST_REQUESTS: usize = 25;
/// Oldest API version that a subrequest can use.
const OLDEST_PART: u32 = 34;

pub(super) fn handle(context: RequestContext<'_>, call: &Call) -> Result<Reply, OrgError> {
    if call.method != "POST" {
        return Ok(Reply::method_not_allowed(&call.method, "POST"));
    }
    let body = call.json()?;
    let parts = body
        .get("batchRequests")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if parts.is_empty() || parts.len() > MOST_REQUESTS {
        let text = format!("The batch must have between 1 and {MOST_REQUESTS} requests");
        return Err(OrgError::new(400, "LIMIT_EXCEEDED", text));
    }
    let calls = parts
        .iter()
        .map(|part| part_call(context, part))
        .collect::<Result<Vec<_>, _>>()?;
    let halt = body
        .get("haltOnError")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let user = context.caller.user.to_string();
    let mut has_errors = false;
    let mut results = Vec::with_capacity(calls.len());
    for (number, part) in (0..).zip(&calls) {
        let reply = if has_errors && halt {
            let text = "Batch processing has been halted due to an error in a previous subrequest";
            OrgError::new(412, "BATCH_PROCESSING_HALTED", text).into()
        } else {
            match check_daily_limit(context, number) {
                Ok(()) => rest::handle(context.shared, part, &user),
                Err(error) => error.into(),
            }
        };
        has_errors |= reply.status >= 400;
        let status = reply.status;
        results.push(json!({"statusCode": status, "result": reply.into_value()}));
    }
    let mut reply = Reply::json(200, json!({"hasErrors": has_errors, "results": results}));
    // The request itself counts as the first subrequest.
    reply.extra_calls = u64::try_from(calls.len().saturating_sub(1)).unwrap_or(0);
    Ok(reply)
}

/// Checks the daily limit before each subrequest: a batch can exceed it half-way.
fn check_daily_limit(context: RequestContext<'_>, earlier_parts: u64) -> Result<(), OrgError> {
    let org = context.shared.read();
    let used = context
        .shared
        .calls_used(&org)
        .saturating_add(earlier_parts);
    if used > org.settings.daily_limit {
        return Err(OrgError::daily_limit());
    }
    Ok(())
}

fn part_call(context: RequestContext<'_>, part: &Value) -> Result<Call, OrgError> {
    let text = |name: &str| part.get(name).and_then(Value::as_str).unwrap_or("");
    let refused = |reason: &str| OrgError::new(400, "INVALID_BATCH_REQUEST", reason);
    let method = text("method").to_ascii_uppercase();
    if !matches!(method.as_str(), "GET" | "POST" | "PATCH" | "PUT" | "DELETE") {
        return Err(refused("a subrequest has no valid method"));
    }
    let url = text("url");
    let version = url
        .split('/')
        .next()
        .and_then(|part| part.strip_prefix('v'));
    let version = version.and_then(|text| text.strip_suffix(".0"));
    let version = version.and_then(|text| text.parse::<u32>().ok());
    if !version.is_some_and(|it| (OLDEST_PART..=context.caller.version).contains(&it)) {
        return Err(refused("a subrequest has no valid url"));
    }
    if url.contains("/composite") {
        return Err(refused("a batch can't contain composite resources"));
    }
    if url.contains("/jobs/") {
        return Err(refused("a batch can't contain bulk resources"));
    }
    Ok(inner_call(
        &method,
        &format!("/services/data/{url}"),
        part.get("richInput"),
    ))
}

/// Builds the call of a subrequest.
pub(super) fn inner_call(method: &str, target: &str, body: Option<&Value>) -> Call {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let bytes = body
        .filter(|body| !body.is_null())
        .map(|body| Bytes::from(body.to_string()));
    Call::new(method, target, headers, bytes.unwrap_or_default())
}
