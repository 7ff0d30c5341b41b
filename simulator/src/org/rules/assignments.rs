//! Permission set assignments: validity, duplicates, licenses and expiration.

use jiff::Timestamp;

use super::draft::Draft;
use crate::org::Org;
use crate::org::error::OrgError;
use crate::org::id::Id;
use crate::org::value::Value;

const OBJECT: &str = "PermissionSetAssignment";

impl Org {
    pub(super) fn before_assignment_create(
        &mut self,
        draft: &mut Draft,
    ) -> Result<Option<Id>, OrgError> {
        let user = draft.id("AssigneeId").unwrap_or(Id::ZERO);
        match (
            draft.id("PermissionSetId"),
            draft.id("PermissionSetGroupId"),
        ) {
            (Some(_), Some(_)) => {
                let text = "Specify either a permission set or a permission set group, not both.";
                let fields = ["PermissionSetId", "PermissionSetGroupId"];
                return Err(OrgError::dml("FIELD_INTEGRITY_EXCEPTION", text, &fields));
            }
            (None, None) => {
                let text = "Required fields are missing: [PermissionSetId]";
                return Err(OrgError::dml(
                    "REQUIRED_FIELD_MISSING",
                    text,
                    &["PermissionSetId"],
                ));
            }
            (Some(set), None) => {
                self.check_assignable(set)?;
                self.refuse_twin(user, set, "PermissionSetId")?;
                self.check_license(user, set)?;
            }
            (None, Some(group)) => {
                self.refuse_twin(user, group, "PermissionSetGroupId")?;
                for set in self.sets_in_group(group) {
                    self.check_license(user, set)?;
                }
                if self.settings.group_rows_name_the_aggregate {
                    let aggregate = self.aggregate_of(group);
                    draft.set("PermissionSetId", aggregate);
                }
            }
        }
        self.check_expiry(draft)?;
        draft.set("IsActive", true);
        Ok(None)
    }

    pub(super) fn before_assignment_update(
        &self,
        id: Id,
        draft: &mut Draft,
    ) -> Result<(), OrgError> {
        if self.is_profile_row(id) {
            return Err(OrgError::no_access());
        }
        if draft.has("IsRevoked") && !self.settings.user_access_policies {
            let text = "Unable to create/update fields: IsRevoked. Please check the security \
                        settings of this field and verify that it is read/write for your profile \
                        or permission set.";
            return Err(OrgError::dml(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                text,
                &["IsRevoked"],
            ));
        }
        self.check_expiry(draft)?;
        if draft.has("ExpirationDate") {
            draft.set("IsActive", true);
        }
        Ok(())
    }

    pub(super) fn before_assignment_delete(&self, id: Id) -> Result<(), OrgError> {
        if self.is_profile_row(id) {
            Err(OrgError::no_access())
        } else {
            Ok(())
        }
    }

    /// Replaces the assignment of a user to the permission set of the profile.
    pub(super) fn assign_profile_set(&mut self, user: Id, profile: Id) -> Result<(), OrgError> {
        let rows = self.db.find(OBJECT, "AssigneeId", &Value::Id(user));
        let old: Vec<_> = rows.into_iter().map(|row| row.id()).collect();
        for id in old
            .into_iter()
            .filter(|id| self.is_profile_row(*id))
            .collect::<Vec<_>>()
        {
            self.remove(OBJECT, id);
        }
        let Some(set) = self.find_one("PermissionSet", "ProfileId", &Value::Id(profile)) else {
            return Ok(());
        };
        let cells = [
            ("AssigneeId", Value::Id(user)),
            ("PermissionSetId", Value::Id(set.id())),
            ("IsActive", Value::Bool(true)),
        ];
        self.add(OBJECT, cells).map(drop).map_err(OrgError::from)
    }

    /// Records when the next assignment expires.
    pub(in crate::org) fn note_expiry(&mut self, at: &Value) {
        let Some(at) = at.as_timestamp() else { return };
        self.next_expiry = Some(self.next_expiry.map_or(at, |known| known.min(at)));
    }

    /// Whether an assignment has expired that is still marked active.
    pub(crate) fn has_expiry_due(&self) -> bool {
        self.next_expiry.is_some_and(|at| at <= self.clock.now())
    }

