//! What every org has: its Organization record, licenses, standard profiles, the group of all
//! users, and the administrator as whom clients sign in.

use jiff::Timestamp;

use crate::org::Org;
use crate::org::id::Id;
use crate::org::value::Value;

/// Licences: key, name, seats.
const LICENSES: &[(&str, &str, i64)] = &[
    ("SFDC", "Salesforce", 100),
    ("AUL", "Salesforce Platform", 20),
    ("PID_CHATTER", "Chatter Free", 5000),
    ("PID_Customer_Community", "Customer Community", 50),
    ("PID_Partner_Community", "Partner Community", 50),
    ("PID_Guest_User", "Guest User License", 25),
    (
        "PID_Salesforce_INTEGRATION_USER",
        "Salesforce Integration",
        5,
    ),
    ("PID_DigitalAgent", "Einstein Agent", 5),
    ("PID_XOrg_Proxy_User", "XOrg Proxy User", 2),
];

/// Standard profiles: name, licence, user type.
const PROFILES: &[(&str, &str, &str)] = &[
    (ADMIN, "SFDC", "Standard"),
    ("Standard User", "SFDC", "Standard"),
    ("Minimum Access - Salesforce", "SFDC", "Standard"),
    ("Standard Platform User", "AUL", "Standard"),
    ("Chatter Free User", "PID_CHATTER", "CsnOnly"),
    (
        "Customer Community User",
        "PID_Customer_Community",
        "CspLitePortal",
    ),
    (
        "Partner Community User",
        "PID_Partner_Community",
        "PowerPartner",
    ),
    ("Guest Profile", "PID_Guest_User", "Guest"),
    (
        "Minimum Access - API Only Integrations",
        "PID_Salesforce_INTEGRATION_USER",
        "Standard",
    ),
    ("Einstein Agent User", "PID_DigitalAgent", "Standard"),
    ("XOrg Proxy User", "PID_XOrg_Proxy_User", "Standard"),
];

const ADMIN: &str = "System Administrator";
/// Permissions of the administrator's profile: those of the standard profile of a real org, and what
/// a sync of everything needs besides.
const ADMIN_RIGHTS: &[&str] = &[
    "PermissionsModifyAllData",
    "PermissionsViewAllData",
    "PermissionsManageUsers",
    "PermissionsManageInternalUsers",
    "PermissionsAuthorApex",
    "PermissionsApiEnabled",
    "PermissionsViewSetup",
    "PermissionsAssignPermissionSets",
    "PermissionsManageProfilesPermissionsets",
    "PermissionsViewAllUsers",
    "PermissionsViewAllProfiles",
    "PermissionsCustomizeApplication",
    "PermissionsManageRoles",
    "PermissionsViewRoles",
    "PermissionsManagePackageLicenses",
    "PermissionsManageSharing",
    "PermissionsResetPasswords",
    "PermissionsFreezeUsers",
    "PermissionsMonitorLoginHistory",
    "PermissionsManageTerritories",
    "PermissionsTransferAnyEntity",
    "PermissionsTransferAnyCase",
    "PermissionsTransferAnyLead",
    "PermissionsRunReports",
    "PermissionsExportReport",
    "PermissionsEditPublicReports",
    "PermissionsDataExport",
    "PermissionsManageIpAddresses",
    "PermissionsManageSessionPermissionSets",
    "PermissionsManageConnectedApps",
    "PermissionsManageAuthProviders",
    "PermissionsInstallPackaging",
    "PermissionsModifyMetadata",
    "PermissionsViewEventLogFiles",
    "PermissionsManageUnlistedGroups",
];

