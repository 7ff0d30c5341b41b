//! Which objects and fields a caller can see, by API version, features and settings.

use super::error::OrgError;
use super::schema::{Feature, FieldDef, ObjectDef};
use super::settings::Settings;
use super::{Caller, Org};

impl Org {
    /// Returns an object if it is visible to a caller.
    pub(crate) fn visible_object(&self, name: &str, caller: &Caller) -> Option<&ObjectDef> {
        let def = self.db.schema().object(name)?;
        let any_of = needed_to_see(&def.name);
        let visible = object_is_visible(&self.settings, def, caller.version)
            && (any_of.is_empty() || self.rights(caller.user).has_any(any_of));
        visible.then_some(def)
    }

    /// Returns a field if it is visible in this version.
    pub(crate) fn visible_field<'a>(
        object: &'a ObjectDef,
        name: &str,
        version: u32,
    ) -> Option<&'a FieldDef> {
        object
            .field(name)
            .filter(|field| field.since_version <= version)
    }

    /// Hides a field, as field-level security or a disabled feature does, in queries, records,
    /// descriptions and writes. Paths through its relationship fail, too. Returns whether the field
    /// exists.
    pub fn hide_field(&mut self, object: &str, field: &str) -> bool {
        self.db.schema_mut().hide_field(object, field)
    }

    /// Defines the values of a picklist and which of them are active, as an administrator can.
    ///
    /// # Panics
    /// If there is no such field.
    pub fn set_picklist(&mut self, object: &str, field: &str, values: &[(&str, bool)]) {
        if !self.db.set_picklist(object, field, values) {
            super::wrong_test(&format!("no field {field} on {object}"));
        }
    }

    /// Fails if the user cannot read the object.
    pub(crate) fn check_readable(&self, object: &ObjectDef) -> Result<(), OrgError> {
        if self.settings.forbidden_objects.contains(&object.name) {
            return Err(OrgError::unreadable());
        }
        Ok(())
    }
}

/// Permissions of which a user needs one to see an object. Source: Object Reference, "Special Access
/// Rules" of each object.
fn needed_to_see(object: &str) -> &'static [&'static str] {
    match object {
        "PermissionSet" | "PermissionSetGroup" => &[
            "ViewSetup",
            "AssignPermissionSets",
            "ManageProfilesPermissionsets",
            "ManageSessionPermissionSets",
        ],
        "PermissionSetAssignment" => &["ViewSetup", "AssignPermissionSets", "ManageUsers"],
        "PermissionSetGroupComponent"
        | "MutingPermissionSet"
        | "ObjectPermissions"
        | "SetupEntityAccess"
        | "UserLicense"
        | "SetupAuditTrail" => &["ViewSetup"],
        "ConnectedApplication" => &["CustomizeApplication"],
        _ => &[],
    }
}

/// Whether an object exists for a caller.
fn object_is_visible(settings: &Settings, def: &ObjectDef, version: u32) -> bool {
    let switched_on = match def.feature {
        None => true,
        Some(Feature::Territories) => settings.territories,
        Some(Feature::Agents) => settings.agents,
        Some(Feature::Chatter) => settings.chatter,
    };
    switched_on && def.since_version <= version && !settings.hidden_objects.contains(&def.name)
}
