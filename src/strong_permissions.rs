//! Permissions that make their holder strong, in one table.
//!
//! The tiers are a judgement of ours: with the first the org is theirs, with the second they can
//! give themselves the rest, with the third data leaves or the set-up is seen. The names are
//! Salesforce's (Object Reference: the fields `Permissions…` of `PermissionSet`).
//!
//! The connector shows on resources what they give; what reads the file of a sync knows the names from
//! here.

/// The key of a resource's profile that lists the names of the strong permissions that it gives.
pub(crate) const LABELS: &str = "strong_permissions";
/// The key of the tier of the strongest of them.
pub(crate) const TIER: &str = "strong_permissions_tier";

/// A strong permission.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StrongPermission {
    /// 1 is the strongest.
    pub tier: u8,
    /// The column of `PermissionSet`.
    pub column: &'static str,
    /// The name in Setup.
    pub label: &'static str,
    /// What its holder can do: the end of a sentence.
    pub lets: &'static str,
    /// Where Salesforce says so.
    pub source: &'static str,
}

const fn row(
    tier: u8,
    column: &'static str,
    label: &'static str,
    lets: &'static str,
    source: &'static str,
) -> StrongPermission {
    StrongPermission {
        tier,
        column,
        label,
        lets,
        source,
    }
}

/// Worth telling only of somebody who has more than this.
pub(crate) const API_ENABLED: &str = "PermissionsApiEnabled";

/// The permissions, the strongest first.
pub const STRONG: &[StrongPermission] = &[
    row(
        1,
        "PermissionsModifyAllData",
        "Modify All Data",
        "read, change and delete every record",
        "Salesforce Help: View All and Modify All Permissions Overview",
    ),
    row(
        1,
        "PermissionsViewAllData",
        "View All Data",
        "read every record",
        "Salesforce Help: View All and Modify All Permissions Overview",
    ),
    row(
        1,
        "PermissionsAuthorApex",
        "Author Apex",
        "run code that no permission restrains",
        "Apex Developer Guide: Enforcing Object and Field Permissions",
    ),
    row(
        2,
        "PermissionsManageUsers",
        "Manage Users",
        "create users, give anybody any profile, and reset passwords",
        "Salesforce Help: Edit Users",
    ),
    row(
        2,
        "PermissionsManageInternalUsers",
        "Manage Internal Users",
        "create internal users and change their profiles",
        "Salesforce Help: Edit Users",
    ),
    row(
        2,
        "PermissionsManageProfilesPermissionsets",
        "Manage Profiles and Permission Sets",
        "change what profiles and permission sets give",
        "Salesforce Help: Edit Profiles",
    ),
    row(
        2,
        "PermissionsAssignPermissionSets",
        "Assign Permission Sets",
        "give permission sets to anybody",
        "Salesforce Help: Assign Permission Sets to a Single User",
    ),
    row(
        2,
        "PermissionsManageRoles",
        "Manage Roles",
        "move people in the role hierarchy, and with that what they see",
        "Salesforce Help: Assign Users to Roles",
    ),
    row(
        2,
        "PermissionsCustomizeApplication",
        "Customize Application",
        "change objects, rules and apps",
        "Salesforce Help: User Permissions",
    ),
    row(
        2,
        "PermissionsManageSharing",
        "Manage Sharing",
        "open records to others",
        "Salesforce Help: Sharing Rules",
    ),
    row(
        2,
        "PermissionsResetPasswords",
        "Reset User Passwords and Unlock Users",
        "start the reset of anybody's password",
        "Salesforce Help: Reset Passwords for Your Users",
    ),
    row(
        2,
        "PermissionsModifyMetadata",
        "Modify Metadata Through Metadata API Functions",
        "deploy changes of the configuration",
        "Metadata API Developer Guide: Prerequisites for Metadata API Development",
    ),
    row(
        3,
        "PermissionsDataExport",
        "Weekly Data Export",
        "export all data of the org",
        "Salesforce Help: Export Backup Data from Salesforce",
    ),
    row(
        3,
        "PermissionsExportReport",
        "Export Reports",
        "save reports as files",
        "Salesforce Help: Export a Report",
    ),
    row(
        3,
        "PermissionsViewEncryptedData",
        "View Encrypted Data",
        "read values that others see masked",
        "Salesforce Help: Classic Encryption for Custom Fields",
    ),
    row(
        3,
        "PermissionsViewSetup",
        "View Setup and Configuration",
        "see how the org is set up",
        "Salesforce Help: User Permissions",
    ),
    row(
        3,
        API_ENABLED,
        "API Enabled",
        "read with programs what they may read",
        "REST API Developer Guide: Quick Start",
    ),
    row(
        3,
        "PermissionsBulkApiHardDelete",
        "Bulk API Hard Delete",
        "delete records past the recycle bin",
        "Bulk API 2.0 and Bulk API Developer Guide: Create a Job",
    ),
    row(
        3,
        "PermissionsManageConnectedApps",
        "Manage Connected Apps",
        "let other programs in",
        "Salesforce Help: Manage a Connected App",
    ),
    row(
        3,
        "PermissionsTwoFactorApi",
        "Multi-Factor Authentication for API Logins",
        "decide how programs must sign in",
        "Salesforce Help: Set Multi-Factor Authentication Login Requirements for API Access",
    ),
    row(
        3,
        "PermissionsBypassMFAForUiLogins",
        "Waive Multi-Factor Authentication for Exempt Users",
        "sign in without a second factor",
        "Salesforce Help: Exclude Exempt Users from MFA",
    ),
    row(
        3,
        "PermissionsViewAllUsers",
        "View All Users",
        "see every user",
        "Salesforce Help: User Sharing",
    ),
    row(
        3,
        "PermissionsQueryAllFiles",
        "Query All Files",
        "read every file",
        "Object Reference: ContentDocument",
    ),
];

