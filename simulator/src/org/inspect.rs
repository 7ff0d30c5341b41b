//! Queries about users, assignments and tokens, for tests and sign-ins.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::id::Id;
use super::schema::ObjectDef;
use super::table::RowRef;
use super::value::Value;
use super::{Org, read_json};

impl Org {
    /// Returns the 18-character id of the organization.
    #[must_use]
    pub fn organization_id(&self) -> String {
        self.organization.to_string()
    }

    /// Returns the name of the organization.
    #[must_use]
    pub fn organization_name(&self) -> &str {
        let row = self.db.get("Organization", self.organization);
        row.and_then(|row| row.get("Name").as_str()).unwrap_or("")
    }

    /// Whether this is a sandbox.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        let row = self.db.get("Organization", self.organization);
        row.is_some_and(|row| row.get("IsSandbox").is_true())
    }

    /// The id of the user that clients sign in as.
    #[must_use]
    pub fn integration_user(&self) -> String {
        self.integration_user.to_string()
    }

    /// Returns a user's id by username, ignoring case.
    #[must_use]
    pub fn user_by_username(&self, username: &str) -> Option<String> {
        self.find_one("User", "Username", &Value::text(username))
            .map(|row| row.id().to_string())
    }

    /// Returns the id of the first record with this text in a field.
    #[must_use]
    pub fn find(&self, object: &str, field: &str, text: &str) -> Option<String> {
        self.find_one(object, field, &Value::text(text))
            .map(|row| row.id().to_string())
    }

    /// Whether a user is active and not frozen.
    #[must_use]
    pub fn may_sign_in(&self, user_id: &str) -> bool {
        self.is_active(user_id) && !self.is_frozen(user_id)
    }

    /// Whether a user is active.
    #[must_use]
    pub fn is_active(&self, user_id: &str) -> bool {
        let row = Id::parse(user_id)
            .ok()
            .and_then(|id| self.db.get("User", id));
        row.is_some_and(|row| row.get("IsActive").is_true())
    }

    /// Whether a user is frozen. A user without a `UserLogin` record is not.
    #[must_use]
    pub fn is_frozen(&self, user_id: &str) -> bool {
        let Ok(id) = Id::parse(user_id) else {
            return false;
        };
        self.find_one("UserLogin", "UserId", &Value::Id(id))
            .is_some_and(|row| row.get("IsFrozen").is_true())
    }

    /// Returns the permission sets assigned to a user directly, without those of profiles and groups
    /// and without expired or revoked assignments.
    #[must_use]
    pub fn direct_permission_sets(&self, user_id: &str) -> BTreeSet<String> {
        self.active_assignments(Id::parse(user_id).unwrap_or(Id::ZERO))
            .filter(|row| row.get("PermissionSetGroupId").is_null())
            .filter_map(|row| row.get("PermissionSetId").as_id())
            .filter(|id| {
                let set = self.db.get("PermissionSet", *id);
                set.is_some_and(|set| !set.get("IsOwnedByProfile").is_true())
            })
            .map(|id| id.to_string())
            .collect()
    }

    /// Returns the permission set groups assigned to a user, without expired or revoked assignments.
    #[must_use]
    pub fn permission_set_groups(&self, user_id: &str) -> BTreeSet<String> {
        self.active_assignments(Id::parse(user_id).unwrap_or(Id::ZERO))
            .filter_map(|row| row.get("PermissionSetGroupId").as_id())
            .map(|id| id.to_string())
            .collect()
    }

    /// Returns the direct members (users and groups) of a public group or queue.
    #[must_use]
    pub fn members(&self, group_id: &str) -> BTreeSet<String> {
        let Ok(id) = Id::parse(group_id) else {
            return BTreeSet::new();
        };
        let rows = self.db.find("GroupMember", "GroupId", &Value::Id(id));
        let members = rows
            .into_iter()
            .filter_map(|row| row.get("UserOrGroupId").as_id());
        members.map(|id| id.to_string()).collect()
    }

    /// Returns the public groups and queues that contain a user or group directly.
    #[must_use]
    pub fn memberships(&self, member_id: &str) -> BTreeSet<String> {
        let Ok(id) = Id::parse(member_id) else {
            return BTreeSet::new();
        };
        let rows = self.db.find("GroupMember", "UserOrGroupId", &Value::Id(id));
        let groups = rows
            .into_iter()
            .filter_map(|row| row.get("GroupId").as_id());
        groups.map(|id| id.to_string()).collect()
    }

    /// Returns the deleted records of an object with the time of deletion, including those in the
    /// recycle bin.
    pub(crate) fn deleted_records(&self, def: &ObjectDef) -> Vec<(Id, Timestamp)> {
        let gone = self.deleted.iter().map(|(id, at)| (*id, *at));
        let gone = gone.filter(|(id, _)| id.prefix() == def.key_prefix);
        let bin = self.db.rows(&def.name).filter_map(|row| {
            let deleted = row.get("IsDeleted").is_true();
            let at = row.get("SystemModstamp").as_timestamp();
            at.filter(|_| deleted).map(|at| (row.id(), at))
        });
        gone.chain(bin).collect()
    }

    /// Parses a date and time of a request.
    pub(crate) fn read_instant(text: &str) -> Option<Timestamp> {
        read_json::instant(text)
    }

    pub(super) fn active_assignments(&self, user: Id) -> impl Iterator<Item = RowRef<'_>> {
        let now = self.clock.now();
        let rows = self
            .db
            .find("PermissionSetAssignment", "AssigneeId", &Value::Id(user));
        rows.into_iter().filter(move |row| {
            let expired = row
                .get("ExpirationDate")
                .as_timestamp()
                .is_some_and(|at| at <= now);
            !expired && !row.get("IsRevoked").is_true()
        })
    }

    /// Returns the active direct assignments of a user, and their permission sets.
    pub(crate) fn held_sets(&self, user: Id) -> Vec<(Id, Id)> {
        let rows = self.active_assignments(user);
        let rows = rows.filter(|row| row.get("PermissionSetGroupId").is_null());
        rows.filter_map(|row| {
            let set = row.get("PermissionSetId").as_id()?;
            let owned = self.db.get("PermissionSet", set)?;
            (!owned.get("IsOwnedByProfile").is_true()).then(|| (row.id(), set))
        })
        .collect()
    }

    pub(super) fn find_one(&self, object: &str, field: &str, value: &Value) -> Option<RowRef<'_>> {
        self.db.find(object, field, value).into_iter().next()
    }
}
