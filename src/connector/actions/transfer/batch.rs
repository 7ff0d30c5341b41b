//! Giving up to 200 records away, in one call unless something goes wrong.

use std::time::Duration;

use serde::Serialize;

use super::tally::Failures;
use super::{Invocation, Transfer, owned};
use crate::connector::context::IdRow;
use crate::connector::table::Row as _;
use crate::salesforce::composite::Record;
use crate::salesforce::soql::{FieldName, field};
use crate::salesforce::{Error, ErrorCode, SalesforceId};

/// How often one record is tried.
const ROUNDS: u32 = 4;
/// How long to leave locked records alone, doubled each time.
const PAUSE: Duration = Duration::from_millis(100);

/// What became of a batch.
pub(super) struct Given {
    pub(super) done: u64,
    pub(super) failed: Failures,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Owner {
    owner_id: SalesforceId,
}

/// Gives the records away. Locked ones are tried again alone, one call after the other; after an
/// answer that was lost the org says which ones are still the old owner's.
pub(super) async fn give(
    call: &mut Invocation<'_>,
    transfer: Transfer,
    object: &FieldName,
    ids: &[SalesforceId],
) -> Result<Given, Error> {
    let mut given = Given {
        done: 0,
        failed: Failures::default(),
    };
    let mut open = ids.to_vec();
    let mut pause = PAUSE;
    for left in (0..ROUNDS).rev() {
        let records: Vec<_> = open
            .iter()
            .map(|id| record(object, *id, transfer.to))
            .collect();
        let sent = call.context.org.client.update_many(&records, false).await;
        let results = match call.wrote.tried(sent) {
            Ok(results) => results,
            Err(error) if error.is_ambiguous() && left > 0 => {
                let kept = still_owned(call, transfer, object, &open).await?;
                given.done += count(open.len().saturating_sub(kept.len()));
                open = kept;
                if open.is_empty() {
                    break;
                }
                continue;
            }
            Err(error) => return Err(error),
        };
        let mut locked = Vec::new();
        for (id, result) in open.into_iter().zip(results) {
            let code = result.errors.first().and_then(|problem| problem.code());
            match code {
                _ if result.success => given.done += 1,
                Some(ErrorCode::UnableToLockRow) if left > 0 => locked.push(id),
                code => given.failed.add(id, code),
            }
        }
        open = locked;
        if open.is_empty() {
            break;
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    Ok(given)
}

fn record(object: &FieldName, id: SalesforceId, owner_id: SalesforceId) -> Record<Owner> {
    Record::existing(object.as_str().to_owned(), id, Owner { owner_id })
}

async fn still_owned(
    call: &mut Invocation<'_>,
    transfer: Transfer,
    object: &FieldName,
    ids: &[SalesforceId],
) -> Result<Vec<SalesforceId>, Error> {
    let select = owned(object, transfer.from)
        .field("Id")
        .filter(field("Id").in_ids(ids));
    let page = call
        .wrote
        .tried(call.context.org.client.query::<IdRow>(&select).await)?;
    Ok(page.records.iter().map(|row| row.id()).collect())
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
