//! Authorizations of apps: rows of `OauthToken`. They can only be revoked, because only the person
//! can authorize an app, by signing in to it.
//!
//! Each row has a secret with which Salesforce ends it. It is read for the revoke alone, sent in the
//! body of a request, and shown nowhere. What is left is read afterwards.

use async_trait::async_trait;
use serde::Deserialize;

use super::rule::{Applied, Rule};
use super::target::{Shape, Target};
use crate::baton::{Error, Kind, Result};
use crate::connector::catalog::{CONNECTED_APP, PERMISSION_SET};
use crate::connector::error::{ReadError, is_refusal};
use crate::connector::resources::connected_app::{ASSIGNED, AUTHORIZED, AppIndex, WHY_IMMUTABLE};
use crate::connector::write::attempt::Attempt;
use crate::salesforce::soql::{Select, field};
use crate::salesforce::{self, Client, Response, RevocationHandle, SalesforceId};

const OBJECT: &str = "OauthToken";

const SHAPE: Shape = Shape {
    on: &CONNECTED_APP,
    slug: AUTHORIZED,
    // Connected apps and external client apps have prefixes of their own, which both begin so.
    prefix: "0",
    doing: "ending the authorization of an app",
    noun: "connected app",
    object: OBJECT,
    is_single: false,
    other_holder: Some((&PERMISSION_SET, WHY_IMMUTABLE)),
};

/// Ends authorizations.
pub(in crate::connector) struct Authorizations;

/// A row of `OauthToken`. It contains a secret, so it cannot be shown.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TokenRow {
    app_name: Option<String>,
    app_menu_item_id: Option<SalesforceId>,
    delete_token: Option<RevocationHandle>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ItemPart {
    id: SalesforceId,
    application_id: Option<SalesforceId>,
}

#[derive(Deserialize)]
struct AppPart {
    #[serde(rename = "Id")]
    id: SalesforceId,
    #[serde(default, alias = "Name", alias = "MasterLabel")]
    name: Option<String>,
}

/// Whether the connector's user sees the authorizations of others.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SightPart {
    permissions_customize_application: Option<bool>,
}

/// What was read before the revoke.
struct Found {
    index: AppIndex,
    secrets: Vec<RevocationHandle>,
    /// Salesforce shows the connector's user only its own authorizations.
    sees_own_only: bool,
}

fn tokens(user: SalesforceId) -> Select {
    Select::from(OBJECT)
        .fields(["AppName", "AppMenuItemId", "DeleteToken"])
        .filter(field("UserId").eq(user))
}

/// The user's authorizations of the app, and which apps there are, in one call.
async fn look(target: &Target, attempt: &mut Attempt<'_>) -> Result<Found> {
    let items = Select::from("AppMenuItem").fields(["Id", "ApplicationId"]);
    let connected = Select::from("ConnectedApplication").fields(["Id", "Name"]);
    let external = Select::from("ExternalClientApplication").fields(["Id", "MasterLabel"]);
    let sight = Select::from("UserPermissionAccess")
        .field("PermissionsCustomizeApplication")
        .limit(1);
    let asked = attempt
        .ask([tokens(target.user), items, connected, external, sight])
        .await;
    let mut answers = asked.map_err(|error| SHAPE.explain(error))?;
    let rows = answers.rows::<TokenRow>(0, "read authorizations");
    let rows = rows.map_err(|error| SHAPE.explain(error))?;
    let mut index = AppIndex::default();
    // What the org does not show names no app.
    let items = shown(answers.rows::<ItemPart>(1, "read the items of apps"))?;
    for item in items {
        if let Some(app) = item.application_id {
            index.item(item.id, app);
        }
    }
    for number in [2, 3] {
        for app in shown(answers.rows::<AppPart>(number, "read apps"))? {
            index.app(app.id, app.name.as_deref());
        }
    }
    let secrets = of_app(rows, &index, target)?;
    let sight = shown(answers.rows::<SightPart>(4, "read the connector's permissions"))?;
    let may_see = sight
        .into_iter()
        .next()
        .and_then(|sight| sight.permissions_customize_application);
    Ok(Found {
        index,
        secrets,
        sees_own_only: may_see == Some(false),
    })
}

fn shown<T>(rows: Result<Vec<T>, ReadError>) -> Result<Vec<T>> {
    match rows {
        Err(ReadError::Salesforce(error)) if is_refusal(&error) => Ok(Vec::new()),
        rows => rows.map_err(|error| SHAPE.explain(error)),
    }
}

