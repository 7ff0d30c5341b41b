//! Public groups, queues and their members.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::names::developer_name;
use crate::org::Org;
use crate::org::error::OrgError;
use crate::org::id::Id;
use crate::org::value::Value;

impl Org {
    pub(super) fn before_group_create(&self, draft: &mut Draft) -> Result<Option<Id>, OrgError> {
        let kind = draft.text("Type").unwrap_or("Regular").to_owned();
        if kind != "Regular" && kind != "Queue" {
            return Err(OrgError::bad_picklist_value("Type", "Type", &kind));
        }
        if !draft.has("DeveloperName") {
            let name = developer_name(draft.text("Name").unwrap_or_default());
            draft.set("DeveloperName", name);
        }
        let name = draft.get("DeveloperName");
        let taken = self
            .db
            .find("Group", "DeveloperName", name)
            .into_iter()
            .any(|row| row.get("Type").as_str() == Some(&kind));
        if taken {
            let text = "The developer name you entered is already in use. Enter a different one.";
            return Err(OrgError::dml(
                "DUPLICATE_DEVELOPER_NAME",
                text,
                &["DeveloperName"],
            ));
        }
        let owner = self.organization;
        draft.set("OwnerId", owner);
        draft.set("Type", kind);
        Ok(None)
    }

    /// Rejects changes to groups that the org maintains.
    pub(super) fn before_group_change(&self, id: Id) -> Result<(), OrgError> {
        match self.group_type(id) {
            "Regular" | "Queue" => Ok(()),
            _ => Err(OrgError::no_access()),
        }
    }

    pub(super) fn before_group_delete(&mut self, id: Id) -> Result<(), OrgError> {
        self.before_group_change(id)?;
        let target = Value::Id(id);
        for object in ["Case", "Lead", "Task"] {
            let owned = self.db.find(object, "OwnerId", &target);
            if owned.into_iter().any(|row| !row.get("IsDeleted").is_true()) {
                return Err(super::sets::in_use("queue", "records"));
            }
        }
        self.remove_where("GroupMember", "GroupId", &target);
        self.remove_where("GroupMember", "UserOrGroupId", &target);
        self.remove_where("QueueSobject", "QueueId", &target);
        Ok(())
    }

    /// Checks a new membership. Returns the id of an existing one: a duplicate is not an error.
    pub(super) fn before_member_create(&self, draft: &Draft) -> Result<Option<Id>, OrgError> {
        let group = draft.id("GroupId").unwrap_or(Id::ZERO);
        let member = draft.id("UserOrGroupId").unwrap_or(Id::ZERO);
        if !matches!(self.group_type(group), "Regular" | "Queue") {
            let text = "Group ID: you can't change the members of a group of this type";
            return Err(OrgError::dml(
                "FIELD_INTEGRITY_EXCEPTION",
                text,
                &["GroupId"],
            ));
        }
        if let Some(user) = self.db.get("User", member) {
            let kind = user.get("UserType").as_str().unwrap_or("Standard");
            if matches!(kind, "Guest" | "AutomatedProcess" | "CloudIntegrationUser") {
                let text = "UserOrGroup ID: this user can't be a member of a group";
                return Err(OrgError::dml(
                    "FIELD_INTEGRITY_EXCEPTION",
                    text,
                    &["UserOrGroupId"],
                ));
            }
        } else if self.group_type(member) == "Queue" {
            let text = "UserOrGroup ID: a queue can't be a member of a group";
            return Err(OrgError::dml(
                "FIELD_INTEGRITY_EXCEPTION",
                text,
                &["UserOrGroupId"],
            ));
        } else if self.reaches(member, group) {
            let text = "A group can't contain itself, directly or indirectly.";
            return Err(OrgError::dml(
                "CIRCULAR_DEPENDENCY",
                text,
                &["UserOrGroupId"],
            ));
        }
        let rows = self
            .db
            .find("GroupMember", "UserOrGroupId", &Value::Id(member));
        let twin = rows
            .into_iter()
            .find(|row| row.get("GroupId").as_id() == Some(group));
        Ok(twin.map(|row| row.id()))
    }

    pub(super) fn before_queue_object_create(&self, draft: &Draft) -> Result<Option<Id>, OrgError> {
        let queue = draft.id("QueueId").unwrap_or(Id::ZERO);
        if self.group_type(queue) != "Queue" {
            let text = "Queue ID: the group isn't a queue";
            return Err(OrgError::dml(
                "FIELD_INTEGRITY_EXCEPTION",
                text,
                &["QueueId"],
            ));
        }
        Ok(None)
    }

    /// Whether a group contains another one, directly or indirectly.
    fn reaches(&self, from: Id, to: Id) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(group) = open.pop() {
            if group == to {
                return true;
            }
            if seen.insert(group) {
                let rows = self.db.find("GroupMember", "GroupId", &Value::Id(group));
                open.extend(
                    rows.into_iter()
                        .filter_map(|row| row.get("UserOrGroupId").as_id()),
                );
            }
        }
        false
    }

    fn group_type(&self, id: Id) -> &str {
        self.db
            .get("Group", id)
            .and_then(|row| row.get("Type").as_str())
            .unwrap_or("")
    }
}
