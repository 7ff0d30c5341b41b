//! Agents and bots: programs that answer people or act for them, each as a user of the org.
//!
//! Object Reference: `BotDefinition`.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;

use super::directory::{Directory, DirectoryRow};
use super::synced_users::among;
use crate::baton::syncer::no_entitlements;
use crate::baton::{
    Call, Entitlement, Grant, GrantScope, Page, PageRequest, Resource, ResourceId, ResourceRef,
    ResourceSyncer, ResourceType, Result, Trait, TypeMark, Variant,
};
use crate::connector::catalog::USER;
use crate::connector::error::wrap;
use crate::connector::read::context::ReadContext;
use crate::connector::read::table::{Row, Table};
use crate::connector::text;
use crate::salesforce::SalesforceId;

/// The resource type.
static AGENT: ResourceType = ResourceType {
    id: "agent",
    display_name: "Agent",
    description: "A bot or an AI agent of the org; what it may do is what its user may do",
    traits: &[Trait::Agent],
    marks: &[TypeMark::SkipEntitlementsAndGrants, TypeMark::OptInRequired],
    permissions: &["View Setup and Configuration"],
};

/// A row of `BotDefinition`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AgentRow {
    id: SalesforceId,
    developer_name: Option<String>,
    master_label: Option<String>,
    description: Option<String>,
    r#type: Option<String>,
    agent_type: Option<String>,
    bot_user_id: Option<SalesforceId>,
}

impl Row for AgentRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl DirectoryRow for AgentRow {
    type Summary = ();
    const TYPE: &'static ResourceType = &AGENT;
    const OBJECT: &'static str = "BotDefinition";
    const REMEDY: &'static str = "leave them out with --sync-agents=false, or, if the org has bots or agents, give the \
         connector's user \"View Setup and Configuration\"";

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id"])
            .optional(&[
                "DeveloperName",
                "MasterLabel",
                "Description",
                "Type",
                "AgentType",
            ])
            .optional_or("BotUserId", "the users that agents run as are missing")
    }

    fn summary(&self) -> Option<()> {
        Some(())
    }

    fn into_resource(self) -> Result<Resource> {
        let profile = text::profile([
            ("id", Some(self.id.to_string())),
            ("developer_name", self.developer_name.clone()),
            ("master_label", self.master_label.clone()),
            ("bot_user_id", self.bot_user_id.map(|id| id.to_string())),
            ("type", self.r#type),
            ("agent_type", self.agent_type),
        ]);
        let identity = self
            .bot_user_id
            .map(|user| ResourceId::new(USER.id, user.to_string()));
        Ok(Resource {
            id: ResourceId::new(AGENT.id, self.id.to_string())?,
            display_name: text::name([self.master_label, self.developer_name], self.id),
            description: text::filled(self.description),
            variant: Variant::Agent {
                identity: identity.transpose()?,
            },
            profile: Some(profile),
            status: None,
            created_at: None,
        })
    }
}

/// Lists agents.
pub(super) struct Agents {
    context: Arc<ReadContext>,
    directory: Directory<AgentRow>,
}

impl Agents {
    pub(super) fn new(context: &Arc<ReadContext>) -> Self {
        Self {
            context: Arc::clone(context),
            directory: Directory::new(context),
        }
    }

    /// Leaves out the identities that are no users of a sync with these options, so that no agent
    /// points to a missing user. Its profile names the user all the same. Hosts may list agents before
    /// users, so the org is asked, for one call if there are agents at all.
    async fn only_synced(&self, mut page: Page<Resource>) -> Result<Page<Resource>> {
        let identity = |resource: &Resource| match &resource.variant {
            Variant::Agent { identity } => text::record_id(identity.as_ref()?).ok(),
            _ => None,
        };
        let users = among(&self.context, page.items.iter().filter_map(identity)).await;
        let users = users.map_err(|error| wrap("reading the users of agents", error))?;
        let Some(synced) = users else {
            return Ok(page);
        };
        for resource in &mut page.items {
            if identity(resource).is_some_and(|user| !synced.contains(&user)) {
                resource.variant = Variant::Agent { identity: None };
            }
        }
        Ok(page)
    }
}

#[async_trait]
impl ResourceSyncer for Agents {
    fn resource_type(&self) -> &ResourceType {
        &AGENT
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        self.only_synced(self.directory.list(page).await?).await
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        self.only_synced(self.directory.get(id).await?).await
    }

    async fn entitlements(&self, _: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        no_entitlements()
    }

    async fn grants(&self, _: &GrantScope, _: &PageRequest) -> Result<Page<Grant>> {
        Ok(Page::last(Vec::new()))
    }
}
