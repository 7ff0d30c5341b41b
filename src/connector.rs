//! Salesforce expressed as Baton: the only part that knows both.
//!
//! [`build`] makes the registry of resource types and actions from a client and options. `read/`
//! reads tables, `resources/` has a file for each resource type, and `write/` changes the org.

mod catalog;
mod error;
mod options;
mod read;
mod resources;
mod text;
mod username;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use tracing::info;

pub use options::Options;
pub use username::UsernameRule;

use crate::baton::{Connector, Id, Registry, Result, Validation};
use crate::salesforce::{self, Auth, Client, ClientConfig, Instance, SalesforceId};
use error::wrap;
use read::context::ReadContext;
use read::org::Org;
use read::sync_memory::SyncMemories;
use read::table::{Row, Table};
use write::accounts::create::Accounts;
use write::context::WriteContext;
use write::field_values::Described;

/// The connector as a whole.
struct Salesforce(Arc<ReadContext>);

/// Everything that this connector offers.
#[must_use]
pub fn build(client: Arc<Client>, options: Options) -> Registry {
    let (org, options) = (Arc::new(Org::new(client)), Arc::new(options));
    let write = WriteContext::new(Arc::clone(&org), Arc::clone(&options));
    let write = Arc::new(write);
    let read = Arc::new(ReadContext {
        org,
        options,
        memories: SyncMemories::default(),
    });
    let described = Arc::<Described>::default();
    let accounts = Accounts::new(&write, &described);
    let registry = Registry::new(Arc::new(Salesforce(Arc::clone(&read))));
    let registry = resources::all(&read, &write)
        .into_iter()
        .fold(registry, Registry::with_syncer);
    write::actions::all(&write, &described)
        .into_iter()
        .fold(registry, Registry::with_action)
        .with_accounts(Arc::new(accounts))
}

/// Everything that this connector can offer, without an org: for capabilities that are requested
/// before anything is configured. Its calls send nothing, because nobody can sign in with it.
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
    id: SalesforceId,
    is_sandbox: Option<bool>,
    organization_type: Option<String>,
}

impl Row for OrganizationRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
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
        let org = &self.0.org;
        org.forget_missing();
        let table =
            Table::new("Organization", &["Id"]).optional(&["IsSandbox", "OrganizationType"]);
        let batch = org.read::<OrganizationRow>(&table, None).await;
        let mut batch =
            batch.map_err(|error| wrap("checking the connection to Salesforce", error))?;
        let quota = batch.quota;
        if let Some(organization) = batch.rows.next() {
            info!(
                sf.org_id = %organization.id,
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
        self.0.memories.forget(sync);
    }
}
