//! Sales territories: those of the active territory model. Held by users as `member`, and as
//! `role:<value>` if the membership names a role.
//!
//! Object Reference: `Territory2`, `UserTerritory2Association`.

mod roles;

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;

use super::directory::{Directory, DirectoryRow};
use super::roster::{self, MEMBER, Question, Roster, RosterRow};
use crate::baton::{
    Call, Entitlement, EntitlementId, Grant, GrantScope, Page, PageRequest, Provisioner, Purpose,
    Resource, ResourceId, ResourceRef, ResourceSyncer, ResourceType, Result, StaticEntitlement,
    Variant,
};
use crate::connector::catalog::{TERRITORY, USER};
use crate::connector::people::Via;
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::Listing;
use crate::connector::read::table::{Row, Table};
use crate::connector::text;
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::field;

pub(in crate::connector) use roles::{choices, values};

/// The state of the model whose territories are in use.
pub(in crate::connector) const ACTIVE: &str = "Active";

const REMEDY: &str = "leave them out with --sync-territories=false, or, if the org has territories, \
                      give the connector's user \"Manage Territories\"";

/// `UserTerritory2Association`: the members of territories.
pub(in crate::connector) struct TerritoryMembers;

impl Roster for TerritoryMembers {
    const TYPE: &'static ResourceType = &TERRITORY;
    const OBJECT: &'static str = "UserTerritory2Association";
    const REMEDY: &'static str = REMEDY;
    const USER: &'static str = "UserId";
    const VIA: Via = Via::Holder;
    const ON: &'static str = "Territory2Id";
    const ROLE: &'static str = "RoleInTerritory2";

    fn slug(role: &str) -> Option<String> {
        Some(format!("role:{role}"))
    }

    fn role(slug: &str) -> Option<&str> {
        slug.strip_prefix("role:").filter(|role| !role.is_empty())
    }
}

/// A row of `Territory2`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TerritoryRow {
    id: SalesforceId,
    name: Option<String>,
    developer_name: Option<String>,
    description: Option<String>,
    #[serde(rename = "ParentTerritory2Id")]
    parent: Option<SalesforceId>,
    #[serde(rename = "Territory2ModelId")]
    model_id: Option<SalesforceId>,
    #[serde(rename = "Territory2Model")]
    model: Option<ModelPart>,
}

/// What a row shows of its model.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::connector) struct ModelPart {
    name: Option<String>,
    state: Option<String>,
}

impl ModelPart {
    pub(in crate::connector) fn is_active(&self) -> bool {
        self.state.as_deref() == Some(ACTIVE)
    }
}

impl Row for TerritoryRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl DirectoryRow for TerritoryRow {
    type Summary = ();
    const TYPE: &'static ResourceType = &TERRITORY;
    const OBJECT: &'static str = "Territory2";
    const REMEDY: &'static str = REMEDY;
    const PARENT: Option<&'static str> = Some("Territory2Model");

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id", "Territory2Model.State"])
            .optional(&[
                "Name",
                "DeveloperName",
                "Description",
                "ParentTerritory2Id",
                "Territory2ModelId",
                "Territory2Model.Name",
            ])
            .only(field("Territory2Model.State").eq(ACTIVE))
    }

    fn summary(&self) -> Option<()> {
        self.model.as_ref()?.is_active().then_some(())
    }

    fn into_resource(self) -> Result<Resource> {
        let profile = text::profile([
            ("id", Some(self.id.to_string())),
            ("name", self.name.clone()),
            ("developer_name", self.developer_name.clone()),
            ("parent_territory_id", self.parent.map(|id| id.to_string())),
            ("model_id", self.model_id.map(|id| id.to_string())),
            ("model", self.model.and_then(|model| model.name)),
        ]);
        Ok(Resource {
            id: ResourceId::new(TERRITORY.id, self.id.to_string())?,
            display_name: text::name([self.name, self.developer_name], self.id),
            description: text::filled(self.description),
            variant: Variant::Plain,
            profile: Some(profile),
            status: None,
            created_at: None,
        })
    }
}

/// Lists territories and their members.
pub(super) struct Territories {
    context: Arc<ReadContext>,
    directory: Directory<TerritoryRow>,
    members: Listing<RosterRow>,
    provisioner: Box<dyn Provisioner>,
}

impl Territories {
    pub(super) fn new(context: &Arc<ReadContext>, provisioner: Box<dyn Provisioner>) -> Self {
        Self {
            context: Arc::clone(context),
            directory: Directory::new(context),
            members: Listing::new(context, TERRITORY.id),
            provisioner,
        }
    }

    /// The entitlements of every territory. An org without territories is not asked for roles.
    async fn offered(&self, call: &Call) -> Result<Vec<StaticEntitlement>> {
        let memory = self.context.memory(call);
        let mut offered = vec![offer(
            MEMBER.to_owned(),
            "Member".to_owned(),
            ABOUT.to_owned(),
        )];
        if self.directory.all(&memory).await?.is_empty() {
            return Ok(offered);
        }
        let roles = roles::all(&self.context.org, &memory).await?;
        for role in roles.iter() {
            let about = format!("{ABOUT}, in the role \"{role}\"");
            offered
                .extend(TerritoryMembers::slug(role).map(|slug| offer(slug, role.clone(), about)));
        }
        Ok(offered)
    }
}

const ABOUT: &str = "Belongs to this sales territory, and so works with its accounts and \
                     opportunities";

fn offer(slug: String, display_name: String, about: String) -> StaticEntitlement {
    StaticEntitlement {
        slug,
        display_name,
        description: Some(about),
        purpose: Purpose::Assignment,
        grantable_to: vec![USER.id],
    }
}

#[async_trait]
impl ResourceSyncer for Territories {
    fn resource_type(&self) -> &ResourceType {
        &TERRITORY
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        self.directory.list(page).await
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        self.directory.get(id).await
    }

    async fn static_entitlements(&self, page: &PageRequest) -> Result<Page<StaticEntitlement>> {
        Ok(Page::last(self.offered(&page.call).await?))
    }

    /// The same as the static ones, for who asks for one territory.
    async fn entitlements(
        &self,
        on: &ResourceRef,
        page: &PageRequest,
    ) -> Result<Page<Entitlement>> {
        let offered = self.offered(&page.call).await?;
        let of_one = offered.into_iter().map(|offer| Entitlement {
            id: EntitlementId::new(on.id.clone(), offer.slug),
            display_name: offer.display_name,
            description: offer.description,
            purpose: offer.purpose,
            grantable_to: offer.grantable_to,
            marks: Vec::new(),
        });
        Ok(Page::last(of_one.collect()))
    }

    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>> {
        let on = text::record_of(scope)?;
        let memory = self.context.memory(&page.call);
        let is_full = page.call.sync.is_some() && on.is_none();
        let (targets, slugs) = if is_full {
            let targets = self.directory.all(&memory).await?;
            let roles = if targets.is_empty() {
                Arc::default()
            } else {
                roles::all(&self.context.org, &memory).await?
            };
            let slugs = roles.iter().filter_map(|role| TerritoryMembers::slug(role));
            (Some(targets), Some(slugs.collect()))
        } else {
            (None, None)
        };
        let question = Question {
            context: &self.context,
            listing: &self.members,
            on,
            page,
            memory: &memory,
            slugs: slugs.as_ref(),
        };
        roster::page::<TerritoryMembers, _>(question, targets).await
    }

    fn provisioner(&self) -> Option<&dyn Provisioner> {
        Some(self.provisioner.as_ref())
    }
}
