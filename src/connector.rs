//! Salesforce expressed as Baton: the only part that knows both.
//!
//! [`build`] makes the registry of resource types and actions from a client and options. How a
//! sync reads Salesforce is told in `connector/listing.rs`, `connector/edges.rs` and
//! `connector/memory.rs`; each resource type has a file of its name.

mod account;
mod actions;
mod assignment;
mod audit;
mod catalog;
mod connected_app;
mod context;
mod directory;
mod edges;
mod error;
mod group;
mod known;
mod lifecycle;
mod links;
mod listing;
mod memory;
mod options;
mod outage;
mod permission_set;
mod permission_set_group;
mod profile;
mod provision;
mod referred;
mod role;
mod table;
mod text;
mod turns;
mod typed;
mod user;
mod wrote;

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use tracing::info;

pub use account::UsernameRule;
pub use options::Options;

use crate::baton::{Connector, Id, Registry, Result, Validation};
use crate::salesforce::soql::Select;
use crate::salesforce::{self, Auth, Client, ClientConfig, Instance};
use context::Context;
use error::wrap;
use referred::OfUsers;
use table::Org;

/// The connector as a whole.
struct Salesforce {
    context: Arc<Context>,
    users: Arc<user::Users>,
    groups: Arc<group::Groups>,
    permission_sets: Arc<permission_set::PermissionSets>,
    permission_set_groups: Arc<permission_set_group::PermissionSetGroups>,
    roles: Arc<OfUsers<role::RoleRow>>,
    profiles: Arc<OfUsers<profile::ProfileRow>>,
    connected_apps: Option<Arc<connected_app::ConnectedApps>>,
}

/// Everything that this connector offers.
#[must_use]
pub fn build(client: Arc<Client>, options: Options) -> Registry {
    let org = Arc::new(Org::new(client));
    let lists_apps = options.connected_apps;
    let context = Arc::new(Context {
        org,
        options,
        memories: memory::Memories::default(),
        turns: turns::Turns::default(),
    });
    let salesforce = Arc::new(Salesforce {
        users: Arc::new(user::Users::new(Arc::clone(&context))),
        groups: Arc::new(group::Groups::new(Arc::clone(&context))),
        permission_sets: Arc::new(permission_set::PermissionSets::new(Arc::clone(&context))),
        permission_set_groups: Arc::new(permission_set_group::PermissionSetGroups::new(
            Arc::clone(&context),
        )),
        roles: Arc::new(OfUsers::new(Arc::clone(&context))),
        profiles: Arc::new(OfUsers::new(Arc::clone(&context))),
        connected_apps: lists_apps.then(|| Arc::new(connected_app::ConnectedApps::new(&context))),
        context: Arc::clone(&context),
    });
    let described = Arc::<typed::Described>::default();
    let accounts = account::Accounts::new(Arc::clone(&context), Arc::clone(&described));
    let registry = Registry::new(Arc::clone(&salesforce) as Arc<dyn Connector>)
        .with_syncer(salesforce.users.clone())
        .with_syncer(salesforce.groups.clone())
        .with_syncer(salesforce.permission_sets.clone())
        .with_syncer(salesforce.permission_set_groups.clone())
        .with_syncer(salesforce.roles.clone())
        .with_syncer(salesforce.profiles.clone())
        .with_accounts(Arc::new(accounts));
    let registry = actions::all(&context, &described)
        .into_iter()
        .fold(registry, Registry::with_action);
    match &salesforce.connected_apps {
        Some(apps) => registry.with_syncer(apps.clone()),
        None => registry,
    }
}

/// Everything that this connector can offer, without an org: for capabilities that are asked for
/// before anything is configured. Calling it sends nothing, as no one can sign in with it.
pub fn offline() -> Result<Registry, salesforce::Error> {
    let instance = Instance::parse("https://login.salesforce.com", false)
        .map_err(|_| salesforce::Error::Invalid("the login host is no instance"))?;
    let auth = Auth::Token(secrecy::SecretString::default());
    let client = Client::new(ClientConfig::new(instance, auth))?;
    Ok(build(
        Arc::new(client),
        Options {
            connected_apps: true,
            ..Options::default()
        },
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OrganizationRow {
    id: String,
    is_sandbox: Option<bool>,
    organization_type: Option<String>,
}

#[async_trait]
impl Connector for Salesforce {
    fn display_name(&self) -> &'static str {
        "Salesforce"
    }

    fn description(&self) -> &'static str {
        "Users, profiles, roles, permission sets, groups and apps of a Salesforce org"
    }

    async fn validate(&self) -> Result<Validation> {
        self.context.org.forget_missing();
        let select = Select::from("Organization")
            .fields(["Id", "IsSandbox", "OrganizationType"])
            .limit(1);
        let answer = self
            .context
            .org
            .client
            .query::<OrganizationRow>(&select)
            .await;
        let answer =
            answer.map_err(|error| wrap("checking the connection to Salesforce", error))?;
        let quota = answer.quota.as_ref().map(table::quota);
        if let Some(organization) = answer.value.records.first() {
            info!(
                sf.org_id = organization.id,
                sf.is_sandbox = organization.is_sandbox,
                sf.edition = organization.organization_type,
                sf.calls_used = quota.map(|quota| quota.used),
                sf.calls_limit = quota.map(|quota| quota.limit),
                "connected to Salesforce"
            );
        }
        Ok(Validation {
            warnings: Vec::new(),
            quota,
        })
    }

    async fn cleanup(&self, sync: Option<&Id>) {
        self.context.memories.forget(sync);
        self.users.forget(sync);
        self.groups.forget(sync);
        self.permission_sets.forget(sync);
        self.permission_set_groups.forget(sync);
        self.roles.forget(sync);
        self.profiles.forget(sync);
        if let Some(apps) = &self.connected_apps {
            apps.forget(sync);
        }
    }
}
