//! The results of a job, page by page.

use std::sync::Arc;

use serde_json::json;

use super::{find_own, locator, wrong_state};
use crate::http::call::Call;
use crate::http::context::RequestContext;
use crate::http::reply::Reply;
use crate::org::bulk::{Job, Results};
use crate::org::{Org, OrgError};

/// The media type of results.
pub(super) const CSV: &str = "text/csv";
/// URLs in an answer to `resultPages`.
const MOST_URLS: usize = 5;

/// `GET /jobs/query/{id}/results`.
pub(super) fn page(context: RequestContext<'_>, call: &Call, id: &str) -> Result<Reply, OrgError> {
    let org = context.shared.read();
    let (job, rows) = complete(context, &org, id)?;
    let start = start(job, rows, call)?;
    let size = match call.param("maxRecords") {
        None => page_rows(&org),
        Some(text) => text.parse().ok().filter(|size| *size > 0).ok_or_else(|| {
            OrgError::new(400, "API_ERROR", "maxRecords must be a positive number")
        })?,
    };
    let end = start.saturating_add(size).min(rows.len());
    let next = if end < rows.len() {
        locator_of(job, end)
    } else {
        "null".to_owned()
    };
    let with_header = start == 0 || !org.settings.bulk_header_first_page_only;
    let rows = Arc::clone(rows);
    drop(org);
    Ok(Reply::text(200, CSV, rows.page(start..end, with_header))
        .with_header("sforce-locator", next)
        .with_header("sforce-numberofrecords", (end - start).to_string()))
}

/// `GET /jobs/query/{id}/resultPages`.
pub(super) fn pages(context: RequestContext<'_>, call: &Call, id: &str) -> Result<Reply, OrgError> {
    let org = context.shared.read();
    let (job, rows) = complete(context, &org, id)?;
    let first = start(job, rows, call)?;
    let url = |resource: &str, position| {
        let locator = locator_of(job, position);
        let (root, id) = (context.root(), job.id);
        format!("{root}/jobs/query/{id}/{resource}?locator={locator}")
    };
    let mut starts = (first..rows.len().max(1)).step_by(page_rows(&org));
    let pages: Vec<_> = starts
        .by_ref()
        .take(MOST_URLS)
        .map(|start| json!({"resultUrl": url("results", start)}))
        .collect();
    let body = match starts.next() {
        Some(next) => json!({
            "resultPages": pages,
            "nextRecordsUrl": url("resultPages", next),
            "done": false,
        }),
        None => json!({"resultPages": pages, "done": true}),
    };
    Ok(Reply::json(200, body))
}

/// Returns a job that is complete, and its results.
fn complete<'a>(
    context: RequestContext<'_>,
    org: &'a Org,
    id: &str,
) -> Result<(&'a Job, &'a Results), OrgError> {
    let job = find_own(context, org, id)?;
    if job.request.caller.version != context.caller.version {
        let text = "The API version must be the one that the job was created with.";
        return Err(OrgError::new(409, "INVALIDVERSION", text));
    }
    let unfinished = || {
        let state = org.bulk_state(job).name();
        wrong_state(format!(
            "The job must be in state JobComplete, but is in {state}."
        ))
    };
    Ok((job, job.results().ok_or_else(unfinished)?))
}

/// Returns the first row that a request asks for.
fn start(job: &Job, rows: &Results, call: &Call) -> Result<usize, OrgError> {
    let Some(text) = call.param("locator") else {
        return Ok(0);
    };
    let start = locator::open(&job.id.to_string(), text);
    start
        .and_then(|start| usize::try_from(start).ok())
        .filter(|start| *start < rows.len().max(1))
        .ok_or_else(OrgError::unknown_locator)
}

fn locator_of(job: &Job, row: usize) -> String {
    let row = u64::try_from(row).unwrap_or(u64::MAX);
    locator::seal(&job.id.to_string(), row)
}

fn page_rows(org: &Org) -> usize {
    org.settings.bulk_page_rows.max(1)
}
