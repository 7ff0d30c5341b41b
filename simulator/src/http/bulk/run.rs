//! Runs the queries of jobs.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use crate::http::context::RequestContext;
use crate::http::query;
use crate::http::shared::Shared;
use crate::org::bulk::{Ending, Job, Rows};
use crate::org::id::Id;
use crate::org::table::Row;
use crate::soql::{self, Context, SoqlError};

/// How often Salesforce tries a chunk again before the job fails.
pub(super) const MOST_RETRIES: u32 = 15;
/// Chunks of a result.
const CHUNKS: usize = 16;

/// Runs the queries of all jobs whose time has come. It is called before each request and each
/// change by a test, so that a job reads the rows of that time.
pub(crate) fn run_due_jobs(shared: &Shared) {
    while shared.read().has_bulk_job_due() {
        let Some(job) = shared.write().take_bulk_job() else {
            return;
        };
        let ending = run(shared, &job);
        shared.write().end_bulk_job(job.id, ending);
    }
}

fn run(shared: &Shared, job: &Job) -> Ending {
    let caller = job.request.caller;
    let context = RequestContext { shared, caller };
    query::expire(context);
    let org = shared.read();
    let (ending, unseen) = query::with_context(context, &org, job.request.all_rows, |ctx| {
        read(ctx, job).unwrap_or_else(|error| Ending::Failed(error.to_string(), 0))
    });
    match unseen {
        Some(error) => Ending::Failed(error.to_string(), 0),
        None => ending,
    }
}

fn read(ctx: &Context<'_>, job: &Job) -> Result<Ending, SoqlError> {
    let query = soql::parse(&job.request.soql)?;
    let mut extract = soql::extract(&query, ctx)?;
    if job.fails {
        let text = format!("Retried more than {MOST_RETRIES} times");
        return Ok(Ending::Failed(text, extract.rows.len() / 2));
    }
    if query.order_by.is_empty() {
        extract.rows = in_chunks(extract.rows, job.id);
    }
    let mut rows = Rows::new(job.request.format, &extract.columns());
    for row in &extract.rows {
        rows.push(extract.cells(row));
    }
    Ok(Ending::Complete(Arc::new(rows)))
}

/// Puts rows into an order of chunks, which differs from that of the ids and from job to job. A
/// real org promises no order either.
fn in_chunks(rows: Vec<&Row>, job: Id) -> Vec<&Row> {
    let mut chunks = [const { Vec::new() }; CHUNKS];
    for row in rows {
        let mut hasher = DefaultHasher::new();
        (job, row.id()).hash(&mut hasher);
        let hash = usize::try_from(hasher.finish() >> 32).unwrap_or(0);
        if let Some(chunk) = chunks.get_mut(hash % CHUNKS) {
            chunk.push(row);
        }
    }
    let mut rows = chunks.concat();
    // Few rows can be in order by chance.
    if rows.is_sorted_by_key(|row| row.id()) {
        rows.reverse();
    }
    rows
}
