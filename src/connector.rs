//! Salesforce expressed as Baton: the only part that knows both.
//!
//! [`build`] makes the registry of resource types and actions from a client and options. `read/`
//! reads tables, `resources/` has a file for each resource type, `feeds/` one for each event feed, and
//! `write/` changes the org.

mod catalog;
pub mod checks;
mod company_domains;
mod error;
mod feeds;
mod options;
mod people;
mod read;
mod resources;
mod text;
mod username;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use tracing::info;

pub use company_domains::{CompanyDomains, DomainError};
pub use options::{LifecycleApi, Options, RowCacheSettings};
pub use username::UsernameRule;

use crate::baton::{Connector, Id, Registry, Result, Validation};
use crate::salesforce::{self, Auth, Client, ClientConfig, Instance};
use error::quota;
use read::context::ReadContext;
use read::org::Org;
use write::accounts::create::Accounts;
use write::context::WriteContext;
use write::field_values::Described;

/// The connector as a whole.
struct Salesforce(Arc<ReadContext>);

/// Everything that this connector offers.
#[must_use]
pub fn build(client: Arc<Client>, options: Options) -> Registry {
    if options.lifecycle_api == LifecycleApi::Scim {
        info!(
            over_scim =
                "accounts: create, update, activate, deactivate; permission sets: grant, release",
            over_rest = "all reading; permission sets: revoke; profiles, roles, groups, licences; \
                         fields that SCIM lacks",
            "accounts are changed over SCIM where it can"
        );
    }
    let (org, options) = (Arc::new(Org::new(client, &options)), Arc::new(options));
    let write = WriteContext::new(Arc::clone(&org), Arc::clone(&options));
    let write = Arc::new(write);
    let read = Arc::new(ReadContext::new(org, options));
    let described = Arc::<Described>::default();
    let accounts = Accounts::new(&write, &described);
    let registry = Registry::new(Arc::new(Salesforce(Arc::clone(&read))));
    let registry = resources::all(&read, &write)
        .into_iter()
        .fold(registry, Registry::with_syncer);
    let registry = feeds::all(&read)
        .into_iter()
        .fold(registry, Registry::with_feed);
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
            chatter_groups: true,
            security_insights: true,
            ..Options::default()
        },
    ))
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
        let mut checked = checks::validate(&org.client, &self.0.options).await?;
        let fields = &self.0.options.user_fields;
        let left_out = org.user_fields.check(&org.client, fields).await?;
        checked.warnings.extend(left_out);
        let quota = checked.quota.as_ref().map(quota);
        info!(
            sf.org_id = checked.id,
            sf.is_sandbox = checked.is_sandbox,
            sf.edition = checked.edition,
            sf.calls_used = quota.map(|quota| quota.used),
            sf.calls_limit = quota.map(|quota| quota.limit),
            "connected to Salesforce"
        );
        Ok(Validation {
            warnings: checked.warnings,
            quota,
        })
    }

    async fn cleanup(&self, sync: Option<&Id>) -> Vec<String> {
        let mut left_out = self.0.end(sync).await;
        left_out.extend(self.0.org.left_out());
        left_out
    }
}
