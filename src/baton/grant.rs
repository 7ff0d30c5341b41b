//! Who holds what.

use super::{EntitlementId, GrantId, Object, ResourceId};

/// A principal that holds an entitlement.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// What is held.
    pub entitlement: EntitlementId,
    /// Who holds it.
    pub principal: ResourceId,
    /// Annotations.
    pub marks: Vec<GrantMark>,
}

impl Grant {
    /// A plain grant of `entitlement` to `principal`.
    #[must_use]
    pub fn new(entitlement: EntitlementId, principal: ResourceId) -> Self {
        Self {
            entitlement,
            principal,
            marks: Vec::new(),
        }
    }

    /// Adds an annotation.
    #[must_use]
    pub fn with(mut self, mark: GrantMark) -> Self {
        self.marks.push(mark);
        self
    }

    /// The id that hosts store: `<entitlement id>:<principal type>:<principal id>`.
    #[must_use]
    pub fn id(&self) -> GrantId {
        GrantId {
            entitlement: self.entitlement.clone(),
            principal: self.principal.clone(),
        }
    }
}

/// An annotation of a grant.
#[derive(Clone, Debug, PartialEq)]
pub enum GrantMark {
    /// Whoever holds these entitlements of the principal holds this one too.
    Expandable(Expansion),
    /// It cannot be revoked here; the object says why.
    Immutable(Object),
    /// Facts about the grant, such as when it ends.
    Metadata(Object),
}

/// How a grant to a group reaches the group's members; `GrantExpandable` in the Baton protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Expansion {
    /// Entitlements of the grant's principal.
    pub entitlements: Vec<EntitlementId>,
    /// Only direct holders count.
    pub shallow: bool,
    /// Only principals of these types count; empty means all.
    pub resource_types: Vec<&'static str>,
}
