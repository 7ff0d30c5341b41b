//! Roles: places in a hierarchy. A user has one at most; the link is a field of the user.

use serde::Deserialize;

use super::directory::DirectoryRow;
use super::field_grants::UserReference;
use super::field_resource::UserFieldRow;
use super::giver::Giver;
use crate::baton::{Resource, ResourceId, ResourceType, Result, Variant};
use crate::connector::catalog::ROLE;
use crate::connector::read::table::{Row, Table};
use crate::connector::text;
use crate::salesforce::SalesforceId;

/// What later phases need of a role.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoleSummary {
    pub(super) parent: Option<SalesforceId>,
    /// A role of a customer or partner portal.
    pub(super) is_portal: bool,
}

/// A row of `UserRole`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::connector) struct RoleRow {
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

impl DirectoryRow for RoleRow {
    type Summary = RoleSummary;
    const TYPE: &'static ResourceType = &ROLE;
    const OBJECT: &'static str = "UserRole";
    const REMEDY: &'static str = "give the connector's user \"View Roles and Role Hierarchy\"";

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id"])
            .optional(&["Name", "DeveloperName", "RollupDescription"])
            .optional_or(
                "ParentRoleId",
                "groups of a role and its subordinates lack the subordinates",
            )
            .optional_or(
                "PortalType",
                "groups of a role and its internal subordinates include portal roles",
            )
    }

    fn summary(&self) -> Option<RoleSummary> {
        let is_portal = self
            .portal_type
            .as_deref()
            .is_some_and(|kind| kind != "None");
        Some(RoleSummary {
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
}

impl UserFieldRow for RoleRow {
    const REFERENCE: UserReference = UserReference::Role;
    const NOUN: &'static str = "role";
    const TITLE: &'static str = "User Role";
    const MEANS: &'static str = "A role decides whose records a user sees: by default those of the \
                                 people below it in the hierarchy.";
    const GIVES: Option<Giver> = None;
}
