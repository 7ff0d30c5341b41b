//! Salesforce's user permissions: the name in the API, the name in Setup, and which others a
//! permission set must have along with each.
//!
//! Source of the names: Salesforce Field Reference, `UserPermissionAccess` and `PermissionSet`.

use crate::salesforce::FieldName;

/// A user permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// The name in the Metadata API: `ViewAllUsers`. The column is `PermissionsViewAllUsers`.
    pub name: &'static str,
    /// The name in Setup: `View All Users`.
    pub label: &'static str,
    /// Whether orgs usually have it. The others are asked for only if the org describes them.
    pub is_usual: bool,
}

macro_rules! permissions {
    ($($id:ident = $name:literal, $label:literal $(, $rare:ident)?;)+) => {
        $(pub(super) const $id: Permission = Permission {
            name: $name,
            label: $label,
            is_usual: true $(&& $rare)?,
        };)+

        /// All permissions that a capability or a permission set names.
        pub(super) const ALL: &[Permission] = &[$($id),+];
    };
}

const RARE: bool = false;

permissions! {
    API_ENABLED = "ApiEnabled", "API Enabled";
    VIEW_ALL_USERS = "ViewAllUsers", "View All Users";
    VIEW_ALL_PROFILES = "ViewAllProfiles", "View All Profiles";
    VIEW_SETUP = "ViewSetup", "View Setup and Configuration";
    VIEW_ROLES = "ViewRoles", "View Roles and Role Hierarchy";
    MANAGE_USERS = "ManageUsers", "Manage Users";
    MANAGE_INTERNAL_USERS = "ManageInternalUsers", "Manage Internal Users";
    MANAGE_ROLES = "ManageRoles", "Manage Roles";
    MANAGE_GROUPS = "ManageGroups", "Manage Groups", RARE;
    ASSIGN_PERMISSION_SETS = "AssignPermissionSets", "Assign Permission Sets";
    MANAGE_PERMISSION_SETS = "ManageProfilesPermissionsets", "Manage Profiles and Permission Sets";
    MANAGE_SESSION_SETS =
        "ManageSessionPermissionSets", "Manage Session Permission Set Activations";
    CUSTOMIZE_APPLICATION = "CustomizeApplication", "Customize Application";
    MANAGE_CONNECTED_APPS = "ManageConnectedApps", "Manage Connected Apps", RARE;
    FREEZE_USERS = "FreezeUsers", "Freeze Users";
    RESET_PASSWORDS = "ResetPasswords", "Reset User Passwords and Unlock Users";
    MANAGE_PACKAGE_LICENSES = "ManagePackageLicenses", "Manage Package Licenses", RARE;
    MANAGE_TERRITORIES = "ManageTerritories", "Manage Territories", RARE;
    TRANSFER_RECORDS = "TransferAnyEntity", "Transfer Record";
    MODIFY_ALL_DATA = "ModifyAllData", "Modify All Data";
    DELEGATED_TWO_FACTOR = "DelegatedTwoFactor",
        "Manage Multi-Factor Authentication in User Interface", RARE;
    MANAGE_IP_ADDRESSES = "ManageIpAddresses", "Manage IP Addresses", RARE;
    MANAGE_LOGIN_ACCESS =
        "ManageLoginAccessPolicies", "Manage Login Access Policies", RARE;
    MANAGE_PASSWORD_POLICIES = "ManagePasswordPolicies", "Manage Password Policies", RARE;
    MANAGE_SHARING = "ManageSharing", "Manage Sharing", RARE;
    MONITOR_LOGIN_HISTORY = "MonitorLoginHistory", "Monitor Login History", RARE;
}

impl Permission {
    /// The column of `UserPermissionAccess` and `PermissionSet`.
    #[must_use]
    pub fn column(&self) -> String {
        format!("Permissions{}", self.name)
    }

    /// The column in a query.
    pub(super) fn field(&self) -> Option<FieldName> {
        FieldName::parse(&self.column()).ok()
    }

    /// The permissions that Salesforce requires along with this one: without them it refuses to
    /// deploy a permission set (`Permission ManageUsers depends on permission(s): …`).
    #[must_use]
    pub fn requires(&self) -> &'static [Self] {
        match self.name {
            "ViewSetup" => &[VIEW_ROLES],
            "ViewAllProfiles"
            | "AssignPermissionSets"
            | "ManageInternalUsers"
            | "ManageRoles"
            | "FreezeUsers"
            | "ResetPasswords" => &[VIEW_SETUP],
            "ManageUsers" => &[
                ASSIGN_PERMISSION_SETS,
                DELEGATED_TWO_FACTOR,
                FREEZE_USERS,
                MANAGE_INTERNAL_USERS,
                MANAGE_IP_ADDRESSES,
                MANAGE_LOGIN_ACCESS,
                MANAGE_PASSWORD_POLICIES,
                MANAGE_PERMISSION_SETS,
                MANAGE_ROLES,
                MANAGE_SHARING,
                MONITOR_LOGIN_HISTORY,
                RESET_PASSWORDS,
                VIEW_ALL_USERS,
                VIEW_SETUP,
            ],
            _ => &[],
        }
    }
}
