//! The words under which requests and sign-ins are counted: few, and all of them here.
//!
//! Must not know: how to count.

use super::{
    auth::{AccessToken, AuthError},
    error::{ApiError, Error, ErrorCode},
    retry::Recovery,
};

/// Requests that are for no object in particular, such as those for the limits.
pub(super) const NO_OBJECT: &str = "none";
/// A request that holds several others.
pub(super) const COMPOSITE: &str = "composite";
/// An object that is not in [`OBJECTS`].
const OTHER: &str = "other";

/// The objects that this program reads or writes, in the order of bytes.
const OBJECTS: &[&str] = &[
    "Account",
    "AppMenuItem",
    "BotDefinition",
    "Case",
    "CollaborationGroup",
    "CollaborationGroupMember",
    "ConnectedApplication",
    "CronTrigger",
    "ExternalClientApplication",
    "Group",
    "GroupMember",
    "Lead",
    "LoginHistory",
    "MutingPermissionSet",
    "OauthToken",
    "ObjectPermissions",
    "Opportunity",
    "Organization",
    "PackageLicense",
    "PermissionSet",
    "PermissionSetAssignment",
    "PermissionSetGroup",
    "PermissionSetGroupComponent",
    "PermissionSetLicense",
    "PermissionSetLicenseAssign",
    "PicklistValueInfo",
    "Profile",
    "SetupAuditTrail",
    "SetupEntityAccess",
    "Task",
    "Territory2",
    "Territory2Model",
    "User",
    "UserLicense",
    "UserLogin",
    "UserPackageLicense",
    "UserPermissionAccess",
    "UserRole",
    "UserTerritory2Association",
];

/// The word for an object.
pub(super) fn object(name: &str) -> &'static str {
    let found = OBJECTS.binary_search(&name).ok();
    found
        .and_then(|at| OBJECTS.get(at))
        .copied()
        .unwrap_or(OTHER)
}

/// The word for the outcome of a request that was sent.
pub(super) fn outcome<T>(result: &Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(Error::Api { source, .. }) => refusal(source),
        Err(Error::NotSent { .. }) => "not_sent",
        Err(Error::Lost { .. }) => "lost",
        Err(Error::Unreadable { .. }) => "unreadable",
        Err(_) => "failed",
    }
}

fn refusal(answer: &ApiError) -> &'static str {
    if answer.is_session_expired() {
        "session_expired"
    } else if answer.is_daily_limit() {
        "daily_limit"
    } else if answer.is_throttled() {
        "throttled"
    } else if answer.has(&ErrorCode::UnableToLockRow) {
        "locked_row"
    } else if answer.status() >= 500 {
        "unavailable"
    } else {
        "refused"
    }
}

/// The word for the reason of a retry.
pub(super) fn reason(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::Login => "session_expired",
        Recovery::Contended => "locked_row",
        Recovery::Throttled => "throttled",
        Recovery::NotSent => "not_sent",
        Recovery::Idempotent => "no_usable_answer",
    }
}

/// The word for the outcome of a sign-in.
pub(super) fn sign_in(result: &Result<AccessToken, AuthError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(error) if error.is_permanent() => "refused",
        Err(_) => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_objects_keep_their_name_and_others_have_one_together() {
        assert!(OBJECTS.is_sorted(), "or they are not found");
        for known in OBJECTS {
            assert_eq!(object(known), *known);
        }
        assert_eq!(object("Secret_Project__c"), OTHER);
    }
}
