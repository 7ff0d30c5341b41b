//! What the source of almost every connector names: `use baton_salesforce::sdk::prelude::*`.

pub use async_trait::async_trait;

pub use crate::baton::{
    Call, Connector, Entitlement, EntitlementId, Error, Expansion, Grant, GrantMark, GrantScope,
    Granted, Id, Page, PageRequest, Provisioner, Registry, Resource, ResourceId, ResourceRef,
    ResourceSyncer, ResourceType, Result, Revoked, Trait, TypeMark, UserDetails, Validation,
    Variant,
};
