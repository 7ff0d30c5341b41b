//! Chatter groups and their members. Source: Object Reference, `CollaborationGroup` and
//! `CollaborationGroupMember`.

use super::Caller;
use super::draft::Draft;
use crate::org::Org;
use crate::org::error::OrgError;
use crate::org::id::Id;
use crate::org::value::Value;

const GROUP: &str = "CollaborationGroup";
const MEMBER: &str = "CollaborationGroupMember";

impl Org {
    pub(super) fn before_chatter_group_create(
        &self,
        caller: &Caller,
        draft: &mut Draft,
    ) -> Result<Option<Id>, OrgError> {
        if !draft.has("OwnerId") {
            draft.set("OwnerId", caller.user);
        }
        if let Some(twin) = self.holder_of(GROUP, "Name", draft.get("Name"), None) {
            let text = format!(
                "duplicate value found: Name duplicates value on record with id: {}",
                twin.short()
            );
            return Err(OrgError::dml("DUPLICATE_VALUE", text, &[]));
        }
        Ok(None)
    }

    /// The owner is a member who manages the group.
    pub(super) fn after_chatter_group_create(
        &mut self,
        id: Id,
        draft: &Draft,
    ) -> Result<(), OrgError> {
        let cells = [
            ("CollaborationGroupId", Value::Id(id)),
            ("MemberId", draft.get("OwnerId").clone()),
            ("CollaborationRole", "Admin".into()),
        ];
        let member = self.add(MEMBER, cells)?;
        self.count_chatter_members(member)
    }

    pub(super) fn before_chatter_group_change(
        &self,
        caller: &Caller,
        group: Id,
    ) -> Result<(), OrgError> {
        if self.manages_chatter_group(caller.user, group) {
            Ok(())
        } else {
            Err(OrgError::no_access())
        }
    }

    pub(super) fn before_chatter_group_delete(
        &mut self,
        caller: &Caller,
        group: Id,
    ) -> Result<(), OrgError> {
        self.before_chatter_group_change(caller, group)?;
        self.remove_where(MEMBER, "CollaborationGroupId", &group.into());
        Ok(())
    }

    pub(super) fn before_chatter_join(
        &self,
        caller: &Caller,
        draft: &Draft,
    ) -> Result<Option<Id>, OrgError> {
        let group = draft.id("CollaborationGroupId").unwrap_or(Id::ZERO);
        let user = draft.id("MemberId").unwrap_or(Id::ZERO);
        let held = self.db.find(MEMBER, "MemberId", &user.into());
        let twin = held
            .into_iter()
            .find(|row| row.get("CollaborationGroupId").as_id() == Some(group));
        if let Some(twin) = twin {
            let text = format!(
                "duplicate value found: MemberId duplicates value on record with id: {}",
                twin.id().short()
            );
            return Err(OrgError::dml("DUPLICATE_VALUE", text, &[]));
        }
        let row = self.db.get(GROUP, group);
        let public = row.is_some_and(|row| row.get("CollaborationType").as_str() == Some("Public"));
        let joins =
            public && user == caller.user && draft.text("CollaborationRole") != Some("Admin");
        if !joins {
            self.before_chatter_group_change(caller, group)?;
        }
        let person = self.db.get("User", user);
        if !person.is_some_and(|row| row.get("IsActive").is_true()) {
            let text = "An inactive user can't be added to a group.";
            return Err(OrgError::dml("INACTIVE_OWNER_OR_USER", text, &["MemberId"]));
        }
        Ok(None)
    }

    pub(super) fn before_chatter_role_change(
        &self,
        caller: &Caller,
        id: Id,
        draft: &Draft,
    ) -> Result<(), OrgError> {
        let (group, user) = self.chatter_membership(id);
        let demotes = draft.text("CollaborationRole") == Some("Standard");
        if demotes && self.owns_chatter_group(user, group) {
            let text = "The owner of a group is one of its managers.";
            return Err(OrgError::dml(
                "FIELD_INTEGRITY_EXCEPTION",
                text,
                &["CollaborationRole"],
            ));
        }
        if user == caller.user && !draft.has("CollaborationRole") {
            return Ok(());
        }
        self.before_chatter_group_change(caller, group)
    }

    pub(super) fn before_chatter_leave(&mut self, caller: &Caller, id: Id) -> Result<(), OrgError> {
        let (group, user) = self.chatter_membership(id);
        if self.owns_chatter_group(user, group) {
            let text = "You can't remove the owner of a group.";
            return Err(OrgError::dml("CANNOT_DELETE_OWNER", text, &[]));
        }
        if user != caller.user {
            self.before_chatter_group_change(caller, group)?;
        }
        self.change_chatter_count(group, -1)
    }

    /// Counts a new member.
    pub(super) fn count_chatter_members(&mut self, member: Id) -> Result<(), OrgError> {
        let (group, _) = self.chatter_membership(member);
        self.change_chatter_count(group, 1)
    }

    fn change_chatter_count(&mut self, group: Id, by: i64) -> Result<(), OrgError> {
        let row = self.db.get(GROUP, group);
        let known = row.and_then(|row| row.get("MemberCount").as_int());
        let cells = [("MemberCount", Value::Int(known.unwrap_or(0) + by))];
        self.write(GROUP, group, cells).map_err(OrgError::from)
    }

    /// Returns the group and the user of a membership.
    fn chatter_membership(&self, id: Id) -> (Id, Id) {
        let row = self.db.get(MEMBER, id);
        let cell = |name: &str| row.as_ref().and_then(|row| row.get(name).as_id());
        let group = cell("CollaborationGroupId").unwrap_or(Id::ZERO);
        (group, cell("MemberId").unwrap_or(Id::ZERO))
    }

    fn owns_chatter_group(&self, user: Id, group: Id) -> bool {
        let row = self.db.get(GROUP, group);
        row.is_some_and(|row| row.get("OwnerId").as_id() == Some(user))
    }

    /// Whether a user is the owner or a manager of a group, or may change everything.
    fn manages_chatter_group(&self, user: Id, group: Id) -> bool {
        let rows = self.db.find(MEMBER, "MemberId", &user.into());
        let manages = rows.into_iter().any(|row| {
            row.get("CollaborationGroupId").as_id() == Some(group)
                && row.get("CollaborationRole").as_str() == Some("Admin")
        });
        manages || self.owns_chatter_group(user, group) || self.rights(user).has("ModifyAllData")
    }
}
