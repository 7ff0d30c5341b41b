//! Grants: which principal holds which entitlement.

use super::{EntitlementId, GrantId, Object, ResourceId};

/// A principal that holds an entitlement.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// The entitlement that is held.
    pub entitlement: EntitlementId,
    /// The principal that holds it.
    pub principal: ResourceId,
    /// Annotations.
    pub marks: Vec<GrantMark>,
}

impl Grant {
    /// A grant of `entitlement` to `principal` without annotations.
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

    /// The id of the grant: `<entitlement id>:<principal type>:<principal id>`.
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
    /// Hosts derive grants of this entitlement for everybody who holds certain entitlements of the
    /// principal, for example for the members of a group.
    Expandable(Expansion),
    /// It cannot be revoked through the connector. The object gives the reason.
    Immutable(Object),
    /// Further facts about the grant, such as its end date.
    Metadata(Object),
}

/// How a grant to a group reaches the group's members; `GrantExpandable` in the Baton protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Expansion {
    /// Entitlements of the principal. Their holders get the grant.
    pub entitlements: Vec<EntitlementId>,
    /// Whether only direct holders get it, not those who hold the entitlements by expansion.
    pub shallow: bool,
    /// Ids of the resource types whose principals get it. If empty, all do.
    pub resource_types: Vec<&'static str>,
}
