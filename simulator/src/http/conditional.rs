//! `If-Modified-Since` and `If-Unmodified-Since` on rows and descriptions.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::Value;

use super::call::Call;
use super::context::RequestContext;
use super::reply::Reply;
use crate::org::OrgError;

/// Answers with a description, or with 304 if it has not changed since the given date.
pub(super) fn description(context: RequestContext<'_>, call: &Call, body: Value) -> Reply {
    let shared = context.shared;
    let now = shared.clock.now();
    let changed = shared
        .descriptions()
        .changed(&call.path, &body, shared.started, now);
    match is_wanted(call, changed) {
        Ok(true) => {
            let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&changed);
            let reply = Reply::json(200, body);
            match date {
                Ok(date) => reply.with_header("last-modified", date),
                Err(_) => reply,
            }
        }
        Ok(false) => Reply::empty(304),
        Err(error) => error.into(),
    }
}

/// Evaluates the conditional headers of a request. `false` means 304.
pub(super) fn is_wanted(call: &Call, changed: Timestamp) -> Result<bool, OrgError> {
    let date = |name: &str| {
        let parsed = rfc2822::DateTimeParser::new().parse_timestamp(call.header(name)?);
        parsed.ok().map(Timestamp::as_second)
    };
    // HTTP dates have whole seconds.
    let changed = changed.as_second();
    if date("if-unmodified-since").is_some_and(|at| changed > at) {
        let text = "The record has been modified since the given date";
        return Err(OrgError::new(412, "PRECONDITION_FAILED", text));
    }
    Ok(call.method != "GET" || date("if-modified-since").is_none_or(|at| changed > at))
}
