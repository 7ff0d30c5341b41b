//! One user as a sync shows it, always a fresh read.

use std::sync::Arc;

use super::chosen_fields::{ListedUser as _, WideUserRow};
use super::record::UserRow;
use super::resource::to_resource;
use crate::baton::{Page, Resource};
use crate::connector::error::ReadError;
use crate::connector::options::Options;
use crate::connector::read::org::Org;
use crate::connector::read::table::Table;
use crate::connector::resources::login_states::LoginStates;
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Condition, field};

/// The columns of a user that a sync reads.
pub(super) fn table(options: &Options) -> Table {
    UserRow::table().chosen(&options.user_fields)
}

/// A page with the user, or an empty one.
pub(in crate::connector) struct Fetched {
    pub(in crate::connector) page: Page<Resource>,
    /// API calls that it took.
    pub(in crate::connector) calls: u32,
}

/// The user with this id.
pub(in crate::connector) async fn by_id(
    org: &Org,
    options: &Options,
    id: SalesforceId,
) -> Result<Fetched, ReadError> {
    fetch(org, options, field("Id").eq(id), Login::MayBeLocked).await
}

/// A user that was created a moment ago. Nobody can have frozen it yet, so that is not read.
pub(in crate::connector) async fn new_user(
    org: &Org,
    options: &Options,
    id: SalesforceId,
) -> Result<Fetched, ReadError> {
    fetch(org, options, field("Id").eq(id), Login::IsNew).await
}

/// The user with this username, active or not. Salesforce ignores the case, and usernames are
/// unique.
pub(in crate::connector) async fn by_username(
    org: &Org,
    options: &Options,
    username: &str,
) -> Result<Fetched, ReadError> {
    let which = field("Username").eq(username);
    fetch(org, options, which, Login::MayBeLocked).await
}

enum Login {
    MayBeLocked,
    IsNew,
}

async fn fetch(
    org: &Org,
    options: &Options,
    which: Condition,
    login: Login,
) -> Result<Fetched, ReadError> {
    let table = table(options).only(which);
    let batch = org.read::<WideUserRow>(&table, None).await;
    let mut batch = batch.map_err(ReadError::Salesforce)?;
    let mut page = Page::last(Vec::new()).with_quota(batch.quota);
    let mut calls = batch.calls;
    if let Some(row) = batch.rows.next() {
        let (user, others) = row.into_parts();
        let states = match login {
            Login::MayBeLocked => {
                calls += 1;
                let states = LoginStates::of(org, user.id).await;
                states.map_err(ReadError::Salesforce)?
            }
            Login::IsNew => Arc::default(),
        };
        // The answer about a write does not depend on the description of its fields.
        let fields = &options.user_fields;
        let shapes = org.user_fields.shapes(&org.client, fields).await;
        let chosen = others.shown(fields, &shapes.unwrap_or_default());
        let resource = to_resource(&user, chosen, &states, options)?;
        page.items.push(resource);
    }
    Ok(Fetched { page, calls })
}
