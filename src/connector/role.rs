//! Roles: places in a hierarchy. A user has one at most; the link is a field of the user.

use serde::Deserialize;

use super::catalog::ROLE;
use super::directory::Entry;
use super::known::Known;
use super::links::Link;
use super::memory::{Memory, RoleLinks};
use super::provision::UserField;
use super::referred::Referred;
use super::table::{Row, Table};
use super::text;
use crate::baton::{Resource, ResourceId, ResourceType, Result, Variant};
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

impl Referred for RoleRow {
    const LINK: Link = Link::Role;
    const NOUN: &'static str = "role";
    const TITLE: &'static str = "User Role";

    fn rule() -> UserField {
        UserField::role()
    }
}