/// The secrets of those rows that are of the app.
fn of_app(rows: Vec<TokenRow>, index: &AppIndex, target: &Target) -> Result<Vec<RevocationHandle>> {
    let is_of = |row: &TokenRow| {
        index.find(row.app_menu_item_id, row.app_name.as_deref()) == Some(target.on)
    };
    let secrets = rows.into_iter().filter(is_of).map(|row| row.delete_token);
    secrets.collect::<Option<_>>().ok_or_else(|| {
        Error::precondition(
            "Salesforce does not show with what an authorization of this app can be ended; give \
             the connector's user \"Customize Application\", or end it in Setup > Connected Apps \
             OAuth Usage",
        )
    })
}

/// Whether the authorization is gone.
async fn is_gone(
    client: &Client,
    user: SalesforceId,
    secret: &RevocationHandle,
) -> Result<Response<bool>, salesforce::Error> {
    let answer = client.query::<TokenRow>(&tokens(user)).await?;
    Ok(answer.map(|page| {
        let is_this = |row: &TokenRow| row.delete_token.as_ref() == Some(secret);
        page.done && page.unreadable.is_empty() && !page.records.iter().any(is_this)
    }))
}

/// Ends one authorization. One that is gone already counts as ended.
async fn end(target: &Target, secret: &RevocationHandle, attempt: &mut Attempt<'_>) -> Result<()> {
    let client = &attempt.context.org.client;
    let send = || client.end_authorization(secret);
    let find = || async {
        let gone = is_gone(client, target.user, secret).await?;
        Ok(gone.map(|gone| gone.then_some(())))
    };
    match attempt.settle(send, find).await {
        Ok(()) => attempt.changed(),
        Err(ReadError::Salesforce(error)) => {
            let gone = attempt.take(is_gone(client, target.user, secret).await);
            if !gone.map_err(|error| SHAPE.explain(ReadError::Salesforce(error)))? {
                return Err(SHAPE.explain(ReadError::Salesforce(error)));
            }
        }
        Err(error) => return Err(SHAPE.explain(error)),
    }
    Ok(())
}

/// Refuses to end what may be the connector's own access.
async fn refuse_own(target: &Target, attempt: &mut Attempt<'_>) -> Result<()> {
    let who = attempt.context.org.client.identity().await;
    let who = attempt.take(who);
    let who = who.map_err(|error| SHAPE.explain(ReadError::Salesforce(error)))?;
    if who.user == target.user {
        return Err(Error::precondition(
            "this is the connector's own user: ending its authorizations may end the connector's \
             access to the org; if that is meant, end them in Setup > Connected Apps OAuth Usage",
        ));
    }
    Ok(())
}

/// Nothing to end is no proof that there is nothing.
const HIDDEN: &str = "Salesforce shows the connector's user only its own authorizations, so whether \
                      this user has authorized the app is not known; give the connector's user \
                      \"Customize Application\" in a permission set";

#[async_trait]
impl Rule for Authorizations {
    fn shape(&self) -> &Shape {
        &SHAPE
    }

    fn has(&self, slug: &str) -> bool {
        slug == AUTHORIZED || slug == ASSIGNED
    }

    async fn grant(&self, target: &Target, _: &mut Attempt<'_>) -> Result<Applied> {
        Err(Error::precondition(if target.slug == ASSIGNED {
            WHY_IMMUTABLE
        } else {
            "nobody can authorize an app for somebody else: the user does it by signing in to the \
             app"
        }))
    }

    async fn revoke(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Applied> {
        if target.slug == ASSIGNED {
            return Err(Error::precondition(WHY_IMMUTABLE));
        }
        let Found {
            index,
            secrets,
            sees_own_only,
        } = look(target, attempt).await?;
        if secrets.is_empty() && sees_own_only {
            return Err(Error::precondition(HIDDEN));
        }
        if secrets.is_empty() {
            return Ok(Applied::already());
        }
        refuse_own(target, attempt).await?;
        if attempt.context.options.dry_run {
            attempt.held_back();
            let text = format!(
                "dry run: would end {} authorizations of the app; nothing was sent",
                secrets.len()
            );
            return Err(Error::precondition(text));
        }
        for secret in &secrets {
            end(target, secret, attempt).await?;
        }
        let rows = attempt.query::<TokenRow>(&tokens(target.user)).await;
        let rows = rows.map_err(|error| SHAPE.explain(error))?;
        let left = of_app(rows, &index, target)?;
        if left.is_empty() {
            return Ok(Applied::changed());
        }
        let is_same = left.iter().any(|secret| secrets.contains(secret));
        let text = if is_same {
            "Salesforce accepted the revoke and still lists the authorization; revoke again"
        } else {
            "the user authorized the app again meanwhile; revoke again"
        };
        Err(Error::new(Kind::Unavailable, text))
    }
}
