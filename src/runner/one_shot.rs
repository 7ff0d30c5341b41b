//! Single operations on a new connector process: grant, revoke, create an account, and so on.
//!
//! None of them changes the file; the next sync does.

mod events;
pub mod json;
mod operations;
mod outcome;

use std::future::ready;
use std::io::Write;
use std::path::Path;

use parking_lot::Mutex;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::clock;
use super::error::{Error, Result};
use super::launch::Executable;
use super::run::supervise;
use crate::c1z::{Bounds, Reader};
use crate::pb::connector::{Entitlement, Grant, Resource, ResourceId};
pub(super) use events::read_events;
pub(super) use operations::*;
pub use outcome::Outcome;

/// The account to create.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Its login.
    pub login: String,
    /// Its primary e-mail address.
    pub email: String,
    /// Its profile; `login` and `email` in it take precedence over the fields here.
    pub profile: Option<Map<String, Value>>,
    /// Resource type to create. If empty, the connector decides.
    pub resource_type: String,
}

/// What to read from an event feed.
#[derive(Clone, Debug, Default)]
pub struct EventFeed {
    /// The feed. If empty, the connector's default feed.
    pub id: String,
    /// The time of the first event.
    pub start_at: Option<jiff::Timestamp>,
    /// The cursor that an earlier read returned.
    pub cursor: String,
    /// Whether to wait for further events until a signal comes.
    pub follow: bool,
}

/// The cursor behind the last events that were printed.
pub type Reached = Mutex<Option<String>>;

/// An action to run.
#[derive(Clone, Debug, Default)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// The resource type it belongs to. Empty for a global action.
    pub resource_type: String,
}

/// A file from which resources, entitlements and grants are read by their ids.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// The file.
    pub file: &'a Path,
    /// How much it may unpack to.
    pub bounds: Bounds,
}

/// Grants an entitlement to a principal. Both must be in the file.
pub async fn grant(
    executable: &Executable,
    stored: Stored<'_>,
    entitlement: &str,
    principal: ResourceId,
) -> Result<Outcome> {
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

/// Revokes a grant, which must be in the file.
pub async fn revoke(executable: &Executable, stored: Stored<'_>, grant: &str) -> Result<Outcome> {
    let id = grant.to_owned();
    let grant: Grant = read(stored, move |file| file.grant(&id)).await?;
    run(executable, |client| async move {
        send_revoke(&client, grant).await
    })
    .await
}

/// Creates an account. If it gets a password, nobody can read it.
pub async fn create_account(executable: &Executable, account: Account) -> Result<Outcome> {
    run(executable, |client| async move {
        send_create_account(&client, account).await
    })
    .await
}

/// Deletes a resource.
pub async fn delete_resource(executable: &Executable, id: ResourceId) -> Result<Outcome> {
    run(executable, |client| async move {
        send_delete(&client, id).await
    })
    .await
}

/// Rotates the credentials of a resource. Nobody can read the new ones.
pub async fn rotate_credentials(executable: &Executable, id: ResourceId) -> Result<Outcome> {
    run(executable, |client| async move {
        send_rotate(&client, id).await
    })
    .await
}

/// Invokes an action and waits until it ends.
pub async fn invoke_action(executable: &Executable, action: Action) -> Result<Outcome> {
    run(executable, |client| async move {
        send_action(&client, &clock::wall(), action).await
    })
    .await
}

/// Lists the actions of a resource type, or all actions, as protobuf JSON.
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

/// Prints all events as protobuf JSON, one on each line. `reached` tells how far it came, however it
/// ends.
pub async fn event_feed(
    executable: &Executable,
    feed: EventFeed,
    to: &mut (impl Write + Send),
    reached: &Reached,
) -> Result<()> {
    let follow = feed.follow;
    let read = run(executable, |client| async move {
        read_events(&client, &clock::wall(), feed, to, reached).await
    })
    .await;
    match read {
        // Following ends in no other way.
        Err(Error::Cancelled | Error::NoReader) if follow => Ok(()),
        read => read,
    }
}

async fn run<T, F>(
    executable: &Executable,
    work: impl FnOnce(super::client::Client) -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let all = |client| {
        let done = work(client);
        async { Ok(ready(Ok(done.await?))) }
    };
    supervise(executable, &CancellationToken::new(), all).await
}

/// Reads the file on another thread, because unpacking a large one takes a while.
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
