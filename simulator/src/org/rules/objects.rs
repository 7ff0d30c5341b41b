//! `ObjectPermissions`: what a permission set gives on the records of an object. Source: Object
//! Reference, `ObjectPermissions`.

use super::draft::Draft;
use crate::org::Org;
use crate::org::error::OrgError;
use crate::org::id::Id;

pub(super) const OBJECT: &str = "ObjectPermissions";

/// The permissions, and those that each needs.
pub(super) const NEEDS: &[(&str, &[&str])] = &[
    ("PermissionsRead", &[]),
    ("PermissionsCreate", &["PermissionsRead"]),
    ("PermissionsEdit", &["PermissionsRead"]),
    ("PermissionsDelete", &["PermissionsRead", "PermissionsEdit"]),
    ("PermissionsViewAllRecords", &["PermissionsRead"]),
    (
        "PermissionsModifyAllRecords",
        &[
            "PermissionsRead",
            "PermissionsEdit",
            "PermissionsDelete",
            "PermissionsViewAllRecords",
        ],
    ),
];

/// Those of some permissions whose needs are among them.
pub(super) fn supported(mut flags: Vec<&'static str>) -> Vec<&'static str> {
    flags.sort_unstable();
    flags.dedup();
    let has = |needed: &str| flags.contains(&needed);
    let needs = NEEDS.iter().filter(|(flag, _)| has(flag));
    let met = needs.filter(|(_, needs)| needs.iter().all(|needed| has(needed)));
    met.map(|(flag, _)| *flag).collect()
}

impl Org {
    pub(super) fn before_object_permissions_create(
        &self,
        draft: &Draft,
    ) -> Result<Option<Id>, OrgError> {
        let parent = draft.get("ParentId");
        self.check_own_objects(parent.as_id().unwrap_or(Id::ZERO))?;
        let object = draft.get("SobjectType");
        let rows = self.db.find(OBJECT, "ParentId", parent);
        if let Some(twin) = rows
            .into_iter()
            .find(|row| row.get("SobjectType") == object)
        {
            let text = format!(
                "duplicate value found: ParentId duplicates value on record with id: {}",
                twin.id().short()
            );
            return Err(OrgError::dml("DUPLICATE_VALUE", text, &[]));
        }
        check_needs(|flag| draft.get(flag).is_true())?;
        Ok(None)
    }

    pub(super) fn before_object_permissions_update(
        &self,
        id: Id,
        draft: &Draft,
    ) -> Result<(), OrgError> {
        let row = self.db.get(OBJECT, id).ok_or_else(OrgError::no_access)?;
        self.check_own_objects(row.get("ParentId").as_id().unwrap_or(Id::ZERO))?;
        check_needs(|flag| draft.named(flag).unwrap_or_else(|| row.get(flag)).is_true())
    }

    pub(super) fn before_object_permissions_delete(&self, id: Id) -> Result<(), OrgError> {
        self.check_own_objects(self.parent_of_objects(id).unwrap_or(Id::ZERO))
    }

    /// The permission set of a row.
    pub(super) fn parent_of_objects(&self, id: Id) -> Option<Id> {
        self.db.get(OBJECT, id)?.get("ParentId").as_id()
    }

    /// Rejects changes to the sum of a group.
    fn check_own_objects(&self, set: Id) -> Result<(), OrgError> {
        let set = self.db.get("PermissionSet", set);
        if set.is_some_and(|set| !set.get("PermissionSetGroupId").is_null()) {
            return Err(OrgError::no_access());
        }
        Ok(())
    }
}

fn check_needs(is_set: impl Fn(&str) -> bool) -> Result<(), OrgError> {
    for (flag, needs) in NEEDS.iter().filter(|(flag, _)| is_set(flag)) {
        if let Some(lacking) = needs.iter().find(|needed| !is_set(needed)) {
            let text = format!("Permission {flag} depends on permission(s): {lacking}");
            return Err(OrgError::dml("FIELD_INTEGRITY_EXCEPTION", text, &[flag]));
        }
    }
    Ok(())
}