    /// Marks expired assignments as inactive.
    pub(crate) fn expire_assignments(&mut self) {
        let now = self.clock.now();
        let mut next: Option<Timestamp> = None;
        let mut due = Vec::new();
        for row in self.db.rows(OBJECT) {
            match row.get("ExpirationDate").as_timestamp() {
                Some(at) if at <= now && row.get("IsActive").is_true() => due.push(row.id()),
                Some(at) if at > now => next = Some(next.map_or(at, |known| known.min(at))),
                _ => {}
            }
        }
        for id in due {
            if let Err(error) = self.write(OBJECT, id, [("IsActive", Value::Bool(false))]) {
                tracing::error!(%error, "an assignment vanished while it expired");
            }
        }
        let updated = self.end_recalculations(now);
        self.next_expiry = next.into_iter().chain(updated).min();
        if self.transaction.is_none() {
            self.undo.clear();
        }
    }

    fn check_assignable(&self, set: Id) -> Result<(), OrgError> {
        let set = self
            .db
            .get("PermissionSet", set)
            .ok_or_else(OrgError::no_access)?;
        let reason = if set.get("IsOwnedByProfile").is_true() {
            "You can't assign a permission set that's owned by a profile."
        } else if !set.get("PermissionSetGroupId").is_null() {
            "You can't assign a permission set that's owned by a permission set group. Assign the \
             permission set group instead."
        } else {
            return Ok(());
        };
        Err(OrgError::dml(
            "FIELD_INTEGRITY_EXCEPTION",
            reason,
            &["PermissionSetId"],
        ))
    }

    fn refuse_twin(&self, user: Id, target: Id, field: &str) -> Result<(), OrgError> {
        let held = self.db.find(OBJECT, "AssigneeId", &Value::Id(user));
        let twin = held.into_iter().any(|row| {
            let direct = field != "PermissionSetId" || row.get("PermissionSetGroupId").is_null();
            direct && row.get(field).as_id() == Some(target) && !row.get("IsRevoked").is_true()
        });
        if !twin {
            return Ok(());
        }
        let text = format!(
            "Duplicate PermissionSetAssignment. Assignee: {}; Permission Set: {}",
            user.short(),
            target.short()
        );
        Err(OrgError::dml("DUPLICATE_VALUE", text, &[]))
    }

    /// Checks that the user's license allows the permission set. Assigns a permission set license
    /// that the set needs if seats are left.
    fn check_license(&mut self, user: Id, set: Id) -> Result<(), OrgError> {
        let Some(set) = self.db.get("PermissionSet", set) else {
            return Ok(());
        };
        let Some(license) = set.get("LicenseId").as_id() else {
            return Ok(());
        };
        let label = set.get("Label").as_str().unwrap_or_default().to_owned();
        let person = self.db.get("User", user).ok_or_else(OrgError::no_access)?;
        let name = person.get("Name").as_str().unwrap_or_default().to_owned();
        let profile = person.get("ProfileId").as_id().unwrap_or(Id::ZERO);
        if self.db.get("UserLicense", license).is_some() {
            if self.profile_field(profile, "UserLicenseId").as_id() == Some(license) {
                return Ok(());
            }
            let text = format!(
                "Can't assign permission set {label} to user {name}. The user license doesn't \
                 match the permission set's user license."
            );
            return Err(OrgError::dml("FIELD_INTEGRITY_EXCEPTION", text, &[]));
        }
        if self.set_license_row(user, license).is_some() {
            return Ok(());
        }
        if self.check_set_license_seat(license).is_err() {
            let text = format!(
                "Can't assign permission set {label} to user {name}. The user doesn't have the \
                 permission set license that the permission set requires, and there are none left."
            );
            return Err(OrgError::dml("FIELD_INTEGRITY_EXCEPTION", text, &[]));
        }
        let cells = [
            ("AssigneeId", Value::Id(user)),
            ("PermissionSetLicenseId", license.into()),
        ];
        let row = self.add("PermissionSetLicenseAssign", cells)?;
        self.count_set_license(row, 1)
    }

    fn check_expiry(&self, draft: &Draft) -> Result<(), OrgError> {
        let now = self.clock.now();
        if draft
            .get("ExpirationDate")
            .as_timestamp()
            .is_some_and(|at| at <= now)
        {
            let text = "The expiration date must be in the future.";
            return Err(OrgError::dml(
                "FIELD_INTEGRITY_EXCEPTION",
                text,
                &["ExpirationDate"],
            ));
        }
        Ok(())
    }

    fn is_profile_row(&self, id: Id) -> bool {
        let set = self
            .db
            .get(OBJECT, id)
            .and_then(|row| row.get("PermissionSetId").as_id());
        let set = set.and_then(|set| self.db.get("PermissionSet", set));
        set.is_some_and(|set| set.get("IsOwnedByProfile").is_true())
    }
}
