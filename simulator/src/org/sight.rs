//! Which records a user can see.
//!
//! Most objects are visible as a whole or not at all (`visible`). Of some, a user without a certain
//! permission only sees the own records; others lose their old records, or hide some of them.
//! Sources: Object Reference, "Special Access Rules" of each object; ConductorOne's guide for
//! Salesforce, which names the error of users and roles.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::error::OrgError;
use super::id::Id;
use super::rights::Rights;
use super::schema::ObjectDef;
use super::table::Row;
use super::{Org, schema::ObjectKey};

/// A limit of what a user sees of an object.
struct Limit {
    object: ObjectKey,
    /// The field that decides.
    field: usize,
    kind: Kind,
}

enum Kind {
    /// Only the own records are visible: those with the user's id, or the record for the user.
    Own {
        id: Id,
        /// Whether a query that would find other records fails.
        refuses: bool,
    },
    /// Only records since this time are visible.
    Since(Timestamp),
    /// Records with one of these ids are hidden.
    Without(BTreeSet<Id>),
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

/// Objects that keep their records only for a number of days.
const KEPT: &[(&str, &str, i64)] = &[
    ("LoginHistory", "LoginTime", 183),
    ("SetupAuditTrail", "CreatedDate", 180),
];

impl Sight {
    /// Whether a user sees everything.
    pub(crate) fn is_unlimited(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the user sees a record; an error if the query must fail instead.
    pub(crate) fn shows(&self, object: &ObjectDef, row: &Row) -> Result<bool, OrgError> {
        for limit in self.0.iter().filter(|limit| limit.object == object.key) {
            let cell = row.cell(limit.field);
            let shown = match &limit.kind {
                Kind::Own { id, refuses } => {
                    let own = cell.as_id() == Some(*id);
                    if !own && *refuses {
                        return Err(OrgError::unreadable());
                    }
                    own
                }
                Kind::Since(start) => cell.as_timestamp().is_none_or(|at| at >= *start),
                Kind::Without(ids) => cell.as_id().is_none_or(|id| !ids.contains(&id)),
            };
            if !shown {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Org {
    /// Returns what a user cannot see.
    pub(crate) fn sight(&self, user: Id) -> Sight {
        let rights = self.rights(user);
        let mut limits = Vec::new();
        for (object, any_of, field, refuses) in LIMITED {
            if !rights.has_any(any_of)
                && let Some(id) = self.own_record(user, object)
            {
                let refuses = *refuses;
                limits.push((*object, *field, Kind::Own { id, refuses }));
            }
        }
        for (object, field, days) in KEPT {
            let age = SignedDuration::from_hours(days * 24);
            if let Ok(start) = self.clock.now().checked_sub(age) {
                limits.push((object, field, Kind::Since(start)));
            }
        }
        if !rights.has("ManageTerritories") {
            self.hide_inactive_territories(&mut limits);
        }
        self.hide_unlisted_groups(user, &rights, &mut limits);
        let limits = limits.into_iter().filter_map(|(object, field, kind)| {
            let def = self.db.schema().object(object)?;
            Some(Limit {
                object: def.key,
                field: def.index_of(field)?,
                kind,
            })
        });
        Sight(limits.collect())
    }

    fn own_record(&self, user: Id, object: &str) -> Option<Id> {
        let of_user = |field| {
            let row = self.db.get("User", user);
            row.and_then(|row| row.get(field).as_id())
                .unwrap_or(Id::ZERO)
        };
        Some(match object {
            "UserRole" => of_user("UserRoleId"),
            "Profile" => of_user("ProfileId"),
            "UserPermissionAccess" => *self.access_rows.get(&user)?,
            _ => user,
        })
    }

    /// Without "Manage Territories" only the active model is visible. Source: Object Reference,
    /// `Territory2Model`.
    fn hide_inactive_territories(&self, limits: &mut Vec<(&'static str, &'static str, Kind)>) {
        let models = self.db.rows("Territory2Model");
        let models = models.filter(|row| row.get("State").as_str() != Some("Active"));
        let models: BTreeSet<Id> = models.map(|row| row.id()).collect();
        let territories = self.db.rows("Territory2").filter(|row| {
            let model = row.get("Territory2ModelId").as_id();
            model.is_some_and(|id| models.contains(&id))
        });
        let territories = territories.map(|row| row.id()).collect();
        limits.extend([
            ("Territory2Model", "Id", Kind::Without(models.clone())),
            ("Territory2", "Territory2ModelId", Kind::Without(models)),
            (
                "UserTerritory2Association",
                "Territory2Id",
                Kind::Without(territories),
            ),
        ]);
    }

    /// Unlisted Chatter groups are visible to their members and to users with "Manage Unlisted
    /// Groups". Source: Salesforce Help, "Unlisted Chatter Groups".
    fn hide_unlisted_groups(
        &self,
        user: Id,
        rights: &Rights<'_>,
        limits: &mut Vec<(&'static str, &'static str, Kind)>,
    ) {
        let groups = self.db.rows("CollaborationGroup");
        let groups = groups.filter(|row| row.get("CollaborationType").as_str() == Some("Unlisted"));
        let mut hidden: BTreeSet<Id> = groups.map(|row| row.id()).collect();
        if hidden.is_empty() || rights.has("ManageUnlistedGroups") {
            return;
        }
        let own = self
            .db
            .find("CollaborationGroupMember", "MemberId", &user.into());
        for group in own
            .into_iter()
            .filter_map(|row| row.get("CollaborationGroupId").as_id())
        {
            hidden.remove(&group);
        }
        limits.push(("CollaborationGroup", "Id", Kind::Without(hidden.clone())));
        limits.push((
            "CollaborationGroupMember",
            "CollaborationGroupId",
            Kind::Without(hidden),
        ));
    }
}
