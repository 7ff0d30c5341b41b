//! The result of a query job that is complete.

use std::sync::Arc;

use crate::connector::read::org::Org;
use crate::salesforce::bulk::{FieldKinds, Link, QueryJob, ResultList, ResultPage};
use crate::salesforce::{Error, Response};

/// The result of a job that is complete.
pub(super) struct JobResult {
    pub(super) org: Arc<Org>,
    pub(super) object: &'static str,
    pub(super) job: QueryJob,
    /// The names of the columns that were asked for.
    pub(super) columns: Vec<String>,
    pub(super) kinds: FieldKinds,
}

impl JobResult {
    pub(super) async fn list(&self, next: Option<&Link>) -> Result<Option<ResultList>, Error> {
        let client = &self.org.client;
        let list = Box::pin(client.result_list(self.object, &self.job.id, next)).await?;
        Ok(list.map(|list| list.value))
    }

    pub(super) async fn open(&self, link: &Link) -> Result<Response<ResultPage>, Error> {
        let client = &self.org.client;
        Box::pin(client.result_page(self.object, &self.job, link)).await
    }
}
