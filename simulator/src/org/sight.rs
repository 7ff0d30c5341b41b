//! Which records a user can see.
//!
//! Most objects are visible as a whole or not at all (`visible`). Of some, a user without a certain
//! permission only sees the own records. Sources: Object Reference, "Special Access Rules" of each
//! object; ConductorOne's guide for Salesforce, which names the error of users and roles.

use super::error::OrgError;
use super::id::Id;
use super::rights::Rights;
use super::schema::ObjectDef;
use super::table::Row;
use super::{Org, schema::ObjectKey};

/// An object of which a user only sees the own records.
struct Limit {
    object: ObjectKey,
    /// The field with the user's id, or the id of the record for the user.
    field: usize,
    own: Id,
    /// Whether a query that would find other records fails.
    refuses: bool,
}

/// What a user cannot see.
pub(crate) struct Sight(Vec<Limit>);

/// Objects with own records: permissions that show all of them, the field with the user, and whether
/// a query for others fails.
const LIMITED: &[(&str, &[&str], &str, bool)] = &[
    ("User", &["ManageUsers", "ViewAllUsers"], "Id", true),
    ("UserLogin", &["ManageUsers", "FreezeUsers"], "UserId", true),
    (
        "UserRole",
        &["ViewRoles", "ManageRoles", "ManageUsers"],
        "Id",
        true,
    ),
    (
        "Profile",
        &[
            "ViewAllProfiles",
            "ManageUsers",
            "ManageProfilesPermissionsets",
        ],
        "Id",
        false,
    ),
    (
        "LoginHistory",
        &["ManageUsers", "MonitorLoginHistory"],
        "UserId",
        false,
    ),
    ("OauthToken", &["CustomizeApplication"], "UserId", false),
    ("UserPermissionAccess", &[], "Id", false),
];

impl Sight {
    /// Whether a user sees everything.
    pub(crate) fn is_unlimited(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the user sees a record; an error if the query must fail instead.
    pub(crate) fn shows(&self, object: &ObjectDef, row: &Row) -> Result<bool, OrgError> {
        let Some(limit) = self.0.iter().find(|limit| limit.object == object.key) else {
            return Ok(true);
        };
        if row.cell(limit.field).as_id() == Some(limit.own) {
            return Ok(true);
        }
        if limit.refuses {
            return Err(OrgError::unreadable());
        }
        Ok(false)
    }
}

impl Org {
    /// Returns what a user cannot see.
    pub(crate) fn sight(&self, user: Id) -> Sight {
        let rights: Rights<'_> = self.rights(user);
        let of_user = |field| {
            let row = self.db.get("User", user);
            row.and_then(|row| row.get(field).as_id())
                .unwrap_or(Id::ZERO)
        };
        let limits = LIMITED
            .iter()
            .filter(|(_, any_of, ..)| !rights.has_any(any_of));
        let limits = limits.filter_map(|(name, _, field, refuses)| {
            let object = self.db.schema().object(name)?;
            let own = match *name {
                "UserRole" => of_user("UserRoleId"),
                "Profile" => of_user("ProfileId"),
                "UserPermissionAccess" => *self.access_rows.get(&user)?,
                _ => user,
            };
            Some(Limit {
                object: object.key,
                field: object.index_of(field)?,
                own,
                refuses: *refuses,
            })
        });
        Sight(limits.collect())
    }
}
