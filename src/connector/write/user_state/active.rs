//! Activates and deactivates users.

use serde_json::json;

use super::Changed;
use super::person::person;
use crate::baton::{Error, Result};
use crate::connector::error::ReadError;
use crate::connector::write::attempt::Attempt;
use crate::connector::write::change::{Change, Truth, Verb};
use crate::connector::write::key_lock::LockKey;
use crate::connector::write::refusal::{Write, explain};
use crate::connector::write::seats;
use crate::salesforce::soql::field;
use crate::salesforce::{ErrorCode, SalesforceId};

/// Makes a user active or inactive. A dry run only tells whether that would change anything.
pub(in crate::connector::write) async fn set_active(
    id: SalesforceId,
    active: bool,
    dry_run: bool,
    attempt: &mut Attempt<'_>,
) -> Result<Changed> {
    let _lock = attempt.context.key_locks.lock(LockKey::User(id)).await;
    let before = person(id, attempt).await?;
    if before.is_active == active || dry_run {
        return Ok(before.is_active != active);
    }
    let word = if active { "activated" } else { "deactivated" };
    let doing = format!("user {id} cannot be {word}");
    let wanted = field("Id").eq(id).and(field("IsActive").eq(active));
    let change = Change {
        verb: Verb::Update(id, json!({ "IsActive": active })),
        object: "User",
        truth: Truth::row("User", wanted),
    };
    match attempt.apply(&change).await {
        Ok(()) => Ok(true),
        Err(ReadError::Salesforce(error))
            if error.code() == Some(&ErrorCode::LicenseLimitExceeded) =>
        {
            let reason = seats::no_user_seat(before.profile_id, attempt).await;
            Err(Error::precondition(format!("{doing}: {reason}")).because(error))
        }
        Err(error) => Err(explain(&doing, Write::UserState, error)),
    }
}
