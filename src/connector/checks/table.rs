//! The table: each resource type read, each kind of write and each action, with the objects and the
//! permissions that it needs. A test compares it with the registry.

use super::capability::{Capability, Covers, Need};
use super::permission::{
    ASSIGN_PERMISSION_SETS, CUSTOMIZE_APPLICATION, FREEZE_USERS, MANAGE_CONNECTED_APPS,
    MANAGE_GROUPS, MANAGE_INTERNAL_USERS, MANAGE_PACKAGE_LICENSES, MANAGE_PERMISSION_SETS,
    MANAGE_ROLES, MANAGE_SESSION_SETS, MANAGE_TERRITORIES, MANAGE_USERS, MODIFY_ALL_DATA,
    MONITOR_LOGIN_HISTORY, RESET_PASSWORDS, TRANSFER_RECORDS, VIEW_ALL_PROFILES, VIEW_ALL_USERS,
    VIEW_ROLES, VIEW_SETUP,
};

const ALL_USERS: &[Need] = &[Need::documented(&[VIEW_ALL_USERS, MANAGE_USERS])];
const EDIT_USERS: &[Need] = &[Need::documented(&[MANAGE_INTERNAL_USERS, MANAGE_USERS])];
const ASSIGN_SETS: &[Need] = &[Need::documented(&[ASSIGN_PERMISSION_SETS, MANAGE_USERS])];
const EDIT_GROUPS: &[Need] = &[Need::documented(&[MANAGE_USERS, MANAGE_GROUPS])];
const FREEZE: &[Need] = &[Need::documented(&[MANAGE_USERS, FREEZE_USERS])];
const RESET: &[Need] = &[Need::documented(&[RESET_PASSWORDS, MANAGE_USERS])];

const USER_REFERENCE: &str = "Object Reference: User";
const MANAGE_USERS_HELP: &str = "Salesforce Help: Edit Users; Object Reference: User";

/// What most entries have.
const BASE: Capability = Capability {
    id: "",
    what: "",
    covers: Covers::PartOf(""),
    objects: &[],
    also: &[],
    needs: &[],
    without: "",
    note: None,
    source: "",
};

