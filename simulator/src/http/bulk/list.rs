//! The list of jobs.

use serde_json::{Value, json};

use super::{info, locator};
use crate::http::call::Call;
use crate::http::context::RequestContext;
use crate::http::reply::Reply;
use crate::org::OrgError;
use crate::org::bulk::Job;

/// Jobs in a page.
const PAGE: usize = 1000;
/// The owner of locators of the list.
const LIST: &str = "jobs";
/// Values of `jobType` besides that of query jobs. No such jobs exist here.
const OTHER_TYPES: [&str; 3] = ["BigObjectIngest", "Classic", "V2Ingest"];
/// Parameters that the next page keeps.
const FILTERS: [&str; 3] = ["isPkChunkingEnabled", "jobType", "concurrencyMode"];

/// `GET /jobs/query`.
pub(super) fn list(context: RequestContext<'_>, call: &Call) -> Result<Reply, OrgError> {
    let after = match call.param("queryLocator") {
        None => 0,
        Some(text) => locator::open(LIST, text).ok_or_else(OrgError::unknown_locator)?,
    };
    let wanted = wanted_type(call)?;
    let org = context.shared.read();
    let mut jobs: Vec<&Job> = org
        .all_bulk_jobs()
        .filter(|job| wanted && job.number > after && passes(job, call))
        .take(PAGE + 1)
        .collect();
    let done = jobs.len() <= PAGE;
    jobs.truncate(PAGE);
    let next = jobs.last().filter(|_| !done);
    let records: Value = jobs.iter().map(|job| info::listed(&org, job)).collect();
    let next = next.map(|last| next_url(context, call, last.number));
    let body = json!({"done": done, "records": records, "nextRecordsUrl": next});
    Ok(Reply::json(200, body))
}

/// Whether query jobs are wanted.
fn wanted_type(call: &Call) -> Result<bool, OrgError> {
    match call.param("jobType") {
        None | Some("V2Query") => Ok(true),
        Some(other) if OTHER_TYPES.contains(&other) => Ok(false),
        Some(other) => {
            let text = format!("Invalid jobType: {other}");
            Err(OrgError::new(400, "INVALIDJOB", text))
        }
    }
}

fn passes(job: &Job, call: &Call) -> bool {
    let chunked = call.param("isPkChunkingEnabled");
    let mode = call.param("concurrencyMode");
    chunked.is_none_or(|wanted| (wanted == "true") == job.request.chunked)
        && mode.is_none_or(|wanted| wanted.eq_ignore_ascii_case("Parallel"))
}

fn next_url(context: RequestContext<'_>, call: &Call, last: u64) -> String {
    let filters = call
        .params
        .iter()
        .filter(|(name, _)| FILTERS.contains(&name.as_str()));
    url::form_urlencoded::Serializer::new(format!("{}/jobs/query?", context.root()))
        .append_pair("queryLocator", &locator::seal(LIST, last))
        .extend_pairs(filters)
        .finish()
}
