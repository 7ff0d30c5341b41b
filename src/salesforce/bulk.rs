//! Query jobs of Bulk API 2.0: Salesforce runs a query by itself and keeps the result as CSV, which
//! costs far fewer calls than pages of a query.
//!
//! Source: [Bulk API 2.0 and Bulk API Developer Guide, "Query"](https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_bulk_api_2_0.htm).
//! Must not know: which table is worth a job, or what is done with the rows.

mod csv;
mod job;
mod notes;
mod record;
mod results;
mod running;

pub use self::{
    job::{Delimiter, JobId, JobState, QueryJob},
    notes::JobNotes,
    record::{Columns, Kind},
    results::{FieldKinds, Link, ResultList, ResultPage},
    running::RunningJob,
};
pub(super) use running::RunningJobs;

use serde::Serialize;

use super::{
    api_version::ApiVersion,
    client::Client,
    error::{Error, Result},
    soql::Select,
    transport::{Request, Response},
};

/// The first version whose results can be fetched side by side.
const PARALLEL_RESULTS: ApiVersion = ApiVersion::new(58);

#[derive(Serialize)]
struct NewJob {
    operation: &'static str,
    query: String,
}

impl Client {
    /// Starts a job, which [`RunningJob`] deletes in any case. The query may have neither an order
    /// nor a limit, because Salesforce then does not cut it into chunks; rows come in no order.
    pub async fn start_query_job(&self, select: &Select) -> Result<RunningJob> {
        self.delete_abandoned_jobs().await;
        let query = select.to_soql().map_err(Error::Soql)?;
        let name = format!("create a query job of {}", select.object());
        let request = Request::post("jobs/query", name)
            .about(select.object())
            .not_a_write()
            .json(&NewJob {
                operation: "query",
                query,
            })?;
        let job = self.send::<QueryJob>(&request).await?.value;
        Ok(RunningJob::new(self, select.object(), job))
    }

    /// Reads the state of a job of `object`.
    pub async fn query_job(&self, object: &str, id: &JobId) -> Result<Response<QueryJob>> {
        let name = format!("read a query job of {object}");
        self.send(&Request::get(path(id), name).about(object)).await
    }

    /// Deletes a job, which may still be at work. A job that is gone is no error.
    pub(super) async fn delete_query_job(&self, id: &JobId) -> Result<()> {
        match self.delete_finished_job(id).await {
            Err(error) if error.code().is_some() => {
                // Only a job that has ended can be deleted.
                let abort = Request::patch(path(id), "abort a query job").not_a_write();
                let abort = abort.json(&serde_json::json!({"state": "Aborted"}))?;
                let _ = self.send::<serde::de::IgnoredAny>(&abort).await?;
                self.delete_finished_job(id).await
            }
            result => result,
        }
    }

    async fn delete_finished_job(&self, id: &JobId) -> Result<()> {
        let request = Request::delete(path(id), "delete a query job").not_a_write();
        match self.send::<()>(&request.idempotent()).await {
            Err(error) if error.is_not_found() => Ok(()),
            result => result.map(|_| ()),
        }
    }

    /// Deletes the jobs of processes that were killed.
    async fn delete_abandoned_jobs(&self) {
        for (job, note) in self.jobs().notes().abandoned() {
            match self.delete_query_job(&job).await {
                Ok(()) => note.remove(),
                // Another user's job may not be deleted, and that will be so the next time.
                Err(error) if error.code().is_some() => note.remove(),
                Err(error) => tracing::debug!(%error, "cannot delete a query job that was left"),
            }
        }
    }

    /// The pages of a job's result that can be fetched side by side: up to five, and where the next
    /// ones are listed. `None` if this version of the API does not have them.
    pub async fn result_list(
        &self,
        object: &str,
        id: &JobId,
        next: Option<&Link>,
    ) -> Result<Option<Response<ResultList>>> {
        if self.api_version() < PARALLEL_RESULTS {
            return Ok(None);
        }
        let name = format!("list the results of a query job of {object}");
        let query = next.map(Link::query).unwrap_or_default();
        let request = Request::get(format!("{}/resultPages", path(id)), name).about(object);
        let listed = self.send(&request.queries(query)).await;
        match listed {
            // A list that this org does not have.
            Err(error) if next.is_none() && error.is_not_found() => Ok(None),
            listed => listed.map(Some),
        }
    }

    /// Requests a page of a job's result. Its records follow as a stream.
    pub async fn result_page(
        &self,
        object: &str,
        job: &QueryJob,
        link: &Link,
    ) -> Result<Response<ResultPage>> {
        let name = format!("read the results of a query job of {object}");
        let request = Request::get(format!("{}/results", path(&job.id)), name)
            .about(object)
            .queries(link.query())
            .accept("text/csv");
        let answer = self.open(&request).await?;
        answer.try_map(|stream| ResultPage::new(stream, job.delimiter()))
    }
}

fn path(id: &JobId) -> String {
    format!("jobs/query/{}", id.as_str())
}