/// All capabilities, in the order of the documents.
pub const CAPABILITIES: &[Capability] = &[
    Capability {
        id: "read.user",
        what: "users",
        covers: Covers::Read("user"),
        objects: &["User"],
        needs: ALL_USERS,
        without: "users that sharing hides are missing",
        note: Some("fields of --user-custom-fields also need field-level security: visible"),
        source: "Salesforce Help: User Sharing",
        ..BASE
    },
    Capability {
        id: "read.login_state",
        what: "frozen and password-locked users",
        covers: Covers::PartOf("read.user"),
        objects: &["UserLogin"],
        needs: &[Need::documented(&[MANAGE_USERS, FREEZE_USERS])],
        without: "frozen users are shown as enabled",
        source: "Object Reference: UserLogin",
        ..BASE
    },
    Capability {
        id: "read.profile",
        what: "profiles",
        covers: Covers::Read("profile"),
        objects: &["Profile"],
        needs: &[Need::documented(&[VIEW_ALL_PROFILES, MANAGE_USERS])],
        without: "where Profile Filtering is on, profiles are missing",
        source: "Object Reference: Profile",
        ..BASE
    },
    Capability {
        id: "read.role",
        what: "roles",
        covers: Covers::Read("role"),
        objects: &["UserRole"],
        needs: &[Need::documented(&[VIEW_ROLES, MANAGE_ROLES, MANAGE_USERS])],
        without: "roles and their holders are missing",
        source: "Object Reference: UserRole",
        ..BASE
    },
    Capability {
        id: "read.permission_set",
        what: "permission sets",
        covers: Covers::Read("permission"),
        objects: &["PermissionSet"],
        needs: &[Need::documented(&[
            VIEW_SETUP,
            ASSIGN_PERMISSION_SETS,
            MANAGE_PERMISSION_SETS,
            MANAGE_SESSION_SETS,
        ])],
        without: "permission sets are missing",
        source: "Object Reference: PermissionSet",
        ..BASE
    },
    Capability {
        id: "read.permission_set_assignment",
        what: "who holds permission sets and permission set groups",
        covers: Covers::PartOf("read.permission_set"),
        objects: &["PermissionSetAssignment"],
        needs: &[Need::documented(&[
            VIEW_SETUP,
            ASSIGN_PERMISSION_SETS,
            MANAGE_USERS,
        ])],
        without: "the holders of permission sets and permission set groups are missing",
        source: "Object Reference: PermissionSetAssignment",
        ..BASE
    },
    Capability {
        id: "read.permission_set_group",
        what: "permission set groups",
        covers: Covers::Read("permission_set_group"),
        objects: &["PermissionSetGroup"],
        needs: &[Need::documented(&[
            VIEW_SETUP,
            ASSIGN_PERMISSION_SETS,
            MANAGE_SESSION_SETS,
        ])],
        without: "permission set groups are missing",
        source: "Object Reference: PermissionSetGroup",
        ..BASE
    },
    Capability {
        id: "read.permission_set_group_component",
        what: "the permission sets in permission set groups, and what is muted",
        covers: Covers::PartOf("read.permission_set_group"),
        objects: &["PermissionSetGroupComponent"],
        also: &["MutingPermissionSet"],
        needs: &[Need::documented(&[VIEW_SETUP])],
        without: "what a permission set group contains is missing",
        source: "Object Reference: PermissionSetGroupComponent",
        ..BASE
    },
    Capability {
        id: "read.object_permissions",
        what: "who may view or modify all records of an object (`--sync-object-permissions`)",
        covers: Covers::PartOf("read.permission_set"),
        also: &["ObjectPermissions"],
        needs: &[Need::documented(&[VIEW_SETUP])],
        without: "who may view or modify all records of an object is not shown",
        source: "Object Reference: ObjectPermissions",
        ..BASE
    },
    Capability {
        id: "read.group",
        what: "public groups, queues, and their members",
        covers: Covers::Read("group"),
        objects: &["Group", "GroupMember"],
        needs: &[Need::reported(&[VIEW_SETUP])],
        without: "groups, queues and their members are missing",
        source: "Object Reference: Group, which every internal user may read",
        ..BASE
    },
    Capability {
        id: "read.connected_app",
        what: "connected apps and external client apps (`--sync-connected-apps`)",
        covers: Covers::Read("connected_application"),
        objects: &["ConnectedApplication"],
        also: &["ExternalClientApplication"],
        needs: &[
            Need::documented(&[CUSTOMIZE_APPLICATION]),
            Need::reported(&[MANAGE_CONNECTED_APPS, MODIFY_ALL_DATA]),
        ],
        without: "connected apps are missing",
        source: "Salesforce Help: Manage a Connected App",
        ..BASE
    },
    Capability {
        id: "read.feed.logins",
        what: "the event feed `logins`",
        covers: Covers::Feed("logins"),
        objects: &["LoginHistory"],
        also: &["ConnectedApplication"],
        needs: &[Need::documented(&[MONITOR_LOGIN_HISTORY, MANAGE_USERS])],
        without: "the event feed logins cannot be read",
        source: "Object Reference: LoginHistory",
        ..BASE
    },
    Capability {
        id: "read.feed.setup_audit",
        what: "the event feed `setup_audit`",
        covers: Covers::Feed("setup_audit"),
        objects: &["SetupAuditTrail"],
        needs: &[Need::documented(&[VIEW_SETUP])],
        without: "the event feed setup_audit cannot be read",
        source: "Object Reference: SetupAuditTrail",
        ..BASE
    },
    Capability {
        id: "read.connected_app.access",
        what: "which permission sets and profiles have access to apps (`--sync-connected-apps`)",
        covers: Covers::PartOf("read.connected_app"),
        also: &["SetupEntityAccess"],
        needs: &[Need::documented(&[VIEW_SETUP])],
        without: "the access of permission sets and profiles to apps is missing",
        source: "Object Reference: SetupEntityAccess",
        ..BASE
    },
    Capability {
        id: "read.connected_app.authorization",
        what: "who has authorized which app (`--sync-connected-apps`)",
        covers: Covers::PartOf("read.connected_app"),
        also: &["OauthToken", "AppMenuItem"],
        needs: &[Need::documented(&[CUSTOMIZE_APPLICATION])],
        without: "only the authorizations of the connector's own user are shown",
        source: "Object Reference: OauthToken",
        ..BASE
    },
    Capability {
        id: "read.territory",
        what: "territories and their members",
        covers: Covers::Read("territory"),
        objects: &["Territory2"],
        also: &["UserTerritory2Association", "PicklistValueInfo"],
        needs: &[Need::reported(&[MANAGE_TERRITORIES])],
        without: "territories and their members are missing",
        note: Some("only in orgs with Sales Territories; left out with --sync-territories=false"),
        source: "Object Reference: Territory2, UserTerritory2Association",
    },
    Capability {
        id: "read.agent",
        what: "agents and the users that they run as",
        covers: Covers::Read("agent"),
        objects: &["BotDefinition"],
        needs: &[Need::reported(&[VIEW_SETUP])],
        without: "agents are missing",
        note: Some("only in orgs with bots or agents; left out with --sync-agents=false"),
        source: "Object Reference: BotDefinition",
        ..BASE
    },
    Capability {
        id: "read.collaboration_group",
        what: "Chatter groups and their members (`--sync-chatter-groups`)",
        covers: Covers::Read("collaboration_group"),
        also: &["CollaborationGroup", "CollaborationGroupMember"],
        without: "Chatter groups are missing",
        note: Some(
            "unlisted groups that the connector's user is not in are shown only with \"Manage \
             Unlisted Groups\"",
        ),
        source: "Object Reference: CollaborationGroup, CollaborationGroupMember",
        ..BASE
    },
    Capability {
        id: "read.security_insight",
        what: "security insights (`--sync-security-insights`)",
        covers: Covers::Read("security_insight"),
        also: &[
            "User",
            "UserLogin",
            "PermissionSet",
            "PermissionSetAssignment",
        ],
        needs: &[
            Need::documented(&[VIEW_ALL_USERS, MANAGE_USERS]),
            Need::documented(&[VIEW_SETUP]),
        ],
        without: "who holds strong permissions is missing, and so are users that sharing hides",
        note: Some(
            "frozen accounts are found only with what `read.login_state` needs, and accounts \
             without single sign-on only if the field FederationIdentifier is visible",
        ),
        source: "Object Reference: PermissionSet, PermissionSetAssignment",
        ..BASE
    },
    Capability {
        id: "read.user_license",
        what: "user licences with their seats (`--sync-licenses`)",
        covers: Covers::Read("user_license"),
        also: &["UserLicense", "Profile", "User"],
        needs: &[Need::documented(&[VIEW_SETUP])],
        without: "user licences and their holders are missing",
        source: "Object Reference: UserLicense",
        ..BASE
    },
    Capability {
        id: "read.permission_set_license",
        what: "permission set licences with their seats (`--sync-licenses`)",
        covers: Covers::Read("permission_set_license"),
        also: &["PermissionSetLicense"],
        needs: &[Need::documented(&[VIEW_SETUP])],
        without: "permission set licences and their holders are missing",
        source: "Object Reference: PermissionSetLicense",
        ..BASE
    },
    Capability {
        id: "read.permission_set_license_assign",
        what: "who has permission set licences",
        covers: Covers::PartOf("read.permission_set_license"),
        objects: &["PermissionSetLicenseAssign"],
        needs: &[Need::documented(&[VIEW_SETUP, ASSIGN_PERMISSION_SETS])],
        without: "the holders of permission set licences are missing",
        source: "Object Reference: PermissionSetLicenseAssign",
        ..BASE
    },
    Capability {
        id: "read.package_license",
        what: "licences of installed packages, and who has them (`--sync-licenses`)",
        covers: Covers::Read("package_license"),
        objects: &["UserPackageLicense"],
        also: &["PackageLicense"],
        needs: &[Need::reported(&[VIEW_SETUP, MANAGE_PACKAGE_LICENSES])],
        without: "package licences and their holders are missing",
        source: "Object Reference: PackageLicense, UserPackageLicense",
        ..BASE
    },
    Capability {
        id: "read.feature_license",
        what: "feature licences, and who has them (`--sync-licenses`)",
        covers: Covers::Read("feature_license"),
        also: &["User"],
        needs: ALL_USERS,
        without: "holders of feature licences that sharing hides are missing",
        note: Some("a feature whose field field-level security hides is missing"),
        source: USER_REFERENCE,
        ..BASE
    },
    Capability {
        id: "grant.permission_set",
        what: "assign permission sets",
        covers: Covers::Grant("permission"),
        objects: &["PermissionSetAssignment"],
        also: &["PermissionSet", "PermissionSetLicense", "UserLicense"],
        needs: ASSIGN_SETS,
        without: "permission sets cannot be granted and revoked",
        note: Some(
            "for some administrative permission sets, Salesforce lets a user assign only what it \
             has itself",
        ),
        source: "Salesforce Help: Assign Permission Sets to a Single User",
    },
    Capability {
        id: "grant.permission_set_group",
        what: "assign permission set groups",
        covers: Covers::Grant("permission_set_group"),
        objects: &["PermissionSetAssignment"],
        also: &[
            "PermissionSetGroupComponent",
            "PermissionSetLicense",
            "UserLicense",
        ],
        needs: ASSIGN_SETS,
        without: "permission set groups cannot be granted and revoked",
        source: "Salesforce Help: Assign Permission Sets to a Single User",
        ..BASE
    },
    Capability {
        id: "grant.group",
        what: "change members of public groups and queues",
        covers: Covers::Grant("group"),
        objects: &["Group", "GroupMember"],
        needs: EDIT_GROUPS,
        without: "members of groups and queues cannot be added and removed",
        source: "Salesforce Help: Create and Edit Groups",
        ..BASE
    },
    Capability {
        id: "grant.role",
        what: "set or clear a user's role",
        covers: Covers::Grant("role"),
        objects: &["User"],
        needs: &[
            Need::documented(&[MANAGE_INTERNAL_USERS, MANAGE_USERS]),
            Need::reported(&[MANAGE_ROLES]),
        ],
        without: "roles of users cannot be set and cleared",
        source: "Salesforce Help: Assign Users to Roles",
        ..BASE
    },
    Capability {
        id: "grant.profile",
        what: "set or revoke a user's profile",
        covers: Covers::Grant("profile"),
        objects: &["User"],
        also: &["Profile", "UserLicense"],
        needs: EDIT_USERS,
        without: "profiles of users cannot be changed",
        source: MANAGE_USERS_HELP,
        ..BASE
    },
    Capability {
        id: "grant.territory",
        what: "add users to territories, remove them, and change their roles",
        covers: Covers::Grant("territory"),
        objects: &["Territory2"],
        also: &["UserTerritory2Association", "PicklistValueInfo"],
        needs: &[Need::documented(&[MANAGE_TERRITORIES])],
        without: "members of territories and their roles cannot be changed",
        note: Some("only in orgs with Sales Territories"),
        source: "Salesforce Help: Assign Users to Territories",
    },
    Capability {
        id: "grant.connected_app",
        what: "end a user's authorizations of an app (`--sync-connected-apps`)",
        covers: Covers::Grant("connected_application"),
        objects: &[],
        also: &[
            "OauthToken",
            "AppMenuItem",
            "ConnectedApplication",
            "ExternalClientApplication",
        ],
        needs: &[Need::documented(&[CUSTOMIZE_APPLICATION])],
        without: "authorizations of apps cannot be ended",
        note: Some("only the user can authorize an app, so there is nothing to grant"),
        source: "Object Reference: OauthToken",
    },
    Capability {
        id: "grant.collaboration_group",
        what: "change members and managers of Chatter groups (`--sync-chatter-groups`)",
        covers: Covers::Grant("collaboration_group"),
        also: &["CollaborationGroup", "CollaborationGroupMember", "User"],
        without: "members of Chatter groups cannot be changed",
        note: Some(
            "without \"Modify All Data\", only of groups that the connector's user owns or manages",
        ),
        source: "Object Reference: CollaborationGroupMember",
        ..BASE
    },
    Capability {
        id: "grant.permission_set_license",
        what: "assign permission set licences",
        covers: Covers::Grant("permission_set_license"),
        objects: &["PermissionSetLicenseAssign"],
        also: &[
            "PermissionSetLicense",
            "PermissionSetAssignment",
            "PermissionSetGroupComponent",
        ],
        needs: ASSIGN_SETS,
        without: "permission set licences cannot be granted and revoked",
        source: "Object Reference: PermissionSetLicenseAssign",
        ..BASE
    },
    Capability {
        id: "grant.package_license",
        what: "assign licences of packages",
        covers: Covers::Grant("package_license"),
        objects: &["UserPackageLicense"],
        also: &["PackageLicense"],
        needs: &[Need::documented(&[MANAGE_PACKAGE_LICENSES])],
        without: "package licences cannot be granted and revoked",
        source: "Salesforce Help: Assign Licenses for Managed Packages",
        ..BASE
    },
    Capability {
        id: "grant.feature_license",
        what: "switch feature licences of users",
        covers: Covers::Grant("feature_license"),
        objects: &["User"],
        needs: EDIT_USERS,
        without: "feature licences cannot be granted and revoked",
        source: MANAGE_USERS_HELP,
        ..BASE
    },
    Capability {
        id: "create.account",
        what: "create users",
        covers: Covers::Create("user"),
        objects: &["User"],
        also: &["Profile"],
        needs: EDIT_USERS,
        without: "users cannot be created",
        note: Some("each field of the form also needs field-level security: editable"),
        source: USER_REFERENCE,
    },
    Capability {
        id: "create.account.password_mail",
        what: "the password mail to a new user",
        covers: Covers::PartOf("create.account"),
        objects: &["User"],
        needs: RESET,
        without: "new users get no mail with a link to set their password",
        source: "Salesforce Help: Reset Passwords for Your Users",
        ..BASE
    },
    Capability {
        id: "delete.account",
        what: "delete a user (deactivates it)",
        covers: Covers::Delete("user"),
        objects: &["User"],
        needs: EDIT_USERS,
        without: "users cannot be deactivated",
        source: USER_REFERENCE,
        ..BASE
    },
    Capability {
        id: "action.update_user_status",
        what: "`update_user_status`",
        covers: Covers::Action("update_user_status"),
        objects: &["User"],
        needs: EDIT_USERS,
        without: "users cannot be activated and deactivated",
        source: USER_REFERENCE,
        ..BASE
    },
    Capability {
        id: "action.freeze_user",
        what: "`freeze_user`",
        covers: Covers::Action("freeze_user"),
        objects: &["UserLogin"],
        needs: FREEZE,
        without: "users cannot be frozen",
        source: "Object Reference: UserLogin",
        ..BASE
    },
    Capability {
        id: "action.unfreeze_user",
        what: "`unfreeze_user`",
        covers: Covers::Action("unfreeze_user"),
        objects: &["UserLogin"],
        needs: FREEZE,
        without: "users cannot be unfrozen",
        source: "Object Reference: UserLogin",
        ..BASE
    },
    Capability {
        id: "action.update_user_profile",
        what: "`update_user_profile`",
        covers: Covers::Action("update_user_profile"),
        objects: &["User"],
        needs: EDIT_USERS,
        without: "fields of users cannot be changed",
        note: Some("each field also needs field-level security: editable"),
        source: USER_REFERENCE,
        ..BASE
    },
    Capability {
        id: "action.send_password_reset",
        what: "`send_password_reset`",
        covers: Covers::Action("send_password_reset"),
        objects: &["User"],
        needs: RESET,
        without: "passwords cannot be reset",
        source: "Salesforce Help: Reset Passwords for Your Users",
        ..BASE
    },
    Capability {
        id: "action.check_user_deactivation",
        what: "`check_user_deactivation`",
        covers: Covers::Action("check_user_deactivation"),
        objects: &["User"],
        also: &[
            "GroupMember",
            "UserRole",
            "CronTrigger",
            "ProcessInstanceWorkitem",
            "BotDefinition",
            "Account",
            "Opportunity",
            "Task",
            "Case",
            "Lead",
        ],
        needs: ALL_USERS,
        without: "users that sharing hides cannot be checked",
        note: Some(
            "objects that cannot be read are listed under `not_checked`, and records that sharing \
             hides are not counted",
        ),
        source: USER_REFERENCE,
    },
    Capability {
        id: "action.release_user",
        what: "`release_user`",
        covers: Covers::Action("release_user"),
        objects: &["PermissionSetAssignment"],
        needs: ASSIGN_SETS,
        without: "permission sets and permission set groups cannot be removed from users",
        source: "Salesforce Help: Assign Permission Sets to a Single User",
        ..BASE
    },
    Capability {
        id: "action.release_user.include_groups",
        what: "`release_user` with `include_groups`",
        covers: Covers::PartOf("action.release_user"),
        objects: &["GroupMember"],
        needs: EDIT_GROUPS,
        without: "a released user stays in its groups and queues",
        source: "Salesforce Help: Create and Edit Groups",
        ..BASE
    },
    Capability {
        id: "action.release_user.include_licenses",
        what: "`release_user` with `include_licenses`",
        covers: Covers::PartOf("action.release_user"),
        objects: &["PermissionSetLicenseAssign", "UserPackageLicense"],
        needs: &[
            Need::documented(&[ASSIGN_PERMISSION_SETS, MANAGE_USERS]),
            Need::documented(&[MANAGE_PACKAGE_LICENSES]),
        ],
        without: "a released user keeps its licences of permission sets and packages",
        source: "Object Reference: PermissionSetLicenseAssign; Salesforce Help: Assign Licenses \
                 for Managed Packages",
        ..BASE
    },
    Capability {
        id: "action.transfer_user_records",
        what: "`transfer_user_records`",
        covers: Covers::Action("transfer_user_records"),
        also: &["Account", "Opportunity", "Task"],
        needs: &[Need::documented(&[TRANSFER_RECORDS])],
        without: "records cannot be transferred",
        note: Some(
            "it also needs Read and Edit on the objects and the records, and the new owner needs \
             Read",
        ),
        source: "Salesforce Help: Transfer Records",
        ..BASE
    },
];
