//! One operation on a fresh connector: grant, revoke, create an account, and so on.
//!
//! None of them writes a result back into a file; the next sync does.

pub mod json;
mod operations;

use std::io::Write;
use std::path::Path;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::clock;
use super::error::{Error, Result};
use super::launch::Executable;
use super::run::supervise;
use crate::c1z::{Bounds, Reader};
use crate::pb::connector::{CreateAccountResponse, Entitlement, Grant, Resource, ResourceId};
pub(super) use operations::*;

/// The account to create.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Its login.
    pub login: String,
    /// Its primary e-mail address.
    pub email: String,
    /// What else the connector asks for; its `login` and `email` win over the fields.
    pub profile: Option<Map<String, Value>>,
    /// The type of resource to create; empty leaves the choice to the connector.
    pub resource_type: String,
}

/// What to read from an event feed.
#[derive(Clone, Debug, Default)]
pub struct EventFeed {
    /// The feed; empty for the connector's only one.
    pub id: String,
    /// Since when.
    pub start_at: Option<jiff::Timestamp>,
    /// Where an earlier read ended.
    pub cursor: String,
}

/// An action to run.
#[derive(Clone, Debug, Default)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// The resource type it belongs to; empty for a global one.
    pub resource_type: String,
}

/// The file that says what the ids of a request stand for.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// The file.
    pub file: &'a Path,
    /// How much it may unpack to.
    pub bounds: Bounds,
}

/// Grants an entitlement, as `stored` knows it, to a principal, as `stored` knows it.
pub async fn grant(
    executable: &Executable,
    stored: Stored<'_>,
    entitlement: &str,
    principal: ResourceId,
) -> Result<()> {
    let id = entitlement.to_owned();
    let (entitlement, principal): (Entitlement, Resource) = read(stored, move |file| {
        Ok((file.entitlement(&id)?, file.resource(&principal)?))
    })
    .await?;
    run(executable, |client| async move {
        send_grant(&client, entitlement, principal).await
    })
    .await
}

/// Revokes a grant that `stored` knows.
pub async fn revoke(executable: &Executable, stored: Stored<'_>, grant: &str) -> Result<()> {
    let id = grant.to_owned();
    let grant: Grant = read(stored, move |file| file.grant(&id)).await?;
    run(executable, |client| async move {
        send_revoke(&client, grant).await
    })
    .await
}

/// Creates an account with a random password that nobody can read.
pub async fn create_account(
    executable: &Executable,
    account: Account,
) -> Result<CreateAccountResponse> {
    run(executable, |client| async move {
        send_create_account(&client, account).await
    })
    .await
}

/// Deletes a resource.
pub async fn delete_resource(executable: &Executable, id: ResourceId) -> Result<()> {
    run(executable, |client| async move {
        send_delete(&client, id).await
    })
    .await
}

/// Gives a resource new credentials that nobody can read.
pub async fn rotate_credentials(executable: &Executable, id: ResourceId) -> Result<()> {
    run(executable, |client| async move {
        send_rotate(&client, id).await
    })
    .await
}

/// Runs an action and waits for its end; returns its response.
pub async fn invoke_action(executable: &Executable, action: Action) -> Result<Value> {
    run(executable, |client| async move {
        send_action(&client, &clock::wall(), action).await
    })
    .await
}

/// The schemas of a type's actions, or of all, as protobuf JSON.
pub async fn list_action_schemas(
    executable: &Executable,
    resource_type: &str,
) -> Result<Vec<String>> {
    let resource_type = resource_type.to_owned();
    run(executable, |client| async move {
        read_action_schemas(&client, resource_type).await
    })
    .await
}

/// Prints events as protobuf JSON, one a line, until there are no more.
pub async fn event_feed(
    executable: &Executable,
    feed: EventFeed,
    to: &mut (impl Write + Send),
) -> Result<()> {
    run(executable, |client| async move {
        read_events(&client, feed, to).await
    })
    .await
}

async fn run<T, F>(
    executable: &Executable,
    work: impl FnOnce(super::client::Client) -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    supervise(executable, &CancellationToken::new(), work).await
}

/// Unpacking a large file takes a while, so it happens aside.
async fn read<T: Send + 'static>(
    stored: Stored<'_>,
    work: impl FnOnce(&Reader) -> crate::c1z::Result<T> + Send + 'static,
) -> Result<T> {
    let (file, bounds) = (stored.file.to_owned(), stored.bounds);
    let reading = tokio::task::spawn_blocking(move || work(&Reader::open(&file, &bounds)?));
    Ok(reading
        .await
        .map_err(|error| Error::Internal(error.to_string()))??)
}
