//! Freezes and unfreezes users: a frozen user cannot sign in.

use serde::Deserialize;
use serde_json::json;

use super::Changed;
use super::person::person;
use crate::baton::{Error, Result};
use crate::connector::error::ReadError;
use crate::connector::write::attempt::Attempt;
use crate::connector::write::change::{Change, Truth, Verb};
use crate::connector::write::key_lock::LockKey;
use crate::connector::write::refusal::{Write, explain};
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Select, field};

/// A row of `UserLogin`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Login {
    id: SalesforceId,
    user_id: Option<SalesforceId>,
    is_frozen: bool,
}

/// Freezes or unfreezes a user. A dry run only tells whether that would change anything.
pub(in crate::connector::write) async fn set_frozen(
    id: SalesforceId,
    frozen: bool,
    dry_run: bool,
    attempt: &mut Attempt<'_>,
) -> Result<Changed> {
    let _lock = attempt.context.key_locks.lock(LockKey::User(id)).await;
    let word = if frozen { "frozen" } else { "unfrozen" };
    let doing = format!("user {id} cannot be {word}");
    let login = login(id, attempt).await;
    let Some(login) = login.map_err(|error| explain(&doing, Write::UserState, error))? else {
        // Either the user does not exist, or it has no row that could be changed.
        person(id, attempt).await?;
        return Err(Error::precondition(format!(
            "{doing}: Salesforce shows no login record (UserLogin) for it; accounts that nobody \
             signs in with have none, and for all others the connector's user needs the \
             permission \"Manage Users\""
        )));
    };
    if login.is_frozen == frozen || dry_run {
        return Ok(login.is_frozen != frozen);
    }
    let wanted = field("Id").eq(login.id).and(field("IsFrozen").eq(frozen));
    let change = Change {
        verb: Verb::Update(login.id, json!({ "IsFrozen": frozen })),
        object: "UserLogin",
        truth: Truth::row("UserLogin", wanted),
    };
    let applied = attempt.apply(&change).await;
    applied
        .map(|()| true)
        .map_err(|error| explain(&doing, Write::UserState, error))
}

async fn login(user: SalesforceId, attempt: &mut Attempt<'_>) -> Result<Option<Login>, ReadError> {
    let select = Select::from("UserLogin").fields(["Id", "UserId", "IsFrozen"]);
    let select = select.filter(field("UserId").eq(user)).limit(2);
    let rows = attempt.query::<Login>(&select).await?;
    Ok(rows.into_iter().find(|row| row.user_id == Some(user)))
}
