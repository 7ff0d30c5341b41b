//! What can be held on a resource.

use super::{EntitlementId, Object};

/// Something that principals can hold on a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Entitlement {
    /// Its id, which names the resource.
    pub id: EntitlementId,
    /// The name that people see; at most 1,024 bytes reach the wire.
    pub display_name: String,
    /// What holding it means; at most 2,048 bytes reach the wire.
    pub description: Option<String>,
    /// What it is for.
    pub purpose: Purpose,
    /// The ids of the resource types whose resources can hold it.
    pub grantable_to: Vec<&'static str>,
    /// Annotations.
    pub marks: Vec<EntitlementMark>,
}

/// What an entitlement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Being assigned or a member.
    Assignment,
    /// A single permission.
    Permission,
}

/// An annotation of an entitlement.
#[derive(Clone, Debug, PartialEq)]
pub enum EntitlementMark {
    /// It can be read but not granted or revoked; the object says why.
    Immutable(Object),
}
