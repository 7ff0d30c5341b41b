//! Permission sets, permission set groups with their aggregates, components.

use jiff::{SignedDuration, Timestamp};

use super::draft::Draft;
use super::names::developer_name;
use crate::org::Org;
use crate::org::error::OrgError;
use crate::org::id::Id;
use crate::org::value::Value;

impl Org {
    pub(super) fn before_set_create(draft: &mut Draft) -> Option<Id> {
        let session = draft.get("HasActivationRequired").is_true();
        draft.set("Type", if session { "Session" } else { "Regular" });
        draft.set("IsCustom", true);
        None
    }

    /// Rejects changes to permission sets of profiles and groups.
    pub(super) fn before_set_change(&self, id: Id) -> Result<(), OrgError> {
        let set = self
            .db
            .get("PermissionSet", id)
            .ok_or_else(OrgError::no_access)?;
        if set.get("IsOwnedByProfile").is_true() || !set.get("PermissionSetGroupId").is_null() {
            return Err(OrgError::no_access());
        }
        Ok(())
    }

    pub(super) fn before_set_delete(&mut self, id: Id) -> Result<(), OrgError> {
        self.before_set_change(id)?;
        let target = Value::Id(id);
        if self
            .find_one("PermissionSetAssignment", "PermissionSetId", &target)
            .is_some()
        {
            return Err(in_use("permission set", "users"));
        }
        if self
            .find_one("PermissionSetGroupComponent", "PermissionSetId", &target)
            .is_some()
        {
            return Err(in_use("permission set", "permission set groups"));
        }
        self.remove_where("SetupEntityAccess", "ParentId", &target);
        self.remove_where("ObjectPermissions", "ParentId", &target);
        Ok(())
    }

    pub(super) fn before_set_group_create(draft: &mut Draft) -> Option<Id> {
        draft.set("Status", "Updated");
        if !draft.has("Language") {
            draft.set("Language", "en_US");
        }
        None
    }

    pub(super) fn after_set_group_create(&mut self, id: Id, draft: &Draft) -> Result<(), OrgError> {
        let label = draft.text("MasterLabel").unwrap_or_default();
        let required = draft.get("HasActivationRequired").is_true();
        self.add_aggregate(id, label, required).map(drop)
    }

    /// Returns the permission set with the aggregated permissions of a group.
    pub(in crate::org) fn add_aggregate(
        &mut self,
        group: Id,
        label: &str,
        session: bool,
    ) -> Result<Id, OrgError> {
        let cells = [
            ("Name", Value::text(format!("X{}", group.short()))),
            ("Label", Value::text(label)),
            ("Type", "Group".into()),
            ("IsCustom", true.into()),
            ("HasActivationRequired", session.into()),
            ("PermissionSetGroupId", group.into()),
        ];
        self.add("PermissionSet", cells).map_err(OrgError::from)
    }

    pub(super) fn before_set_group_delete(&mut self, id: Id) -> Result<(), OrgError> {
        let target = Value::Id(id);
        if self
            .find_one("PermissionSetAssignment", "PermissionSetGroupId", &target)
            .is_some()
        {
            return Err(in_use("permission set group", "users"));
        }
        self.remove_where(
            "PermissionSetGroupComponent",
            "PermissionSetGroupId",
            &target,
        );
        let sum = self.aggregate_of(id);
        self.remove_where("ObjectPermissions", "ParentId", &sum);
        self.remove_where("PermissionSet", "PermissionSetGroupId", &target);
        Ok(())
    }

    pub(super) fn before_component_create(&self, draft: &Draft) -> Result<Option<Id>, OrgError> {
        let set = draft.id("PermissionSetId").unwrap_or(Id::ZERO);
        if self.db.get("PermissionSet", set).is_some() {
            self.before_set_change(set)?;
        }
        let group = draft.get("PermissionSetGroupId");
        let rows = self
            .db
            .find("PermissionSetGroupComponent", "PermissionSetGroupId", group);
        let twin = rows
            .into_iter()
            .find(|row| row.get("PermissionSetId").as_id() == Some(set));
        match twin {
            Some(twin) => {
                let text = format!(
                    "duplicate value found: PermissionSetId duplicates value on record with id: {}",
                    twin.id().short()
                );
                Err(OrgError::dml("DUPLICATE_VALUE", text, &[]))
            }
            None => Ok(None),
        }
    }