/// The permission that `written` means: a name in Setup or a name in the API, with or without
/// `Permissions` in front, in upper or lower case.
pub(crate) fn find(written: &str) -> Option<&'static StrongPermission> {
    let written = letters(written);
    STRONG.iter().find(|permission| {
        letters(permission.label) == written || letters(permission.column) == written
    })
}

/// `Modify All Data`, `modifyAllData` and `PermissionsModifyAllData` are the same.
pub(crate) fn letters(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    let lower: String = letters.flat_map(char::to_lowercase).collect();
    match lower.strip_prefix("permissions") {
        Some(rest) => rest.to_owned(),
        None => lower,
    }
}

impl StrongPermission {
    /// The name in the API, as people write it: `ModifyAllData`.
    pub(crate) fn api_name(&self) -> &'static str {
        self.column
            .strip_prefix("Permissions")
            .unwrap_or(self.column)
    }
}

/// Which strong permissions something gives: bits in the order of [`STRONG`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Strength(u32);

impl Strength {
    /// The permissions whose column `is_given`.
    pub(crate) fn of(is_given: impl Fn(&str) -> bool) -> Self {
        let places = STRONG.iter().zip(0_u32..);
        Self(places.fold(0, |bits, (permission, place)| {
            bits | (u32::from(is_given(permission.column)) << place)
        }))
    }

    /// What either gives.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether nothing is given.
    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether this permission is given.
    pub(crate) fn has(self, permission: &StrongPermission) -> bool {
        self.held().any(|held| held.column == permission.column)
    }

    fn held(self) -> impl Iterator<Item = &'static StrongPermission> {
        let places = STRONG.iter().zip(0_u32..);
        let held = places.filter(move |(_, place)| self.0 >> place & 1 == 1);
        held.map(|(permission, _)| permission)
    }

    /// What is worth telling, the strongest first: API Enabled only along with more than a third
    /// tier, because almost everybody has it.
    pub(crate) fn told(self) -> Vec<&'static StrongPermission> {
        let is_strong = self.held().any(|permission| permission.tier < 3);
        self.held()
            .filter(|permission| is_strong || permission.column != API_ENABLED)
            .collect()
    }
}

/// A sentence that names the permissions, and says what the strongest of them means. `None` if there
/// are none.
pub(crate) fn sentence<'a>(labels: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let labels: Vec<&str> = labels.into_iter().collect();
    let strongest = STRONG
        .iter()
        .find(|permission| labels.contains(&permission.label));
    let meaning = strongest
        .map(|permission| {
            let (label, lets) = (permission.label, permission.lets);
            format!(" With {label} its holders can {lets}.")
        })
        .unwrap_or_default();
    (!labels.is_empty()).then(|| format!("Gives {}.{meaning}", labels.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(columns: &[&str]) -> Vec<&'static str> {
        let strength = Strength::of(|column| columns.contains(&column));
        strength.told().iter().map(|one| one.label).collect()
    }

    #[test]
    fn the_strongest_comes_first() {
        let tiers: Vec<u8> = STRONG.iter().map(|permission| permission.tier).collect();
        assert!(tiers.is_sorted());
        assert_eq!(
            told(&["PermissionsViewSetup", "PermissionsManageUsers"]),
            ["Manage Users", "View Setup and Configuration"]
        );
    }

    #[test]
    fn a_permission_has_many_spellings() {
        let meant = |written| find(written).map(StrongPermission::api_name);
        for written in [
            "Modify All Data",
            "modifyalldata",
            "PermissionsModifyAllData",
        ] {
            assert_eq!(meant(written), Some("ModifyAllData"), "{written}");
        }
        assert_eq!(meant("Weekly Data Export"), Some("DataExport"));
        assert_eq!(meant("Permissions"), None);
    }

    #[test]
    fn api_enabled_alone_is_not_worth_a_word() {
        assert!(told(&[API_ENABLED]).is_empty());
        assert_eq!(
            told(&[API_ENABLED, "PermissionsExportReport"]),
            ["Export Reports"]
        );
        assert_eq!(
            told(&[API_ENABLED, "PermissionsViewAllData"]),
            ["View All Data", "API Enabled"]
        );
    }

    #[test]
    fn a_sentence_says_what_the_strongest_means() {
        assert_eq!(sentence([]), None);
        assert_eq!(
            sentence(["View All Data", "API Enabled"]).as_deref(),
            Some(
                "Gives View All Data, API Enabled. With View All Data its holders can read every \
                 record."
            )
        );
    }
}
