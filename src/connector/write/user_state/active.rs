//! Activates and deactivates users, over the API that the options name. Over SCIM, deleting a user
//! is a request of its own with the effect of a deactivation.

use serde_json::json;

use super::Changed;
use super::person::person;
use crate::baton::{Error, Result};
use crate::connector::error::ReadError;
use crate::connector::write::attempt::Attempt;
use crate::connector::write::change::{Change, Truth, Verb};
use crate::connector::write::context::WriteContext;
use crate::connector::write::key_lock::LockKey;
use crate::connector::write::refusal::{Write, explain};
use crate::connector::write::seats;
use crate::salesforce::scim::Patch;
use crate::salesforce::soql::field;
use crate::salesforce::{ErrorCode, SalesforceId};

/// The state that a user gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::connector) enum Wanted {
    Active,
    Inactive,
    /// Inactive as well: Salesforce keeps every user.
    Deleted,
}

impl Wanted {
    fn is_active(self) -> bool {
        self == Self::Active
    }

    fn verb(self, id: SalesforceId, context: &WriteContext) -> Verb {
        let active = self.is_active();
        match self {
            _ if !context.prefers_scim() => Verb::Update(id, json!({ "IsActive": active })),
            Self::Deleted => Verb::DeleteUser(id),
            Self::Active | Self::Inactive => Verb::Patch(id, Patch::active(active)),
        }
    }
}

/// Brings a user into a state. A dry run only tells whether that would change anything.
pub(in crate::connector::write) async fn bring(
    id: SalesforceId,
    wanted: Wanted,
    dry_run: bool,
    attempt: &mut Attempt<'_>,
) -> Result<Changed> {
    let _lock = attempt.context.key_locks.lock(LockKey::User(id)).await;
    let active = wanted.is_active();
    let before = person(id, attempt).await?;
    if before.is_active == active || dry_run {
        return Ok(before.is_active != active);
    }
    let word = if active { "activated" } else { "deactivated" };
    let doing = format!("user {id} cannot be {word}");
    let rows = field("Id").eq(id).and(field("IsActive").eq(active));
    let change = Change {
        verb: wanted.verb(id, attempt.context),
        object: "User",
        truth: Truth::row("User", rows),
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
