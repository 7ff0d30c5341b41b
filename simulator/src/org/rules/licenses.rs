//! Seats of user licenses, permission set licenses and package licenses.

use super::draft::Draft;
use crate::org::Org;
use crate::org::error::OrgError;
use crate::org::id::Id;
use crate::org::value::Value;

impl Org {
    pub(super) fn take_user_license(&mut self, profile: Id) -> Result<(), OrgError> {
        let Some(license) = self.profile_field(profile, "UserLicenseId").as_id() else {
            return Ok(());
        };
        if self.seats_left("UserLicense", license, "TotalLicenses") == Some(0) {
            return Err(OrgError::dml(
                "LICENSE_LIMIT_EXCEEDED",
                "license limit exceeded",
                &[],
            ));
        }
        self.count_seat("UserLicense", license, 1)
    }

    pub(super) fn release_user_license(&mut self, profile: Id) -> Result<(), OrgError> {
        match self.profile_field(profile, "UserLicenseId").as_id() {
            Some(license) => self.count_seat("UserLicense", license, -1),
            None => Ok(()),
        }
    }

    pub(super) fn before_set_license_assign(&self, draft: &Draft) -> Result<Option<Id>, OrgError> {
        let user = draft.id("AssigneeId").unwrap_or(Id::ZERO);
        let license = draft.id("PermissionSetLicenseId").unwrap_or(Id::ZERO);
        if self.set_license_row(user, license).is_some() {
            let text = format!(
                "duplicate value found: <unknown> duplicates value on record with id: {}",
                license.short()
            );
            return Err(OrgError::dml("DUPLICATE_VALUE", text, &[]));
        }
        self.check_set_license_seat(license)?;
        Ok(None)
    }

    pub(super) fn check_set_license_seat(&self, license: Id) -> Result<(), OrgError> {
        let row = self.db.get("PermissionSetLicense", license);
        let disabled = row.is_some_and(|row| row.get("Status").as_str() == Some("Disabled"));
        let full = self.seats_left("PermissionSetLicense", license, "TotalLicenses") == Some(0);
        if disabled || full {
            let text = "There aren't enough permission set licenses available for this assignment.";
            return Err(OrgError::dml("LICENSE_LIMIT_EXCEEDED", text, &[]));
        }
        Ok(())
    }

    pub(super) fn set_license_row(&self, user: Id, license: Id) -> Option<Id> {
        let rows = self
            .db
            .find("PermissionSetLicenseAssign", "AssigneeId", &Value::Id(user));
        rows.into_iter()
            .find(|row| row.get("PermissionSetLicenseId").as_id() == Some(license))
            .map(|row| row.id())
    }

    /// Rejects removing a license that an assigned permission set needs.
    pub(super) fn before_set_license_release(&mut self, id: Id) -> Result<(), OrgError> {
        let row = self
            .db
            .get("PermissionSetLicenseAssign", id)
            .ok_or_else(OrgError::no_access)?;
        let license = row.get("PermissionSetLicenseId").clone();
        let user = row.get("AssigneeId").clone();
        let held = self.db.find("PermissionSetAssignment", "AssigneeId", &user);
        let needed = held.into_iter().any(|row| {
            let set = row.get("PermissionSetId").as_id();
            let set = set.and_then(|set| self.db.get("PermissionSet", set));
            set.is_some_and(|set| *set.get("LicenseId") == license)
        });
        if needed {
            let text = "This permission set license is required by a permission set assigned to \
                        the user. Remove the permission set assignment first.";
            return Err(OrgError::dml("FIELD_INTEGRITY_EXCEPTION", text, &[]));
        }
        self.count_set_license(id, -1)
    }

    pub(super) fn count_set_license(&mut self, assignment: Id, by: i64) -> Result<(), OrgError> {
        let row = self.db.get("PermissionSetLicenseAssign", assignment);
        match row.and_then(|row| row.get("PermissionSetLicenseId").as_id()) {
            Some(license) => self.count_seat("PermissionSetLicense", license, by),
            None => Ok(()),
        }
    }

    pub(super) fn before_package_license_assign(
        &self,
        draft: &Draft,
    ) -> Result<Option<Id>, OrgError> {
        let user = draft.get("UserId");
        let license = draft.id("PackageLicenseId").unwrap_or(Id::ZERO);
        let row = self.db.get("PackageLicense", license);
        if row.is_some_and(|row| row.get("Status").as_str() == Some("Expired")) {
            let text = "The package license has expired.";
            return Err(OrgError::dml(
                "INVALID_PACKAGE_LICENSE",
                text,
                &["PackageLicenseId"],
            ));
        }
        let held = self.db.find("UserPackageLicense", "UserId", user);
        let twin = held
            .into_iter()
            .find(|row| row.get("PackageLicenseId").as_id() == Some(license));
        if let Some(twin) = twin {
            let text = format!(
                "duplicate value found: <unknown> duplicates value on record with id: {}",
                twin.id().short()
            );
            return Err(OrgError::dml("DUPLICATE_VALUE", text, &[]));
        }
        if self.seats_left("PackageLicense", license, "AllowedLicenses") == Some(0) {
            let text = "The number of users exceeds the available licenses.";
            return Err(OrgError::dml("LICENSE_LIMIT_EXCEEDED", text, &[]));
        }
        Ok(None)
    }

    pub(super) fn count_package_license(&mut self, id: Id, by: i64) -> Result<(), OrgError> {
        let row = self.db.get("UserPackageLicense", id);
        match row.and_then(|row| row.get("PackageLicenseId").as_id()) {
            Some(license) => self.count_seat("PackageLicense", license, by),
            None => Ok(()),
        }
    }

    /// Returns the number of free seats; `None` if unlimited.
    fn seats_left(&self, object: &str, license: Id, total: &str) -> Option<i64> {
        let row = self.db.get(object, license)?;
        let total = row.get(total).as_int().filter(|total| *total >= 0)?;
        Some((total - row.get("UsedLicenses").as_int().unwrap_or(0)).max(0))
    }

    fn count_seat(&mut self, object: &str, license: Id, by: i64) -> Result<(), OrgError> {
        let row = self.db.get(object, license);
        let used = row
            .and_then(|row| row.get("UsedLicenses").as_int())
            .unwrap_or(0)
            + by;
        self.write(object, license, [("UsedLicenses", Value::Int(used.max(0)))])
            .map_err(OrgError::from)
    }
}
