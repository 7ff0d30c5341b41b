//! Syncing: the trait that a connector implements for each resource type.

use async_trait::async_trait;

use super::{
    Call, Deleter, Entitlement, Error, Grant, Object, Page, PageRequest, Provisioner, Resource,
    ResourceId, ResourceType, Result, StaticEntitlement,
};

/// A resource as a request names it. Only the id is always present: daemons and one-shot commands of
/// the Baton SDK send stubs.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceRef {
    /// Its id.
    pub id: ResourceId,
    /// Its name. Empty in a stub.
    pub display_name: String,
    /// Its profile. Absent in a stub.
    pub profile: Option<Object>,
}

/// Which grants a listing returns.
#[derive(Clone, Debug, PartialEq)]
pub enum GrantScope {
    /// The grants on all resources of the type. Only for types with
    /// [`TypeMark::TypeScopedGrants`](super::TypeMark::TypeScopedGrants).
    Type,
    /// The grants on one resource.
    Resource(ResourceRef),
}

impl GrantScope {
    /// Whether the grants on `resource` are asked for.
    #[must_use]
    pub fn covers(&self, resource: &ResourceId) -> bool {
        match self {
            Self::Type => true,
            Self::Resource(on) => on.id == *resource,
        }
    }
}

/// Lists the resources of one type, their entitlements, and the grants on them.
///
/// A host calls `list` until a page has no next token, then `entitlements` and `grants` for each
/// resource. Listings run in parallel, and any page may be requested again, also by another
/// process. A listing never returns [`Kind::NotFound`](super::Kind::NotFound): hosts would drop
/// its rows without a message.
#[async_trait]
pub trait ResourceSyncer: Send + Sync {
    /// The resource type.
    fn resource_type(&self) -> &ResourceType;

    /// Returns one page of resources.
    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>>;

    /// Returns one resource: a page of one row, or of no row if it does not exist.
    async fn get(&self, id: &ResourceId, call: &Call) -> Result<Page<Resource>>;

    /// Returns one page of the entitlements that every resource of the type has. Hosts ask for them
    /// once for each type, after they have listed its resources.
    async fn static_entitlements(&self, _page: &PageRequest) -> Result<Page<StaticEntitlement>> {
        no_entitlements()
    }

    /// Returns one page of the entitlements of a resource.
    async fn entitlements(&self, on: &ResourceRef, page: &PageRequest)
    -> Result<Page<Entitlement>>;

    /// Returns one page of grants.
    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>>;

    /// Returns the provisioner, if entitlements of this type can be granted and revoked.
    fn provisioner(&self) -> Option<&dyn Provisioner> {
        None
    }

    /// Returns the deleter, if resources of this type can be deleted.
    fn deleter(&self) -> Option<&dyn Deleter> {
        None
    }
}

/// An empty page, for types without entitlements or grants.
pub fn no_entitlements<T>() -> Result<Page<T>, Error> {
    Ok(Page::last(Vec::new()))
}
