//! Granting, revoking and deleting. All operations are idempotent: a repeated one changes nothing
//! and reports that.

use async_trait::async_trait;

use super::{EntitlementId, Grant, GrantId, Quota, ResourceId, Result};

/// Grants and revokes the entitlements of one resource type.
///
/// Hosts repeat a call that failed, and several calls for the same principal may run at once. An
/// implementation reads the state of the upstream system first, and changes only what differs.
#[async_trait]
pub trait Provisioner: Send + Sync {
    /// Grants `entitlement` to `principal`.
    async fn grant(&self, principal: &ResourceId, entitlement: &EntitlementId) -> Result<Granted>;

    /// Revokes `entitlement` from `principal`.
    async fn revoke(&self, principal: &ResourceId, entitlement: &EntitlementId) -> Result<Revoked>;
}

/// Result of a grant.
#[derive(Clone, Debug, PartialEq)]
pub struct Granted {
    /// The grants that exist now.
    pub grants: Vec<Grant>,
    /// Whether the principal held the entitlement already, so that nothing changed.
    pub already: bool,
    /// Grants that were replaced, because a principal can hold only one of them.
    pub replaced: Vec<GrantId>,
    /// What the person who granted it should know.
    pub warnings: Vec<String>,
    /// The upstream system's quota, if it is known.
    pub quota: Option<Quota>,
}

impl Granted {
    /// A grant of `entitlement` to `principal`, which replaced no other.
    #[must_use]
    pub fn one(principal: &ResourceId, entitlement: &EntitlementId, already: bool) -> Self {
        Self {
            grants: vec![Grant::new(entitlement.clone(), principal.clone())],
            already,
            replaced: Vec::new(),
            warnings: Vec::new(),
            quota: None,
        }
    }
}

/// Result of a revoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Whether the principal did not hold the entitlement, so that nothing changed.
    pub already: bool,
    /// The upstream system's quota, if it is known.
    pub quota: Option<Quota>,
}

impl Revoked {
    /// A revoke that changed something, or found nothing to do.
    #[must_use]
    pub fn new(already: bool) -> Self {
        Self {
            already,
            quota: None,
        }
    }
}

/// Deletes resources of one type, or does what replaces deletion, such as deactivation.
#[async_trait]
pub trait Deleter: Send + Sync {
    /// Deletes the resource `id`.
    async fn delete(&self, id: &ResourceId) -> Result<Deleted>;
}

/// Result of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// Whether the resource did not exist any more, so that nothing changed.
    pub already: bool,
    /// The upstream system's quota, if it is known.
    pub quota: Option<Quota>,
}
