//! Granting, revoking and deleting. Every operation may be repeated: the second time it changes
//! nothing and says so.

use async_trait::async_trait;

use super::{EntitlementId, Grant, GrantId, Quota, ResourceId, Result};

/// Adds and removes one entitlement for one principal. Both directions are idempotent.
#[async_trait]
pub trait Provisioner: Send + Sync {
    /// Gives `entitlement` to `principal`.
    async fn grant(&self, principal: &ResourceId, entitlement: &EntitlementId) -> Result<Granted>;

    /// Takes `entitlement` from `principal`.
    async fn revoke(&self, principal: &ResourceId, entitlement: &EntitlementId) -> Result<Revoked>;
}

/// What a grant did.
#[derive(Clone, Debug, PartialEq)]
pub struct Granted {
    /// The grants that exist now because of it (or existed before).
    pub grants: Vec<Grant>,
    /// Nothing was changed: the principal held it already.
    pub already: bool,
    /// Grants that this one took away, because a principal can hold only one of them.
    pub replaced: Vec<GrantId>,
    /// What the upstream system said of its quota, last.
    pub quota: Option<Quota>,
}

/// What a revoke did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Nothing was changed: the principal did not hold it.
    pub already: bool,
    /// What the upstream system said of its quota, last.
    pub quota: Option<Quota>,
}

/// Deletes resources of one type, or does what the type has instead of deletion.
#[async_trait]
pub trait Deleter: Send + Sync {
    /// Deletes `id`.
    async fn delete(&self, id: &ResourceId) -> Result<Deleted>;
}

/// What a deletion did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// Nothing was changed: it was deleted before.
    pub already: bool,
    /// What the upstream system said of its quota, last.
    pub quota: Option<Quota>,
}
