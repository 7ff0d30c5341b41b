//! Deletes rows, as many as one call takes.

use async_trait::async_trait;
use http::Method;

use super::held::{ASSIGNMENT, Held, Scope, read};
use crate::baton::{Error, Kind};
use crate::connector::error::ReadError;
use crate::connector::write::attempt::Attempt;
use crate::connector::write::batch::{Batch, RecordError};
use crate::salesforce::composite::{MAX_RECORDS, SaveResult, Subrequest};
use crate::salesforce::{self, ErrorCode, SalesforceId};

/// Splits rows into batches that one call deletes. Assignments come first, because a licence can
/// only be removed after the assignments that need it. A collection may not mix setup objects, so
/// rows of other objects share a composite of collections.
pub(super) fn batches(rows: Vec<Held>) -> Vec<Vec<Held>> {
    let (assignments, mut rest): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| row.object == ASSIGNMENT);
    let mut batches: Vec<_> = assignments.chunks(MAX_RECORDS).map(<[_]>::to_vec).collect();
    while !rest.is_empty() {
        let mut batch: Vec<Held> = Vec::new();
        let mut later = Vec::new();
        for row in rest {
            let alike = batch
                .iter()
                .filter(|other| other.object == row.object)
                .count();
            if alike < MAX_RECORDS {
                batch.push(row);
            } else {
                later.push(row);
            }
        }
        batch.sort_by_key(|row| row.object);
        batches.push(batch);
        rest = later;
    }
    batches
}

/// Removes rows from a user.
pub(super) struct Removal {
    pub(super) user: SalesforceId,
    pub(super) scope: Scope,
}

#[async_trait]
impl Batch for Removal {
    type Record = Held;

    async fn send(
        &self,
        rows: &[Held],
        attempt: &mut Attempt<'_>,
    ) -> Result<Vec<Result<(), RecordError>>, salesforce::Error> {
        let client = &attempt.context.org.client;
        // Rows of one object are adjacent.
        let kinds: Vec<&[Held]> = rows.chunk_by(|a, b| a.object == b.object).collect();
        if let [rows] = kinds.as_slice() {
            let results = attempt.take(client.delete_many(&ids(rows), false).await)?;
            return Ok(results.iter().map(outcome).collect());
        }
        let requests: Vec<_> = kinds.iter().map(|rows| collection(rows)).collect();
        let answers = attempt.take(client.composite(&requests, false).await)?;
        let mut outcomes = Vec::with_capacity(rows.len());
        for rows in kinds {
            let object = rows.first().map_or("", |row| row.object);
            let answer = answers
                .iter()
                .find(|answer| answer.reference_id == object)
                .cloned();
            let results = match answer {
                Some(answer) => answer.decode::<Vec<SaveResult>>("delete records"),
                None => Err(salesforce::Error::Invalid("an answer is missing")),
            };
            match results {
                Ok(results) if results.len() == rows.len() => {
                    outcomes.extend(results.iter().map(outcome));
                }
                Ok(_) => outcomes.extend(rows.iter().map(|_| Err(RecordError::default()))),
                // A server that failed may have deleted some of the rows.
                Err(error) if error.is_ambiguous() => return Err(error),
                Err(error) => {
                    let error = RecordError::of_call(&error);
                    outcomes.extend(rows.iter().map(|_| Err(error.clone())));
                }
            }
        }
        Ok(outcomes)
    }

    /// A row that the user no longer holds is removed.
    async fn split(
        &self,
        rows: Vec<Held>,
        attempt: &mut Attempt<'_>,
    ) -> Result<(Vec<Held>, Vec<Held>), ReadError> {
        let now = read(self.user, self.scope, attempt).await?;
        // A table that cannot be read does not show whether its rows are gone.
        let concerns = |object: &str| rows.iter().any(|row| row.object == object);
        if let Some(table) = now.unread.into_iter().find(|table| concerns(&table.object)) {
            return Err(Error::new(Kind::Unavailable, table.reason).into());
        }
        let is_held = |row: &Held| now.rows.iter().any(|now| now.id == row.id);
        Ok(rows.into_iter().partition(is_held))
    }
}

fn ids(rows: &[Held]) -> Vec<SalesforceId> {
    rows.iter().map(|row| row.id).collect()
}

fn collection(rows: &[Held]) -> Subrequest {
    let list: Vec<_> = rows.iter().map(|row| row.id.to_string()).collect();
    let object = rows.first().map_or("", |row| row.object);
    let path = format!("composite/sobjects?ids={}&allOrNone=false", list.join(","));
    Subrequest::new(Method::DELETE, path, object)
}

/// A row that no longer exists counts as removed.
fn outcome(result: &SaveResult) -> Result<(), RecordError> {
    let code = result.errors.first().and_then(|problem| problem.code());
    let is_gone = code
        .is_some_and(|code| code.is_not_found() || *code == ErrorCode::InvalidCrossReferenceKey);
    if result.success || is_gone {
        Ok(())
    } else {
        Err(RecordError::of(result))
    }
}
