//! Reassigns up to 200 records in one API call.

use async_trait::async_trait;
use serde::Serialize;

use super::owner_change::OwnerChange;
use crate::connector::error::ReadError;
use crate::connector::read::table::{IdRow, Row};
use crate::connector::write::attempt::Attempt;
use crate::connector::write::batch::{Batch, RecordError};
use crate::salesforce::composite::{Record, SaveResult};
use crate::salesforce::soql::{FieldName, field};
use crate::salesforce::{Error, SalesforceId};

/// Records of one object that get a new owner.
pub(super) struct Reassignment<'a> {
    pub(super) change: OwnerChange,
    pub(super) object: &'a FieldName,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Owner {
    owner_id: SalesforceId,
}

#[async_trait]
impl Batch for Reassignment<'_> {
    type Record = SalesforceId;

    async fn send(
        &self,
        records: &[SalesforceId],
        attempt: &mut Attempt<'_>,
    ) -> Result<Vec<Result<(), RecordError>>, Error> {
        let owner_id = self.change.to;
        let object = self.object.as_str();
        let records: Vec<_> = records
            .iter()
            .map(|id| Record::existing(object.to_owned(), *id, Owner { owner_id }))
            .collect();
        let client = &attempt.context.org.client;
        let sent = client.update_many(&records, false).await;
        let results = attempt.take(sent)?;
        let outcome = |result: &SaveResult| {
            if result.success {
                Ok(())
            } else {
                Err(RecordError::of(result))
            }
        };
        Ok(results.iter().map(outcome).collect())
    }

    /// A record that the old owner still owns is not written.
    async fn split(
        &self,
        records: Vec<SalesforceId>,
        attempt: &mut Attempt<'_>,
    ) -> Result<(Vec<SalesforceId>, Vec<SalesforceId>), ReadError> {
        let select = self
            .change
            .open(self.object)
            .field("Id")
            .filter(field("Id").in_ids(&records));
        let rows = attempt.query::<IdRow>(&select).await?;
        let is_open = |id: &SalesforceId| rows.iter().any(|row| row.id() == *id);
        Ok(records.into_iter().partition(is_open))
    }
}
