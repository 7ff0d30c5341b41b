//! The JSON form of a job.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::format;
use crate::org::Org;
use crate::org::bulk::{Ending, Job};
use crate::org::value::Value as Cell;

/// The answer to a create and to an abort.
pub(super) fn brief(org: &Org, job: &Job) -> Value {
    let request = &job.request;
    let (delimiter, line_ending) = format::names(request.format);
    let changed = job.ending.as_ref().map_or(job.created, |(_, at)| *at);
    json!({
        "id": job.id,
        "operation": if request.all_rows { "queryAll" } else { "query" },
        "object": request.object,
        "createdById": request.caller.user,
        "createdDate": Cell::from(job.created),
        "systemModstamp": Cell::from(changed),
        "state": org.bulk_state(job).name(),
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": f64::from(request.caller.version),
        "lineEnding": line_ending,
        "columnDelimiter": delimiter,
    })
}

/// A job in a list.
pub(super) fn listed(org: &Org, job: &Job) -> Value {
    with(brief(org, job), [("jobType", json!("V2Query"))])
}

/// The answer to a read.
pub(super) fn full(org: &Org, job: &Job) -> Value {
    let info = with(
        listed(org, job),
        [
            ("numberRecordsProcessed", json!(job.records())),
            ("retries", json!(retries(job))),
            ("totalProcessingTime", json!(processing_ms(org, job))),
            ("isPkChunkingSupported", json!(job.request.chunked)),
        ],
    );
    match &job.ending {
        Some((Ending::Failed(message, _), _)) => with(info, [("errorMessage", json!(message))]),
        _ => info,
    }
}

fn with<const N: usize>(mut info: Value, fields: [(&str, Value); N]) -> Value {
    if let Some(object) = info.as_object_mut() {
        object.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    }
    info
}

fn retries(job: &Job) -> u32 {
    match &job.ending {
        Some((Ending::Failed(..), _)) => super::run::MOST_RETRIES,
        _ => 0,
    }
}

fn processing_ms(org: &Org, job: &Job) -> i64 {
    let end: Timestamp = job
        .ending
        .as_ref()
        .map_or_else(|| org.clock().now(), |(_, at)| *at);
    let millis = end.duration_since(job.begins()).as_millis();
    i64::try_from(millis).unwrap_or(i64::MAX).max(0)
}
