//! How many approvals of the app the signed-in user has.

use serde::Deserialize;

use crate::config::Config;
use crate::salesforce::auth::Tokens;
use crate::salesforce::soql::{Select, field};
use crate::salesforce::{Auth, Client, ClientConfig, Instance};
use crate::wiring::client;

/// Salesforce keeps this many for a user and an app; the next one ends the oldest. Source:
/// Salesforce Help, "Manage OAuth Access Policies".
pub(super) const MOST: usize = 5;

/// A row of `OauthToken`. The object has no field for the app's client id.
#[derive(Deserialize)]
struct Row {
    #[serde(rename = "AppName")]
    app: Option<String>,
}

/// Counts the approvals, if the user may see them. The newest one is that of the sign-in that has
/// just ended, which tells the app's name.
pub(super) async fn count(config: &Config, tokens: &Tokens) -> Option<usize> {
    let user = tokens.identity?.user;
    let instance = Instance::parse(tokens.instance.as_str(), config.allow_custom_domain).ok()?;
    let mut setup = ClientConfig::new(instance, Auth::Token(tokens.access_token.clone()));
    setup.network = client::network(config).ok()?;
    setup.api_version = config.api_version.parse().ok()?;
    // It is only a hint, so it is asked for once.
    setup.retry.idempotent_attempts = 1;
    let select = Select::from("OauthToken")
        .fields(["AppName", "CreatedDate"])
        .filter(field("UserId").eq(user))
        .order_by_desc("CreatedDate")
        .limit(200);
    let answer = Client::new(setup).ok()?.query::<Row>(&select).await.ok()?;
    let rows = answer.value.records;
    let app = rows.first()?.app.as_ref()?;
    Some(
        rows.iter()
            .filter(|row| row.app.as_ref() == Some(app))
            .count(),
    )
}
