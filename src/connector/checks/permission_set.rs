//! Permission sets for `sf project deploy`: the least that some capabilities need, with what
//! Salesforce requires along with it. docs/salesforce has them as files.

use std::collections::BTreeSet;

use super::permission::{API_ENABLED, Permission};
use super::table::CAPABILITIES;

/// A permission set as a file.
#[derive(Clone, Copy, Debug)]
pub struct PermissionSetFile {
    /// The API name, which is the name of the file.
    pub name: &'static str,
    /// The name in Setup.
    pub label: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// The capabilities that it allows.
    pub capabilities: &'static [&'static str],
}

/// The permission sets. Each adds to the first one.
pub const PERMISSION_SETS: &[PermissionSetFile] = &[
    PermissionSetFile {
        name: "Baton_Connector_Read_Only",
        label: "Baton Connector: Read Only",
        description: "Lets the connector read users, profiles, roles, permission sets, groups and \
                      licences. Nothing can be changed with it.",
        capabilities: &[
            "read.user",
            "read.profile",
            "read.role",
            "read.permission_set",
            "read.permission_set_assignment",
            "read.permission_set_group",
            "read.permission_set_group_component",
            "read.object_permissions",
            "read.security_insight",
            "read.group",
            "read.agent",
            "read.user_license",
            "read.permission_set_license",
            "read.permission_set_license_assign",
            "read.package_license",
            "read.feature_license",
        ],
    },
    PermissionSetFile {
        name: "Baton_Connector_Assign_Permission_Sets",
        label: "Baton Connector: Assign Permission Sets",
        description: "Lets the connector assign permission sets, permission set groups and \
                      permission set licences.",
        capabilities: &[
            "grant.permission_set",
            "grant.permission_set_group",
            "grant.permission_set_license",
            "action.release_user",
        ],
    },
    PermissionSetFile {
        name: "Baton_Connector_Provisioning",
        label: "Baton Connector: Provisioning",
        description: "Lets the connector create, change and deactivate internal users, set their \
                      roles, profiles and feature licences, and reset their passwords.",
        capabilities: &[
            "grant.role",
            "grant.profile",
            "grant.feature_license",
            "create.account",
            "create.account.password_mail",
            "delete.account",
            "action.update_user_status",
            "action.update_user_profile",
            "action.send_password_reset",
            "action.check_user_deactivation",
        ],
    },
    PermissionSetFile {
        name: "Baton_Connector_Manage_Users",
        label: "Baton Connector: Manage Users",
        description: "Lets the connector see and set who is frozen, and change members of groups \
                      and queues. Salesforce gives this only with many other permissions.",
        capabilities: &[
            "read.login_state",
            "grant.group",
            "action.freeze_user",
            "action.unfreeze_user",
            "action.release_user.include_groups",
        ],
    },
    PermissionSetFile {
        name: "Baton_Connector_Territories",
        label: "Baton Connector: Territories",
        description: "Lets the connector change members of territories and their roles. Only orgs \
                      with Sales Territories have this permission.",
        capabilities: &["read.territory", "grant.territory"],
    },
    PermissionSetFile {
        name: "Baton_Connector_Transfer_Records",
        label: "Baton Connector: Transfer Records",
        description: "Lets the connector transfer records. Give access to the objects as well.",
        capabilities: &["action.transfer_user_records"],
    },
];

impl PermissionSetFile {
    /// Its permissions, by name: the first of each need, and what each requires.
    #[must_use]
    pub fn permissions(&self) -> BTreeSet<Permission> {
        let capabilities = CAPABILITIES
            .iter()
            .filter(|one| self.capabilities.contains(&one.id));
        let wanted = capabilities
            .flat_map(|capability| capability.needs)
            .filter_map(|need| need.any_of.first().copied());
        let mut open: Vec<Permission> = std::iter::once(API_ENABLED).chain(wanted).collect();
        let mut all = BTreeSet::new();
        while let Some(permission) = open.pop() {
            if all.insert(permission) {
                open.extend(permission.requires());
            }
        }
        all
    }
}
