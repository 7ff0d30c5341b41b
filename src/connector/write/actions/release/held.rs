//! The removable assignments of a user, always a fresh read, in one call.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::baton::{EntitlementId, GrantId, ResourceId, Result};
use crate::connector::catalog::{GROUP, PERMISSION_SET, PERMISSION_SET_GROUP, USER};
use crate::connector::error::wrap;
use crate::connector::read::table::Row;
use crate::connector::write::attempt::Attempt;
use crate::salesforce::composite::{SubResponse, Subrequest};
use crate::salesforce::soql::{Select, field};
use crate::salesforce::{self, QueryPage, SalesforceId};

/// What to remove besides permission sets and their groups.
#[derive(Clone, Copy)]
pub(super) struct Scope {
    pub(super) groups: bool,
    pub(super) licenses: bool,
}

/// A row to delete.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) object: &'static str,
    pub(super) id: SalesforceId,
    /// The id of the grant, as hosts know it.
    pub(super) name: String,
    /// Whether it is a permission set that was assigned directly.
    pub(super) is_set: bool,
}

/// What was read.
pub(super) struct Found {
    pub(super) user_exists: bool,
    /// The user's profile, if that is shown.
    pub(super) profile: Option<SalesforceId>,
    pub(super) rows: Vec<Held>,
    /// Tables that could not be read.
    pub(super) unread: Vec<Unread>,
}

/// A table that could not be read.
pub(super) struct Unread {
    pub(super) object: String,
    pub(super) reason: String,
}

