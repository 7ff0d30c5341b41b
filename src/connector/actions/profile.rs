//! `update_user_profile`: sets or clears fields of a user, all in one request.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value as Json};

use super::{Invocation, Work, fields};
use crate::baton::{ActionSchema, Error, FieldKind, Object, Result};
use crate::connector::lifecycle::{explain, no_seat, person};
use crate::connector::typed::{self, Described, For, Problems, shown};
use crate::connector::wrote::settle;
use crate::salesforce::describe::ObjectDescription;
use crate::salesforce::soql::FieldName;
use crate::salesforce::{ErrorCode, SalesforceId};

pub(super) struct UpdateUserProfile(pub(super) Arc<Described>);

const FIELDS: &str = "fields";
/// Problems told in one message at most.
const MAX_PROBLEMS: usize = 50;

#[async_trait]
impl Work for UpdateUserProfile {
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
        call.wrote.about(user);
        let given = call.given.object(FIELDS)?;
        if given.is_empty() {
            return Err(Error::invalid("fields names no field"));
        }
        let read = |described: &ObjectDescription| read(given, described);
        let (body, problems) = self.0.read(call.context, &mut call.wrote, read).await?;
        if !problems.is_empty() {
            let told: Vec<_> = problems.into_iter().take(MAX_PROBLEMS).collect();
            return Err(Error::invalid(format!(
                "nothing was changed: {}",
                told.join("; ")
            )));
        }
        if call.dry_run {
            person(call.context, user, &mut call.wrote).await?;
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
        match typed::read(user, key, key, value, For::Update) {
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
    let _turn = call.context.turns.take((user, None)).await;
    let (client, object) = (&call.context.org.client, FieldName::from("User"));
    let names: Vec<FieldName> = body
        .keys()
        .filter_map(|name| FieldName::parse(name).ok())
        .collect();
    // Setting the same values twice is the same as once; but where they are set already, nobody's
    // later change may be overwritten by a second sending.
    let is_done = || async {
        let now = client
            .read::<Map<String, Json>>(&object, user, &names)
            .await?;
        Ok(now.map(|now| {
            body.iter()
                .all(|(name, wanted)| is_equal(name, now.get(name), wanted))
        }))
    };
    let sent = settle(
        &mut call.wrote,
        || client.update(&object, user, body),
        is_done,
    )
    .await;
    match sent {
        Ok(()) => Ok(()),
        Err(error) if error.code() == Some(&ErrorCode::LicenseLimitExceeded) => {
            let profile = body.get("ProfileId").and_then(Json::as_str);
            let profile = profile.and_then(|id| id.parse().ok());
            Err(no_seat(call.context, profile, &doing, error, &mut call.wrote).await)
        }
        Err(error) if error.code() == Some(&ErrorCode::DuplicateUsername) => {
            let text = "a user of this or another Salesforce org has this username, and usernames \
                        are unique among all orgs";
            Err(Error::precondition(format!("{doing}: {text}")).because(error))
        }
        Err(error) => Err(explain(&doing, error)),
    }
}

/// Whether the org shows what was sent. Salesforce trims texts and writes names to sign in with and
/// addresses small; anything else that differs was not written, or is written again without harm.
fn is_equal(name: &str, now: Option<&Json>, wanted: &Json) -> bool {
    match (now, wanted) {
        (Some(Json::String(now)), Json::String(wanted)) if matches!(name, "Username" | "Email") => {
            now.trim().eq_ignore_ascii_case(wanted.trim())
        }
        (Some(Json::String(now)), Json::String(wanted)) => now.trim() == wanted.trim(),
        (Some(Json::Number(now)), Json::Number(wanted)) => now.as_f64() == wanted.as_f64(),
        (now, wanted) => now.unwrap_or(&Json::Null) == wanted,
    }
}
