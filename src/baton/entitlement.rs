//! Entitlements: what principals can hold on a resource.

use super::{EntitlementId, Object};

/// An access right on a resource that principals can hold, such as membership of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Entitlement {
    /// Its id, which contains the id of the resource.
    pub id: EntitlementId,
    /// Name for people. Shortened to 1,024 bytes when it is sent.
    pub display_name: String,
    /// Description for people. Shortened to 2,048 bytes when it is sent.
    pub description: Option<String>,
    /// Its purpose.
    pub purpose: Purpose,
    /// Ids of the resource types whose resources can hold it.
    pub grantable_to: Vec<&'static str>,
    /// Annotations.
    pub marks: Vec<EntitlementMark>,
}

/// Purpose of an entitlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An assignment or a membership.
    Assignment,
    /// A single permission.
    Permission,
}

/// An annotation of an entitlement.
#[derive(Clone, Debug, PartialEq)]
pub enum EntitlementMark {
    /// It cannot be granted or revoked through the connector. The object gives the reason.
    Immutable(Object),
}