pub(super) const ASSIGNMENT: &str = "PermissionSetAssignment";
const MEMBER: &str = "GroupMember";
const SET_LICENSE: &str = "PermissionSetLicenseAssign";
const PACKAGE_LICENSE: &str = "UserPackageLicense";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PersonRow {
    profile_id: Option<SalesforceId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AssignmentRow {
    id: SalesforceId,
    assignee_id: SalesforceId,
    permission_set_id: Option<SalesforceId>,
    permission_set_group_id: Option<SalesforceId>,
}

impl Row for AssignmentRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MemberRow {
    id: SalesforceId,
    group_id: SalesforceId,
    user_or_group_id: SalesforceId,
}

impl Row for MemberRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SetLicenseRow {
    id: SalesforceId,
    assignee_id: SalesforceId,
    permission_set_license_id: SalesforceId,
}

impl Row for SetLicenseRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PackageLicenseRow {
    id: SalesforceId,
    user_id: SalesforceId,
    package_license_id: SalesforceId,
}

impl Row for PackageLicenseRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

/// Reads up to five tables in one API call.
pub(super) async fn read(
    user: SalesforceId,
    scope: Scope,
    attempt: &mut Attempt<'_>,
) -> Result<Found> {
    let failed = |error| wrap("reading what the user holds", error);
    let requests = requests(user, scope).map_err(failed)?;
    let answer = attempt.context.org.client.composite(&requests, false).await;
    let answers = attempt.take(answer).map_err(failed)?;
    let mut found = Found {
        user_exists: false,
        profile: None,
        rows: Vec::new(),
        unread: Vec::new(),
    };
    for answer in answers {
        let name = answer.reference_id.clone();
        let taken = take(answer, user, &mut found);
        match (name.as_str(), taken) {
            (_, Ok(())) => {}
            // These two are needed. The others are optional parts of the request.
            ("User" | ASSIGNMENT, Err(error)) => return Err(failed(error)),
            (_, Err(error)) => {
                let reason = format!("{name} could not be read: {}", failed(error).chain());
                let object = name.clone();
                found.unread.push(Unread { object, reason });
            }
        }
    }
    Ok(found)
}

fn requests(user: SalesforceId, scope: Scope) -> Result<Vec<Subrequest>, salesforce::Error> {
    // A set that belongs to the profile changes with the profile. Assignments of groups may name
    // the group's aggregate set, or none.
    let direct = field("PermissionSetGroupId")
        .not_null()
        .or(field("PermissionSet.IsOwnedByProfile").eq(false));
    let mut selects = vec![
        (
            "User",
            Select::from("User")
                .fields(["Id", "ProfileId"])
                .filter(field("Id").eq(user)),
        ),
        (
            ASSIGNMENT,
            Select::from(ASSIGNMENT)
                .fields([
                    "Id",
                    "AssigneeId",
                    "PermissionSetId",
                    "PermissionSetGroupId",
                ])
                .filter(field("AssigneeId").eq(user))
                .filter(direct),
        ),
    ];
    if scope.groups {
        // Salesforce maintains all other groups itself.
        let by_hand = field("Group.Type").in_strings(["Regular", "Queue"]);
        let select = Select::from(MEMBER).fields(["Id", "GroupId", "UserOrGroupId"]);
        let select = select
            .filter(field("UserOrGroupId").eq(user))
            .filter(by_hand);
        selects.push((MEMBER, select));
    }
    if scope.licenses {
        let select =
            Select::from(SET_LICENSE).fields(["Id", "AssigneeId", "PermissionSetLicenseId"]);
        selects.push((SET_LICENSE, select.filter(field("AssigneeId").eq(user))));
        let select = Select::from(PACKAGE_LICENSE).fields(["Id", "UserId", "PackageLicenseId"]);
        selects.push((PACKAGE_LICENSE, select.filter(field("UserId").eq(user))));
    }
    selects
        .iter()
        .map(|(name, select)| Subrequest::select(select, *name))
        .collect()
}

impl Found {
    fn add<R: Row>(
        &mut self,
        object: &'static str,
        rows: impl Iterator<Item = R>,
        name: impl Fn(&R) -> Option<String>,
    ) {
        self.rows.extend(rows.filter_map(|row| {
            let (id, name) = (row.id(), name(&row)?);
            let is_set = name.starts_with(&format!("{}:", PERMISSION_SET.id));
            Some(Held {
                object,
                id,
                name,
                is_set,
            })
        }));
    }
}

/// Adds the rows of one answer. The user of every row is checked again, because a row of another
/// user must never be deleted.
fn take(
    answer: SubResponse,
    user: SalesforceId,
    found: &mut Found,
) -> Result<(), salesforce::Error> {
    match answer.reference_id.as_str() {
        "User" => {
            let person = page::<PersonRow>(answer)?.into_iter().next();
            found.user_exists = person.is_some();
            found.profile = person.and_then(|person| person.profile_id);
        }
        ASSIGNMENT => found.add(
            ASSIGNMENT,
            page::<AssignmentRow>(answer)?
                .into_iter()
                .filter(|row| row.assignee_id == user),
            |row| match (row.permission_set_group_id, row.permission_set_id) {
                (Some(group), _) => grant(PERMISSION_SET_GROUP.id, group, "member", user),
                (None, Some(set)) => grant(PERMISSION_SET.id, set, "assigned", user),
                (None, None) => None,
            },
        ),
        MEMBER => found.add(
            MEMBER,
            page::<MemberRow>(answer)?
                .into_iter()
                .filter(|row| row.user_or_group_id == user),
            |row| grant(GROUP.id, row.group_id, "member", user),
        ),
        SET_LICENSE => found.add(
            SET_LICENSE,
            page::<SetLicenseRow>(answer)?
                .into_iter()
                .filter(|row| row.assignee_id == user),
            |row| {
                let license = row.permission_set_license_id;
                grant("permission_set_license", license, "assigned", user)
            },
        ),
        PACKAGE_LICENSE => found.add(
            PACKAGE_LICENSE,
            page::<PackageLicenseRow>(answer)?
                .into_iter()
                .filter(|row| row.user_id == user),
            |row| grant("package_license", row.package_license_id, "assigned", user),
        ),
        _ => {}
    }
    Ok(())
}

fn page<T: DeserializeOwned>(answer: SubResponse) -> Result<Vec<T>, salesforce::Error> {
    let page: QueryPage<T> = answer.decode("read what a user holds")?;
    if page.done {
        Ok(page.records)
    } else {
        Err(salesforce::Error::Invalid(
            "the user holds more than one answer of Salesforce lists",
        ))
    }
}

fn grant(kind: &str, on: SalesforceId, slug: &str, user: SalesforceId) -> Option<String> {
    let on = ResourceId::new(kind, on.to_string()).ok()?;
    let principal = ResourceId::new(USER.id, user.to_string()).ok()?;
    let entitlement = EntitlementId::new(on, slug);
    Some(
        GrantId {
            entitlement,
            principal,
        }
        .to_string(),
    )
}
