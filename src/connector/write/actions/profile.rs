//! `update_user_profile`: sets or clears fields of a user, all in one request: over SCIM if the
//! options ask for it and SCIM carries all of the fields.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value as Json};

use super::action::{ActionBody, Invocation};
use super::fields;
use crate::baton::{ActionSchema, Error, FieldKind, Object, Result};
use crate::connector::error::ReadError;
use crate::connector::write::field_values::{self, Described, For, Problems, is_equal, shown};
use crate::connector::write::key_lock::LockKey;
use crate::connector::write::refusal::{Write, explain};
use crate::connector::write::scim;
use crate::connector::write::seats;
use crate::connector::write::user_state::person::person;
use crate::salesforce::describe::ObjectDescription;
use crate::salesforce::soql::FieldName;
use crate::salesforce::{ErrorCode, SalesforceId};

pub(super) struct UpdateUserProfile(pub(super) Arc<Described>);

const FIELDS: &str = "fields";
/// The largest number of problems in one message.
const MAX_PROBLEMS: usize = 50;

#[async_trait]
impl ActionBody for UpdateUserProfile {
    fn schema(&self) -> ActionSchema {
        ActionSchema {
            name: "update_user_profile",
            display_name: "Update User Profile",
            description: "Sets fields of a user, such as Title or Department, in one request; null \
                          clears a field",
            arguments: vec![
                fields::USER,
                fields::required(
                    FIELDS,
                    "Fields",
                    FieldKind::Map,
                    "User fields by API name, custom ones too, with their new values; null clears",
                ),
                fields::DRY_RUN,
            ],
            returns: vec![
                fields::SUCCESS,
                fields::CHANGED,
                fields::WAS_DRY_RUN,
                fields::required(
                    FIELDS,
                    "Fields",
                    FieldKind::TextList,
                    "The fields that were sent, by API name",
                ),
                fields::SUMMARY,
            ],
            kinds: vec![fields::UPDATE_PROFILE],
        }
    }

    async fn run(&self, call: &mut Invocation<'_>) -> Result<Object> {
        let user = call.given.user(fields::USER.name)?;
        call.attempt.about(user);
        let given = call.given.object(FIELDS)?;
        if given.is_empty() {
            return Err(Error::invalid("fields names no field"));
        }
        let read = |described: &ObjectDescription| read(given, described);
        let (body, problems) = self.0.read(&mut call.attempt, read).await?;
        if !problems.is_empty() {
            let told: Vec<_> = problems.into_iter().take(MAX_PROBLEMS).collect();
            return Err(Error::invalid(format!(
                "nothing was changed: {}",
                told.join("; ")
            )));
        }
        if call.dry_run {
            person(user, &mut call.attempt).await?;
        } else {
            send(call, user, &body).await?;
        }
        call.ended(true);
        let names: Vec<String> = body.keys().cloned().collect();
        let word = if call.dry_run {
            "would be set"
        } else {
            "were set"
        };
        let summary = format!("of user {user} {word}: {}", names.join(", "));
        Ok(Object::from([
            ("success".to_owned(), true.into()),
            ("changed".to_owned(), true.into()),
            ("dry_run".to_owned(), call.dry_run.into()),
            (FIELDS.to_owned(), names.into()),
            ("summary".to_owned(), summary.into()),
        ]))
    }
}

fn read(given: &Object, user: &ObjectDescription) -> (Map<String, Json>, Problems) {
    let (mut body, mut problems) = (Map::new(), Problems::new());
    for (key, value) in given {
        match field_values::read(user, key, key, value, For::Update) {
            Ok((name, json)) => {
                if body.insert(name, json).is_some() {
                    problems.push(format!("{} is given twice", shown(key)));
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    (body, problems)
}

async fn send(
    call: &mut Invocation<'_>,
    user: SalesforceId,
    body: &Map<String, Json>,
) -> Result<()> {
    let doing = format!("user {user} cannot be changed");
    let context = call.attempt.context;
    let _lock = context.key_locks.lock(LockKey::User(user)).await;
    let (client, object) = (&context.org.client, FieldName::from("User"));
    let names: Vec<FieldName> = body
        .keys()
        .filter_map(|name| FieldName::parse(name).ok())
        .collect();
    let patch = scim::change(body).filter(|_| context.prefers_scim());
    let (patch, object) = (&patch, &object);
    // Setting the same values twice does no harm, but once they are set, a second send must not
    // overwrite what somebody else has changed since.
    let find = || async {
        let read = client.read::<Map<String, Json>>(object, user, &names);
        Ok(read.await?.map(|now| {
            let is_set = |(name, wanted): (&String, &Json)| is_equal(name, now.get(name), wanted);
            body.iter().all(is_set).then_some(())
        }))
    };
    let send = || async move {
        match patch {
            Some(patch) => client.scim().patch(user, patch).await,
            None => client.update(object, user, body).await,
        }
    };
    let error = match call.attempt.settle(send, find).await {
        Ok(()) => return Ok(()),
        Err(ReadError::Salesforce(error)) => error,
        Err(error) => return Err(explain(&doing, Write::UserFields, error)),
    };
    if error.is_not_found() || error.is_scim_unavailable() {
        // Says so if there is no such user, in whatever form that was answered.
        person(user, &mut call.attempt).await?;
    }
    let reason = match error.code() {
        Some(ErrorCode::LicenseLimitExceeded) => {
            let profile = body.get("ProfileId").and_then(Json::as_str);
            let profile = profile.and_then(|id| id.parse().ok());
            seats::no_user_seat(profile, &mut call.attempt).await
        }
        Some(ErrorCode::DuplicateUsername) => {
            "a user of this or another Salesforce org has this username, and usernames are unique \
             among all orgs"
                .to_owned()
        }
        _ => {
            return Err(explain(
                &doing,
                Write::UserFields,
                ReadError::Salesforce(error),
            ));
        }
    };
    Err(Error::precondition(format!("{doing}: {reason}")).because(error))
}
