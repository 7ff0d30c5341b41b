//! Deleting rows, as many as one call takes.

use http::Method;

use super::Refusal;
use super::held::{ASSIGNMENT, Held};
use crate::connector::context::Context;
use crate::connector::wrote::Wrote;
use crate::salesforce::composite::{MAX_RECORDS, SaveResult, Subrequest};
use crate::salesforce::{Error, ErrorCode, SalesforceId};

/// Rows that one call deletes. Assignments come first: a licence that one of them needs cannot be
/// given back before. Setup objects of several kinds may not share a collection, so the others
/// share a composite of collections.
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
                batch.push(row)
            } else {
                later.push(row)
            }
        }
        // Rows of one object stand together, as the answers will.
        batch.sort_by_key(|row| row.object);
        batches.push(batch);
        rest = later;
    }
    batches
}

/// Deletes one batch; the outcomes stand in the order of the rows.
pub(super) async fn remove(
    context: &Context,
    batch: &[Held],
    wrote: &mut Wrote,
) -> Result<Vec<Result<(), Refusal>>, Error> {
    let client = &context.org.client;
    let kinds: Vec<&[Held]> = batch.chunk_by(|a, b| a.object == b.object).collect();
    if let [rows] = kinds.as_slice() {
        let results = wrote.tried(client.delete_many(&ids(rows), false).await)?;
        return Ok(results.into_iter().map(outcome).collect());
    }
    let requests: Vec<_> = kinds.iter().map(|rows| collection(rows)).collect();
    let answers = wrote.tried(client.composite(&requests, false).await)?;
    let mut outcomes = Vec::with_capacity(batch.len());
    for rows in kinds {
        let object = rows.first().map_or("", |row| row.object);
        let answer = answers
            .iter()
            .find(|answer| answer.reference_id == object)
            .cloned();
        let results = match answer {
            Some(answer) => answer.decode::<Vec<SaveResult>>("delete records"),
            None => Err(Error::Invalid("an answer is missing")),
        };
        match results {
            Ok(results) if results.len() == rows.len() => {
                outcomes.extend(results.into_iter().map(outcome));
            }
            Ok(_) => outcomes.extend(rows.iter().map(|_| Err(Refusal::new(None)))),
            // A server that failed may have deleted some: the caller reads what is left.
            Err(error) if error.is_ambiguous() => return Err(error),
            Err(error) => {
                outcomes.extend(rows.iter().map(|_| Err(Refusal::new(error.code()))));
            }
        }
    }
    Ok(outcomes)
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

/// What is gone already is as good as removed.
fn outcome(result: SaveResult) -> Result<(), Refusal> {
    let code = result.errors.first().and_then(|problem| problem.code());
    let is_gone = code
        .is_some_and(|code| code.is_not_found() || *code == ErrorCode::InvalidCrossReferenceKey);
    if result.success || is_gone {
        Ok(())
    } else {
        Err(Refusal::new(code))
    }
}
