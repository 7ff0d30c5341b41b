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

impl Entitlement {
    /// An assignment or a membership that resources of the types `grantable_to` can hold.
    #[must_use]
    pub fn assignment(
        id: EntitlementId,
        display_name: impl Into<String>,
        grantable_to: &[&'static str],
    ) -> Self {
        Self {
            id,
            display_name: display_name.into(),
            description: None,
            purpose: Purpose::Assignment,
            grantable_to: grantable_to.to_vec(),
            marks: Vec::new(),
        }
    }
}

/// An entitlement that every resource of a type has. It is listed once for the type, and hosts make
/// one of it for each resource, with the id `<resource type>:<resource id>:<slug>`.
#[derive(Clone, Debug, PartialEq)]
pub struct StaticEntitlement {
    /// Its slug.
    pub slug: String,
    /// Name for people. Shortened to 1,024 bytes when it is sent.
    pub display_name: String,
    /// Description for people. Shortened to 2,048 bytes when it is sent.
    pub description: Option<String>,
    /// Its purpose.
    pub purpose: Purpose,
    /// Ids of the resource types whose resources can hold it.
    pub grantable_to: Vec<&'static str>,
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
