//! What gives permissions: a permission set, a permission set group, a profile.

use crate::salesforce::SalesforceId;

/// What gives permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Giver {
    Set,
    Group,
    Profile,
}

impl Giver {
    /// The column of `PermissionSet` that names it.
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Set => "Id",
            Self::Group => "PermissionSetGroupId",
            Self::Profile => "ProfileId",
        }
    }

    /// Who gives what a row of `PermissionSet` gives: a profile's own set has its `ProfileId`, and
    /// the sum of a group its `PermissionSetGroupId`.
    pub(super) fn of(
        set: SalesforceId,
        profile: Option<SalesforceId>,
        group: Option<SalesforceId>,
    ) -> (Self, SalesforceId) {
        match (profile, group) {
            (Some(profile), _) => (Self::Profile, profile),
            (None, Some(group)) => (Self::Group, group),
            (None, None) => (Self::Set, set),
        }
    }
}
