//! The states of a user: active or not, frozen or not, and why Salesforce refuses a change.
//!
//! Deactivating frees the seat and may be refused; freezing only shuts the door. Both say when
//! there was nothing to change. No cached value decides.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

mod refusal;
mod seats;

pub(super) use refusal::{explain, without_data};
pub(super) use seats::no_seat;

use super::audit::Outcome;
use super::context::Context;
use super::error::wrap;
use super::user::Users;
use super::wrote::{Wrote, settle};
use crate::baton::{Deleted, Deleter, Error, Kind, ResourceId, Result};
use crate::salesforce::soql::{FieldName, Select, field};
use crate::salesforce::{self, ErrorCode, Response, SalesforceId};

/// What ids of users begin with.
const PREFIX: &str = "005";

/// Why a text is no user's id.
pub(super) fn user_id(name: &str, text: &str) -> Result<SalesforceId> {
    let id: SalesforceId = text
        .parse()
        .map_err(|error| Error::invalid(format!("{name} is not an id of a user")).because(error))?;
    if id.key_prefix() == PREFIX {
        return Ok(id);
    }
    Err(Error::invalid(format!(
        "{name} is not an id of a user: {id} begins with {}, ids of users begin with {PREFIX}",
        id.key_prefix()
    )))
}

/// A user as a decision to write needs it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Person {
    pub(super) id: SalesforceId,
    pub(super) is_active: bool,
    pub(super) profile_id: Option<SalesforceId>,
}

/// Several users, read afresh in one call; those that do not exist are left out.
pub(super) async fn people(
    context: &Context,
    ids: &[SalesforceId],
) -> Result<Response<Vec<Person>>, salesforce::Error> {
    let select = person_columns().filter(field("Id").in_ids(ids));
    Ok(context
        .org
        .client
        .query::<Person>(&select)
        .await?
        .map(|page| page.records))
}

/// What is asked of a user before a write.
pub(super) fn person_columns() -> Select {
    Select::from("User").fields(["Id", "IsActive", "ProfileId"])
}

/// A user, read afresh.
pub(super) async fn person(
    context: &Context,
    id: SalesforceId,
    wrote: &mut Wrote,
) -> Result<Person> {
    let found = wrote.tried(people(context, &[id]).await);
    let found = found.map_err(|error| wrap("reading the user", error))?;
    found
        .into_iter()
        .find(|person| person.id == id)
        .ok_or_else(|| unknown(id))
}

/// There is no such user.
pub(super) fn unknown(id: SalesforceId) -> Error {
    Error::not_found(format!(
        "user {id} does not exist in this org, or the connector's user may not see it"
    ))
}

/// Whether anything was changed, or would have been in a dry run.
pub(super) type Changed = bool;

/// Makes a user active or inactive.
pub(super) async fn set_active(
    context: &Context,
    id: SalesforceId,
    active: bool,
    dry_run: bool,
    wrote: &mut Wrote,
) -> Result<Changed> {
    let _turn = context.turns.take((id, None)).await;
    let before = person(context, id, wrote).await?;
    if before.is_active == active || dry_run {
        return Ok(before.is_active != active);
    }
    let (client, user) = (&context.org.client, FieldName::from("User"));
    let body = json!({ "IsActive": active });
    let is_done = || async {
        let now = people(context, &[id]).await?;
        Ok(now.map(|now| now.iter().any(|now| now.is_active == active)))
    };
    match settle(wrote, || client.update(&user, id, &body), is_done).await {
        Ok(()) => Ok(true),
        Err(error) if error.code() == Some(&ErrorCode::LicenseLimitExceeded) => {
            let doing = format!("user {id} cannot be activated");
            Err(no_seat(context, before.profile_id, &doing, error, wrote).await)
        }
        Err(error) => {
            let word = if active { "activated" } else { "deactivated" };
            Err(explain(&format!("user {id} cannot be {word}"), error))
        }
    }
}

/// A row of `UserLogin`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Login {
    id: SalesforceId,
    user_id: Option<SalesforceId>,
    is_frozen: bool,
}

async fn login(
    context: &Context,
    user: SalesforceId,
) -> Result<Response<Option<Login>>, salesforce::Error> {
    let select = Select::from("UserLogin").fields(["Id", "UserId", "IsFrozen"]);
    let select = select.filter(field("UserId").eq(user)).limit(2);
    let page = context.org.client.query::<Login>(&select).await?;
    Ok(page.map(|page| {
        page.records
            .into_iter()
            .find(|row| row.user_id == Some(user))
    }))
}

/// Freezes a user or lets it sign in again.
pub(super) async fn set_frozen(
    context: &Context,
    id: SalesforceId,
    frozen: bool,
    dry_run: bool,
    wrote: &mut Wrote,
) -> Result<Changed> {
    let _turn = context.turns.take((id, None)).await;
    let word = if frozen { "frozen" } else { "unfrozen" };
    let doing = format!("user {id} cannot be {word}");
    let row = wrote.tried(login(context, id).await);
    let row = row.map_err(|error| explain(&doing, error))?;
    let Some(row) = row else {
        // Either there is no such user, or a user without a row that could be changed.
        person(context, id, wrote).await?;
        return Err(Error::precondition(format!(
            "{doing}: Salesforce shows no login record (UserLogin) of it; accounts that people do \
             not sign in with have none, and for all others the connector's user needs the \
             permission \"Manage Users\""
        )));
    };
    if row.is_frozen == frozen || dry_run {
        return Ok(row.is_frozen != frozen);
    }
    let (client, object) = (&context.org.client, FieldName::from("UserLogin"));
    let body = json!({ "IsFrozen": frozen });
    let is_done = || async {
        let now = login(context, id).await?;
        Ok(now.map(|now| now.is_some_and(|now| now.is_frozen == frozen)))
    };
    let done = settle(wrote, || client.update(&object, row.id, &body), is_done).await;
    done.map(|()| true).map_err(|error| explain(&doing, error))
}

/// Salesforce deletes no users: they are deactivated.
#[async_trait]
impl Deleter for Users {
    async fn delete(&self, id: &ResourceId) -> Result<Deleted> {
        let mut wrote = Wrote::new("delete", "User");
        let done = deactivate(&self.context, id, &mut wrote).await;
        if let Ok(changed) = &done {
            wrote.ended(if *changed {
                Outcome::Changed
            } else {
                Outcome::Already
            });
        }
        wrote.log(done.as_ref().err());
        let quota = wrote.quota();
        done.map(|changed| Deleted {
            already: !changed,
            quota,
        })
        .map_err(|error| error.with_quota(quota))
    }
}

async fn deactivate(context: &Context, id: &ResourceId, wrote: &mut Wrote) -> Result<Changed> {
    let id = user_id("the resource id", id.resource.as_str())?;
    wrote.about(id);
    let dry_run = context.options.dry_run;
    let changed = set_active(context, id, false, dry_run, wrote).await?;
    if dry_run && changed {
        wrote.ended(Outcome::DryRun);
        return Err(Error::new(
            Kind::FailedPrecondition,
            format!("dry run: would set IsActive of user {id} to false; nothing was sent"),
        ));
    }
    Ok(changed)
}
