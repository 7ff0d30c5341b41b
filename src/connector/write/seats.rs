//! Which licence caused a refusal. The org is asked only after a refusal, in one call.
//!
//! The code of a refusal says that a licence does not fit or has no seat, but not which one. The
//! tables of licences are short, so they are read whole and joined here.

use serde::Deserialize;

use super::attempt::{Answers, Attempt};
use crate::baton::Error;
use crate::connector::error::ReadError;
use crate::connector::resources::assignment::Assigned;
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{FieldName, Select, field};

/// A licence and its seats.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LicenseRow {
    id: Option<SalesforceId>,
    master_label: Option<String>,
    name: Option<String>,
    total_licenses: Option<i64>,
    used_licenses: Option<i64>,
}

/// What decides who may have a permission set.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct SetPart {
    is_owned_by_profile: bool,
    permission_set_group_id: Option<SalesforceId>,
    license_id: Option<SalesforceId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ComponentPart {
    permission_set: Option<SetPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProfilePart {
    user_license: Option<LicenseRow>,
}

impl LicenseRow {
    fn label(&self) -> &str {
        self.master_label
            .as_deref()
            .or(self.name.as_deref())
            .unwrap_or("without a name")
    }

    fn is_full(&self) -> bool {
        match (self.used_licenses, self.total_licenses) {
            // A negative total means unlimited seats.
            (Some(used), Some(total)) => total >= 0 && used >= total,
            _ => false,
        }
    }

    /// Says that the licence has no seat left.
    fn no_seat(&self, kind: &str) -> String {
        let label = self.label();
        match (self.used_licenses, self.total_licenses) {
            (Some(used), Some(total)) => format!(
                "no seat of the {kind} \"{label}\" is left: {used} of {total} are used; free one \
                 or buy more"
            ),
            _ => format!("no seat of the {kind} \"{label}\" is left"),
        }
    }
}

/// Why `on` cannot be assigned, if the org shows it.
pub(super) async fn why_not_assigned(
    assigned: Assigned,
    on: SalesforceId,
    attempt: &mut Attempt<'_>,
) -> Option<Error> {
    let licenses = ["Id", "MasterLabel", "TotalLicenses", "UsedLicenses"].map(FieldName::from);
    let answers = attempt
        .ask([
            sets(assigned, on),
            Select::from("PermissionSetLicense").fields(&licenses),
            Select::from("UserLicense").fields(["Id", "Name"]),
        ])
        .await;
    read_why(assigned, answers.ok()?)
        .ok()
        .flatten()
        .map(Error::precondition)
}

/// The sets that are assigned together.
fn sets(assigned: Assigned, on: SalesforceId) -> Select {
    match assigned {
        Assigned::Set => Select::from("PermissionSet")
            .fields(["IsOwnedByProfile", "PermissionSetGroupId", "LicenseId"])
            .filter(field("Id").eq(on)),
        Assigned::Group => Select::from("PermissionSetGroupComponent")
            .fields(["PermissionSet.LicenseId"])
            .filter(field("PermissionSetGroupId").eq(on)),
    }
}

fn read_why(assigned: Assigned, mut answers: Answers) -> Result<Option<String>, ReadError> {
    let sets: Vec<SetPart> = match assigned {
        Assigned::Set => answers.rows(0, "read a permission set")?,
        Assigned::Group => answers
            .rows::<ComponentPart>(0, "read the components of a group")?
            .into_iter()
            .filter_map(|row| row.permission_set)
            .collect(),
    };
    if sets.iter().any(|set| set.is_owned_by_profile) {
        return Ok(Some(OF_PROFILE.to_owned()));
    }
    if let Some(group) = sets.iter().find_map(|set| set.permission_set_group_id) {
        return Ok(Some(of_group(group)));
    }
    let needs = |license: &LicenseRow| {
        license
            .id
            .is_some_and(|id| sets.iter().any(|set| set.license_id == Some(id)))
    };
    let set_licenses: Vec<LicenseRow> = answers.rows(1, "read permission set licences")?;
    if let Some(full) = set_licenses
        .iter()
        .find(|license| needs(license) && license.is_full())
    {
        return Ok(Some(full.no_seat("permission set licence")));
    }
    let user_licenses: Vec<LicenseRow> = answers.rows(2, "read user licences")?;
    let other = user_licenses.iter().find(|license| needs(license));
    Ok(other.map(|license| {
        format!(
            "it is for users with the licence \"{}\", and the user's profile has another one",
            license.label()
        )
    }))
}

/// A table of licences that are assigned one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeatTable {
    PermissionSetLicense,
    PackageLicense,
}

