//! Roles and the groups that the org creates for each.

use super::draft::Draft;
use super::names::developer_name;
use crate::org::Org;
use crate::org::error::OrgError;
use crate::org::id::Id;
use crate::org::value::Value;

/// Types of the groups of a role.
pub(in crate::org) const ROLE_GROUPS: [&str; 3] =
    ["Role", "RoleAndSubordinates", "RoleAndSubordinatesInternal"];

impl Org {
    pub(super) fn before_role_create(&self, draft: &mut Draft) -> Result<Option<Id>, OrgError> {
        if !draft.has("DeveloperName") {
            let name = developer_name(draft.text("Name").unwrap_or_default());
            draft.set("DeveloperName", name);
        }
        let name = draft.get("DeveloperName");
        if self
            .holder_of("UserRole", "DeveloperName", name, None)
            .is_some()
        {
            let text = "The developer name you entered is already in use. Enter a different one.";
            return Err(OrgError::dml(
                "DUPLICATE_DEVELOPER_NAME",
                text,
                &["DeveloperName"],
            ));
        }
        Ok(None)
    }

    pub(super) fn after_role_create(&mut self, id: Id) -> Result<(), OrgError> {
        let role = self
            .db
            .get("UserRole", id)
            .ok_or_else(OrgError::no_access)?;
        let name = role.get("DeveloperName").clone();
        for kind in ROLE_GROUPS {
            let cells = [
                ("Type", Value::text(kind)),
                ("DeveloperName", name.clone()),
                ("RelatedId", Value::Id(id)),
                ("OwnerId", Value::Id(self.organization)),
            ];
            self.add("Group", cells)?;
        }
        Ok(())
    }

    pub(super) fn before_role_update(&self, id: Id, draft: &Draft) -> Result<(), OrgError> {
        let role = self
            .db
            .get("UserRole", id)
            .ok_or_else(OrgError::no_access)?;
        if role
            .get("PortalType")
            .as_str()
            .is_some_and(|kind| kind != "None")
        {
            return Err(OrgError::no_access());
        }
        let mut parent = draft.id("ParentRoleId");
        // The bound ends the search if the hierarchy already contains a cycle.
        for _ in 0..500 {
            let Some(above) = parent else { return Ok(()) };
            if above == id {
                let text = "A role can't be its own parent, directly or indirectly.";
                return Err(OrgError::dml(
                    "CIRCULAR_DEPENDENCY",
                    text,
                    &["ParentRoleId"],
                ));
            }
            parent = self
                .db
                .get("UserRole", above)
                .and_then(|r| r.get("ParentRoleId").as_id());
        }
        Ok(())
    }

    pub(super) fn before_role_delete(&mut self, id: Id) -> Result<(), OrgError> {
        let target = Value::Id(id);
        if self.find_one("User", "UserRoleId", &target).is_some() {
            return Err(super::sets::in_use("role", "users"));
        }
        if self.find_one("UserRole", "ParentRoleId", &target).is_some() {
            return Err(super::sets::in_use("role", "roles"));
        }
        let groups = self.db.find("Group", "RelatedId", &target);
        for group in groups.into_iter().map(|row| row.id()).collect::<Vec<_>>() {
            self.remove_where("GroupMember", "UserOrGroupId", &Value::Id(group));
            self.remove("Group", group);
        }
        Ok(())
    }
}