/// Adds these to an empty org.
pub(in crate::org) fn fill(org: &mut Org) {
    // A fixed date, so that the same seed gives the same org.
    org.stamp = Timestamp::from_second(1_546_300_800).ok();
    org.organization = org.seed_row(
        "Organization",
        [
            ("Name", Value::text("Simulated Org")),
            ("InstanceName", "SIM1".into()),
            ("OrganizationType", "Enterprise Edition".into()),
            ("TimeZoneSidKey", "America/Los_Angeles".into()),
            ("LanguageLocaleKey", "en_US".into()),
            ("DefaultLocaleSidKey", "en_US".into()),
            ("FiscalYearStartMonth", Value::Int(1)),
        ],
    );
    for (key, name, seats) in LICENSES {
        org.seed_row(
            "UserLicense",
            [
                ("LicenseDefinitionKey", Value::text(key)),
                ("Name", Value::text(name)),
                ("MasterLabel", Value::text(name)),
                ("Status", "Active".into()),
                ("TotalLicenses", Value::Int(*seats)),
                ("UsedLicenses", Value::Int(0)),
            ],
        );
    }
    for (name, license, user_type) in PROFILES {
        seed_profile(
            org,
            name,
            license,
            user_type,
            if *name == ADMIN { ADMIN_RIGHTS } else { &[] },
        );
    }
    seed_administrator(org);
    let owner = Value::Id(org.organization);
    org.seed_row(
        "Group",
        [
            ("Name", Value::text("All Internal Users")),
            ("DeveloperName", "AllInternalUsers".into()),
            ("Type", "Organization".into()),
            ("OwnerId", owner),
        ],
    );
    org.stamp = None;
}

/// Adds a profile with its permission set and returns both ids.
pub(super) fn seed_profile(
    org: &mut Org,
    name: &str,
    license: &str,
    user_type: &str,
    rights: &[&str],
) -> (Id, Id) {
    let license = org
        .find_one("UserLicense", "LicenseDefinitionKey", &Value::text(license))
        .map_or(Value::Null, |row| Value::Id(row.id()));
    let granted = || rights.iter().map(|right| (*right, Value::Bool(true)));
    let profile = [
        ("Name", Value::text(name)),
        ("UserLicenseId", license.clone()),
        ("UserType", Value::text(user_type)),
    ];
    let profile = org.seed_row("Profile", profile.into_iter().chain(granted()));
    let set = [
        ("Name", Value::text(format!("X{}", profile.short()))),
        // The label of such a set is generated.
        ("Label", Value::text(format!("00e{}", profile.short()))),
        ("Type", "Profile".into()),
        ("IsOwnedByProfile", true.into()),
        ("ProfileId", profile.into()),
        ("LicenseId", license),
    ];
    let set = org.seed_row("PermissionSet", set.into_iter().chain(granted()));
    (profile, set)
}

fn seed_administrator(org: &mut Org) {
    let profile = org
        .find_one("Profile", "Name", &ADMIN.into())
        .map_or(Id::ZERO, |row| row.id());
    let username = org.settings.username.clone();
    let user = org.seed_row(
        "User",
        [
            ("Username", Value::text(&username)),
            ("FirstName", "Simulated".into()),
            ("LastName", "Administrator".into()),
            ("Email", Value::text(&username)),
            ("Alias", "admin".into()),
            ("CommunityNickname", "admin".into()),
            ("IsActive", true.into()),
            ("UserType", "Standard".into()),
            ("ProfileId", profile.into()),
            ("TimeZoneSidKey", "America/Los_Angeles".into()),
            ("LocaleSidKey", "en_US".into()),
            ("LanguageLocaleKey", "en_US".into()),
            ("EmailEncodingKey", "UTF-8".into()),
        ],
    );
    org.integration_user = user;
    org.seed_row("UserLogin", [("UserId", Value::Id(user))]);
    let set = org
        .find_one("PermissionSet", "ProfileId", &profile.into())
        .map(|row| row.id());
    org.seed_row(
        "PermissionSetAssignment",
        [
            ("AssigneeId", Value::Id(user)),
            ("PermissionSetId", set.into()),
            ("IsActive", true.into()),
        ],
    );
    let license = org.profile_field(profile, "UserLicenseId").as_id();
    if let Some(license) = license
        && let Err(error) = org.write("UserLicense", license, [("UsedLicenses", Value::Int(1))])
    {
        tracing::error!(%error, "the administrator's licence is missing");
    }
}
