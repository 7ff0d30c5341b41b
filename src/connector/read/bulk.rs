//! A large table read by a query job instead of page by page: Salesforce prepares the whole result,
//! and each call brings as many rows as fifty pages of a query.
//!
//! The first page of the table was read by REST, so the query is right and its rows are listed. The
//! job reads what follows. Its rows come in no order, so a listing that is cut off in the middle
//! begins again behind that first page. Whatever goes wrong with a job, REST reads the same rows.

mod job_result;
mod pages;
mod sending;
mod trouble;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

use self::job_result::JobResult;
use self::sending::send;
use self::trouble::Trouble;
use super::org::{Batch, Org};
use super::table::{Row, Table};
use crate::causes::chain;
use crate::salesforce::bulk::{FieldKinds, JobState, RunningJob};
use crate::salesforce::soql::FieldName;
use crate::salesforce::{ApiError, SalesforceId};

/// The pauses between questions for the state of a job: the first, the longest, and by how much they
/// grow.
const PAUSES: (Duration, Duration, u32) = (Duration::from_millis(500), Duration::from_secs(20), 2);
/// How long a job may wait for its turn, and how long it may take.
const LONGEST_QUEUE: Duration = Duration::from_mins(2);
const LONGEST_JOB: Duration = Duration::from_mins(30);

/// Sends all rows of `table` behind `from`, batch after batch. Returns false if that did not work:
/// then some rows may have been sent, and all of them are still to be read.
pub(super) async fn read<R: Row>(
    org: &Arc<Org>,
    table: &Table,
    from: SalesforceId,
    batches: &mpsc::Sender<Batch<R>>,
) -> bool {
    let object = table.object;
    let trouble = match Box::pin(run(org, table, from, batches)).await {
        Ok(()) | Err(Trouble::Unwanted) => return true,
        Err(trouble) => trouble,
    };
    // Once for an object: the next listings of it do not try.
    if org.jobs.refuse(object) {
        let words = match &trouble {
            Trouble::Salesforce(error) => error.api().and_then(ApiError::words),
            _ => None,
        };
        warn!(
            sf.object = object,
            cause = chain(&trouble),
            words = words.unwrap_or_default(),
            "{object} could not be read with Bulk API 2.0, so it is read page by page, which costs \
             more API calls; no row is missing. --bulk-threshold 0 stops the attempts"
        );
    }
    false
}

async fn run<R: Row>(
    org: &Arc<Org>,
    table: &Table,
    from: SalesforceId,
    batches: &mpsc::Sender<Batch<R>>,
) -> Result<(), Trouble> {
    let select = org.select_behind(table, from);
    let kinds = org.client.describe(&FieldName::from(table.object)).await?;
    let mut job = org.client.start_query_job(&select).await?;
    complete(&mut job).await?;
    let result = JobResult {
        org: Arc::clone(org),
        object: table.object,
        job: job.job().clone(),
        columns: select.names(),
        kinds: FieldKinds::of(&kinds.value),
    };
    send(&Arc::new(result), from, batches).await
}

/// Waits until the job is complete.
async fn complete(job: &mut RunningJob) -> Result<(), Trouble> {
    let begin = Instant::now();
    let (mut pause, longest, growth) = PAUSES;
    loop {
        sleep(pause).await;
        pause = (pause * growth).min(longest);
        let now = job.poll().await?;
        debug!(state = ?now.state, rows = now.number_records_processed, "a query job");
        match now.state {
            JobState::JobComplete => return Ok(()),
            JobState::Failed => {
                let words = now.words();
                return Err(Trouble::Failed { words });
            }
            JobState::Aborted => return Err(Trouble::Stopped),
            JobState::UploadComplete if begin.elapsed() > LONGEST_QUEUE => {
                return Err(Trouble::Queued(LONGEST_QUEUE));
            }
            _ if begin.elapsed() > LONGEST_JOB => return Err(Trouble::TooLong(LONGEST_JOB)),
            _ => {}
        }
    }
}
