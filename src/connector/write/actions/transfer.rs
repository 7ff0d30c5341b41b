//! `transfer_user_records`: reassigns a user's records to another user.
//!
//! Ids are read 2,000 at a time and records are updated 200 at a time, one call after the other,
//! because records of one account lock each other. A reassigned record is no longer found, so a
//! second run continues where the first one stopped.

mod batch;
mod object;
mod owner_change;
mod tally;

use async_trait::async_trait;

use super::action::{ActionBody, Invocation};
use super::fields;
use crate::baton::{ActionSchema, Error, FieldKind, Object, Result};
use crate::connector::error::{ReadError, wrap};
use crate::connector::read::table::{IdRow, PAGE, Row};
use crate::connector::write::batch::{Written, write};
use crate::connector::write::key_lock::LockKey;
use crate::connector::write::user_state::person::{people, unknown};
use crate::salesforce::composite::MAX_RECORDS;
use crate::salesforce::soql::{FieldName, field};
use crate::salesforce::{self, SalesforceId};
use batch::Reassignment;
use owner_change::OwnerChange;
use tally::Tally;

pub(super) struct TransferUserRecords;

const NEW_OWNER: &str = "new_owner_id";
const OBJECTS: &str = "objects";

#[async_trait]
impl ActionBody for TransferUserRecords {
    fn schema(&self) -> ActionSchema {
        ActionSchema {
            name: "transfer_user_records",
            display_name: "Transfer User Records",
            description: "Gives the records that a user owns to another active user: accounts, \
                          opportunities and tasks, or the objects named. Running it again goes on \
                          where it stopped",
            arguments: vec![
                fields::USER,
                fields::required(
                    NEW_OWNER,
                    "New Owner ID",
                    FieldKind::Text,
                    "The Salesforce id of the active user that gets the records",
                ),
                fields::optional(
                    OBJECTS,
                    "Objects",
                    FieldKind::TextList,
                    "The objects whose records are transferred, by API name; without it Account, \
                     Opportunity and Task",
                ),
                fields::DRY_RUN,
            ],
            returns: vec![
                fields::SUCCESS,
                fields::WAS_DRY_RUN,
                fields::required(
                    "transferred",
                    "Transferred",
                    FieldKind::Int,
                    "How many records were given to the new owner, or would be",
                ),
                fields::required(
                    "transferred_by_object",
                    "Transferred by Object",
                    FieldKind::Map,
                    "The same for each object",
                ),
                fields::required("failed", "Failed", FieldKind::Int, "How many could not be"),
                fields::required(
                    "failures",
                    "Failures",
                    FieldKind::TextList,
                    "Which and why, the first hundred of them",
                ),
                fields::SUMMARY,
            ],
            kinds: vec![fields::ACCOUNT],
        }
    }

    async fn run(&self, call: &mut Invocation<'_>) -> Result<Object> {
        let from = call.given.user(fields::USER.name)?;
        let to = call.given.user(NEW_OWNER)?;
        call.attempt.about(from);
        call.attempt.about(to);
        let change = OwnerChange { from, to };
        let names = object::names(call.given.texts(OBJECTS)?)?;
        check_users(call, change).await?;
        let objects = object::check(names, &mut call.attempt).await?;
        // Another transfer from the same user would write the same records again.
        let _lock = call
            .attempt
            .context
            .key_locks
            .lock(LockKey::Transfer(from))
            .await;
        let mut tally = Tally::new(&objects);
        for object in &objects {
            if call.dry_run {
                count(call, change, object, &mut tally).await?;
            } else {
                give(call, change, object, &mut tally).await?;
            }
        }
        call.ended(tally.transferred() > 0);
        Ok(tally.reply(call.dry_run, change))
    }
}

/// Both users must exist, and the new owner must be active. One call, always a fresh read.
async fn check_users(call: &mut Invocation<'_>, change: OwnerChange) -> Result<()> {
    let OwnerChange { from, to } = change;
    if from == to {
        return Err(Error::invalid(format!(
            "{NEW_OWNER} is the same user as resource_id"
        )));
    }
    let people = people(&[from, to], &mut call.attempt).await;
    let people = people.map_err(|error| error.wrap("reading the two users"))?;
    let find = |id| {
        people
            .iter()
            .find(|person| person.id == id)
            .ok_or_else(|| unknown(id))
    };
    find(from)?;
    if find(to)?.is_active {
        return Ok(());
    }
    let text = format!("{NEW_OWNER}: user {to} is not active, so it cannot own records");
    Err(Error::precondition(text))
}

async fn count(
    call: &mut Invocation<'_>,
    change: OwnerChange,
    object: &FieldName,
    tally: &mut Tally,
) -> Result<()> {
    let client = &call.attempt.context.org.client;
    let answer = client.count(&change.open(object).count()).await;
    match call.attempt.take(answer) {
        Ok(number) => tally.add(object, number),
        Err(error) => give_up(object, error, tally)?,
    }
    Ok(())
}

/// Reassigns all records of one object.
async fn give(
    call: &mut Invocation<'_>,
    change: OwnerChange,
    object: &FieldName,
    tally: &mut Tally,
) -> Result<()> {
    // Records that could not be reassigned would be found again, so reading continues after them.
    let mut after: Option<SalesforceId> = None;
    loop {
        call.progress.report(tally.values());
        call.go_on()?;
        let mut select = change.open(object).field("Id").order_by("Id");
        if let Some(after) = after {
            select = select.filter(field("Id").gt(after));
        }
        // One more than needed shows whether there are more without another call.
        let select = select.limit(u32::try_from(PAGE + 1).unwrap_or(u32::MAX));
        let client = &call.attempt.context.org.client;
        let page = client.query::<IdRow>(&select).await;
        let page = match call.attempt.take(page) {
            Ok(page) => page,
            Err(error) => return give_up(object, error, tally),
        };
        let is_last = page.done && page.records.len() <= PAGE;
        let ids: Vec<_> = page.records.iter().take(PAGE).map(Row::id).collect();
        let Some(last) = ids.last() else {
            return Ok(());
        };
        after = Some(*last);
        for ids in ids.chunks(MAX_RECORDS) {
            call.go_on()?;
            let reassignment = Reassignment { change, object };
            let mut written = Written::default();
            let ended = write(&reassignment, ids.to_vec(), &mut call.attempt, &mut written).await;
            let is_hopeless = written.done.is_empty() && tally::is_hopeless(&written.failed);
            tally.add(object, written.done.len() as u64);
            tally.fail(object, written.failed);
            call.progress.report(tally.values());
            match ended {
                Ok(()) if is_hopeless => {
                    let name = object.as_str();
                    tally.note(format!(
                        "{name}: the others were not tried, as none can be given"
                    ));
                    return Ok(());
                }
                Ok(()) => {}
                Err(ReadError::Salesforce(error)) => return give_up(object, error, tally),
                Err(ReadError::Own(error)) => return Err(error),
            }
        }
        if is_last {
            return Ok(());
        }
    }
}

/// An error that concerns one object is noted, and the action continues with the next one. Any
/// other error ends the action.
fn give_up(object: &FieldName, error: salesforce::Error, tally: &mut Tally) -> Result<()> {
    let ends_all = error.code().is_none()
        || error.is_daily_limit()
        || error.is_login_refused()
        || error.is_session_expired()
        || error.is_throttled();
    let error = wrap(format!("transferring {}", object.as_str()), error);
    if ends_all {
        return Err(error);
    }
    tally.note(error.chain());
    Ok(())
}
