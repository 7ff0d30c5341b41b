//! What a resource type must be able to do to be synced.

use async_trait::async_trait;

use super::{
    Call, Deleter, Entitlement, Error, Grant, Object, Page, PageRequest, Provisioner, Resource,
    ResourceId, ResourceType, Result,
};

/// A resource as a request names it. Only the id is always present: daemons and one-shot commands of
/// the Baton SDK send stubs.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceRef {
    /// Which one.
    pub id: ResourceId,
    /// Its name; empty in a stub.
    pub display_name: String,
    /// Its profile; absent in a stub.
    pub profile: Option<Object>,
}

/// Whose grants are asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum GrantScope {
    /// Those of all resources of the type at once.
    Type,
    /// Those of one resource.
    Resource(ResourceRef),
}

/// Lists one kind of thing and everything granted on it.
#[async_trait]
pub trait ResourceSyncer: Send + Sync {
    /// The type.
    fn resource_type(&self) -> &ResourceType;

    /// One page of the type's resources.
    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>>;

    /// One resource: a page of one row, or of none if the upstream system does not have it.
    async fn get(&self, id: &ResourceId, call: &Call) -> Result<Page<Resource>>;

    /// The entitlements on one resource.
    async fn entitlements(&self, on: &ResourceRef, page: &PageRequest)
    -> Result<Page<Entitlement>>;

    /// One page of grants.
    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>>;

    /// Present when the type's entitlements can be granted.
    fn provisioner(&self) -> Option<&dyn Provisioner> {
        None
    }

    /// Present when the type's resources can be deleted.
    fn deleter(&self) -> Option<&dyn Deleter> {
        None
    }
}

/// The answer for a type without entitlements.
pub fn no_entitlements<T>() -> Result<Page<T>, Error> {
    Ok(Page::last(Vec::new()))
}