    /// The group of a component.
    pub(super) fn group_of_component(&self, id: Id) -> Option<Value> {
        let row = self.db.get("PermissionSetGroupComponent", id)?;
        Some(row.get("PermissionSetGroupId").clone())
    }

    /// Starts the recalculation of a permission set group whose components change.
    pub(super) fn recalculate(&mut self, group: &Value) -> Result<(), OrgError> {
        let (Some(group), Ok(duration)) = (
            group.as_id(),
            SignedDuration::try_from(self.settings.group_recalculation),
        ) else {
            return Ok(());
        };
        if duration.is_zero() {
            self.sum_up(group);
            return self.write_status(group, "Updated");
        }
        let end = self.clock.now().checked_add(duration);
        let end = end.unwrap_or(Timestamp::MAX);
        self.recalculations.insert(group, end);
        self.note_expiry(&Value::from(end));
        self.write_status(group, "Updating")
    }

    /// Ends the recalculations that are due. Returns when the next one ends.
    pub(super) fn end_recalculations(&mut self, now: Timestamp) -> Option<Timestamp> {
        let due = self.recalculations.iter().filter(|(_, at)| **at <= now);
        for group in due.map(|(group, _)| *group).collect::<Vec<_>>() {
            self.recalculations.remove(&group);
            self.sum_up(group);
            if let Err(error) = self.write_status(group, "Updated") {
                tracing::debug!(%error, "a permission set group vanished while it was updated");
            }
        }
        self.recalculations.values().min().copied()
    }

    fn write_status(&mut self, group: Id, status: &str) -> Result<(), OrgError> {
        let cells = [("Status", Value::text(status))];
        self.write("PermissionSetGroup", group, cells)
            .map_err(OrgError::from)
    }

    pub(in crate::org) fn sets_in_group(&self, group: Id) -> Vec<Id> {
        let group = Value::Id(group);
        let rows = self.db.find(
            "PermissionSetGroupComponent",
            "PermissionSetGroupId",
            &group,
        );
        rows.into_iter()
            .filter_map(|row| row.get("PermissionSetId").as_id())
            .collect()
    }

    pub(in crate::org) fn aggregate_of(&self, group: Id) -> Value {
        self.find_one("PermissionSet", "PermissionSetGroupId", &Value::Id(group))
            .map_or(Value::Null, |row| Value::Id(row.id()))
    }

    pub(super) fn before_profile_create(&self, draft: &mut Draft) -> Result<Option<Id>, OrgError> {
        let name = draft.get("Name").clone();
        if let Some(id) = self.holder_of("Profile", "Name", &name, None) {
            let text = format!(
                "duplicate value found: Name duplicates value on record with id: {}",
                id.short()
            );
            return Err(OrgError::dml("DUPLICATE_VALUE", text, &[]));
        }
        draft.set("UserType", "Standard");
        Ok(None)
    }

    pub(super) fn after_profile_create(&mut self, id: Id) -> Result<(), OrgError> {
        let profile = self.db.get("Profile", id).ok_or_else(OrgError::no_access)?;
        let cells = [
            ("Name", Value::text(format!("X{}", id.short()))),
            (
                "Label",
                Value::text(format!("{}_{}", developer_name("profile"), id.short())),
            ),
            ("Type", "Profile".into()),
            ("IsOwnedByProfile", true.into()),
            ("ProfileId", id.into()),
            ("LicenseId", profile.get("UserLicenseId").clone()),
        ];
        self.add("PermissionSet", cells)
            .map(drop)
            .map_err(OrgError::from)
    }

    pub(super) fn before_profile_delete(&mut self, id: Id) -> Result<(), OrgError> {
        let target = Value::Id(id);
        if self.find_one("User", "ProfileId", &target).is_some() {
            return Err(in_use("profile", "users"));
        }
        self.remove_where("PermissionSet", "ProfileId", &target);
        Ok(())
    }

    /// Removes the rows with a value in a field.
    pub(super) fn remove_where(&mut self, object: &str, field: &str, value: &Value) {
        let rows = self.db.find(object, field, value);
        for id in rows.into_iter().map(|row| row.id()).collect::<Vec<_>>() {
            self.remove(object, id);
        }
    }
}

/// The error for deleting something that is in use.
pub(super) fn in_use(what: &str, by: &str) -> OrgError {
    let text = format!(
        "Your attempt to delete this {what} could not be completed because it is associated with \
         the following {by}."
    );
    OrgError::dml("DELETE_FAILED", text, &[])
}
