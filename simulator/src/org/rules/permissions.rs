//! Permissions that writes require.

use crate::org::error::OrgError;
use crate::org::rights::Rights;

/// Fails if the user has none of the permissions that allow a write.
pub(super) fn check(rights: &Rights<'_>, object: &str) -> Result<(), OrgError> {
    let any_of: &[&str] = match object {
        "User" => &["ManageUsers", "ManageInternalUsers"],
        "UserLogin" => &["ManageUsers", "FreezeUsers"],
        "PermissionSetAssignment" | "PermissionSetLicenseAssign" => {
            &["AssignPermissionSets", "ManageUsers"]
        }
        "PermissionSet"
        | "PermissionSetGroup"
        | "PermissionSetGroupComponent"
        | "MutingPermissionSet"
        | "ObjectPermissions"
        | "SetupEntityAccess"
        | "Profile" => &["ManageProfilesPermissionsets"],
        "Group" | "GroupMember" | "QueueSobject" => &["ManageUsers", "ManageGroups"],
        "UserRole" => &["ManageRoles"],
        "UserPackageLicense" => &["ManagePackageLicenses"],
        "Territory2" | "Territory2Model" | "Territory2Type" | "UserTerritory2Association" => {
            &["ManageTerritories"]
        }
        _ => return Ok(()),
    };
    if rights.has_any(any_of) {
        return Ok(());
    }
    Err(OrgError::no_access())
}
