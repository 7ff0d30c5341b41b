//! Roles: places in a hierarchy. A user has one at most; the link is a field of the user.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;

use super::catalog::{ROLE, USER};
use super::context::Context;
use super::directory::{Directory, Entry};
use super::known::Known;
use super::links::{Link, Links};
use super::memory::{Memory, RoleLinks};
use super::provision::{Provisioning, UserField};
use super::table::{Row, Table};
use super::text;
use crate::baton::{
    Call, Entitlement, Grant, GrantScope, Id, Page, PageRequest, Provisioner, Resource, ResourceId,
    ResourceRef, ResourceSyncer, ResourceType, Result, Variant,
};
use crate::salesforce::SalesforceId;

/// A row of `UserRole` (facts/salesforce-api.md C.3).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RoleRow {
    id: SalesforceId,
    name: Option<String>,
    developer_name: Option<String>,
    parent_role_id: Option<SalesforceId>,
    rollup_description: Option<String>,
    portal_type: Option<String>,
}

impl Row for RoleRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl Entry for RoleRow {
    type Links = RoleLinks;
    const OBJECT: &'static str = "UserRole";
    const NEEDS: &'static str = "give the connector's user \"View Roles and Role Hierarchy\"";

    fn resource_type() -> &'static ResourceType {
        &ROLE
    }

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id", "Name", "ParentRoleId"]).optional(&[
            "DeveloperName",
            "RollupDescription",
            "PortalType",
        ])
    }

    fn links(&self) -> Option<RoleLinks> {
        let is_portal = self
            .portal_type
            .as_deref()
            .is_some_and(|kind| kind != "None");
        Some(RoleLinks {
            parent: self.parent_role_id,
            is_portal,
        })
    }

    fn into_resource(self) -> Result<Resource> {
        let profile = text::profile([
            ("id", Some(self.id.to_string())),
            ("name", self.name.clone()),
            ("developer_name", self.developer_name.clone()),
            (
                "parent_role_id",
                self.parent_role_id.map(|id| id.to_string()),
            ),
            ("portal_type", self.portal_type),
        ]);
        Ok(Resource {
            id: ResourceId::new(ROLE.id, self.id.to_string())?,
            display_name: text::name([self.name, self.developer_name], self.id),
            description: text::filled(self.rollup_description),
            variant: Variant::Role,
            profile: Some(profile),
            status: None,
            created_at: None,
        })
    }

    fn known(memory: &Memory) -> &Known<RoleLinks> {
        &memory.roles
    }
}

/// Lists roles and who has which.
pub(super) struct Roles {
    context: Arc<Context>,
    directory: Directory<RoleRow>,
    links: Links,
    provisioning: Provisioning<UserField>,
}

impl Roles {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self {
            directory: Directory::new(Arc::clone(&context)),
            links: Links::new(Arc::clone(&context), Link::Role, &ROLE),
            provisioning: Provisioning::new(Arc::clone(&context), UserField::role()),
            context,
        }
    }

    pub(super) fn forget(&self, sync: Option<&Id>) {
        self.directory.forget(sync);
        self.links.forget(sync);
    }
}

#[async_trait]
impl ResourceSyncer for Roles {
    fn resource_type(&self) -> &ResourceType {
        &ROLE
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        self.directory.list(page).await
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        self.directory.get(id).await
    }

    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        let about = format!("Has the role {}", text::shown(on));
        Ok(Page::last(vec![text::entitlement(
            on,
            "assigned",
            "User Role",
            about,
            &[USER.id],
        )]))
    }

    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>> {
        let memory = self.context.memory(&page.call);
        self.links
            .page(scope, page, &memory, self.directory.known(&memory))
            .await
    }

    fn provisioner(&self) -> Option<&dyn Provisioner> {
        Some(&self.provisioning)
    }
}