/// A licence of such a table.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AssignedLicense {
    #[serde(alias = "NamespacePrefix")]
    master_label: Option<String>,
    status: Option<String>,
    #[serde(alias = "AllowedLicenses")]
    total_licenses: Option<i64>,
    used_licenses: Option<i64>,
    expiration_date: Option<String>,
}

/// Why nobody gets a seat of this licence, if the org shows it: it has ended, is disabled, or all
/// seats are used. One query, and only after a refusal.
pub(super) async fn why_no_license(
    table: SeatTable,
    license: SalesforceId,
    attempt: &mut Attempt<'_>,
) -> Option<String> {
    let (object, kind, columns) = match table {
        SeatTable::PermissionSetLicense => (
            "PermissionSetLicense",
            "permission set licence",
            ["MasterLabel", "TotalLicenses"],
        ),
        SeatTable::PackageLicense => (
            "PackageLicense",
            "package licence",
            ["NamespacePrefix", "AllowedLicenses"],
        ),
    };
    let select = Select::from(object)
        .fields(columns)
        .fields(["Status", "UsedLicenses", "ExpirationDate"])
        .filter(field("Id").eq(license))
        .limit(1);
    let rows = attempt.query::<AssignedLicense>(&select).await.ok()?;
    let row = rows.into_iter().next()?;
    let ends = row.expiration_date.as_deref().and_then(|end| end.get(..10));
    let license = LicenseRow {
        id: None,
        master_label: row.master_label,
        name: None,
        total_licenses: row.total_licenses,
        used_licenses: row.used_licenses,
    };
    let label = license.label();
    match row.status.as_deref() {
        Some("Expired") => {
            let when = ends.map(|day| format!(" on {day}")).unwrap_or_default();
            Some(format!(
                "the {kind} \"{label}\" has expired{when}; nobody can be given it until it is \
                 renewed"
            ))
        }
        Some("Disabled") => Some(format!(
            "the {kind} \"{label}\" is disabled; nobody can be given it until Salesforce enables \
             it again"
        )),
        _ if license.is_full() => Some(license.no_seat(kind)),
        _ => None,
    }
}

/// The refusal of a feature licence without a free seat. The API does not count these seats.
pub(super) fn no_feature_seat(field: &str) -> String {
    format!(
        "no seat of the feature licence {field} is left; Setup > Company Information > Feature \
         Licenses shows how many there are"
    )
}

/// The refusal of a set that belongs to a profile.
pub(super) const OF_PROFILE: &str =
    "this permission set belongs to a profile and comes with it; change the user's profile instead";

/// The refusal of a set that aggregates a group.
pub(super) fn of_group(group: SalesforceId) -> String {
    format!(
        "this permission set is the sum of the permission set group {group} and comes with it; \
         grant or revoke the group instead"
    )
}

/// Why a user of `profile` gets no seat: the licence of the profile with its seats. What cannot be
/// read is left out of the sentence, because the refusal itself is certain.
pub(super) async fn no_user_seat(
    profile: Option<SalesforceId>,
    attempt: &mut Attempt<'_>,
) -> String {
    let license = match profile {
        Some(profile) => user_license(profile, attempt).await,
        None => None,
    };
    license.map_or_else(
        || {
            "no seat of the user licence of the profile is left; Setup > Company Information \
             shows the licences"
                .to_owned()
        },
        |license| license.no_seat("user licence"),
    )
}

async fn user_license(profile: SalesforceId, attempt: &mut Attempt<'_>) -> Option<LicenseRow> {
    let select = Select::from("Profile")
        .fields([
            "UserLicense.Name",
            "UserLicense.TotalLicenses",
            "UserLicense.UsedLicenses",
        ])
        .filter(field("Id").eq(profile))
        .limit(1);
    let rows = attempt.query::<ProfilePart>(&select).await.ok()?;
    rows.into_iter().next()?.user_license
}
