//! Grants, and what granting and revoking did.

use prost_types::Any;

use super::annotation::{self, pack};
use super::entitlement;
use super::resource;
use super::value::to_struct;
use crate::baton::{
    EntitlementId, Error, Expansion, Grant, GrantId, GrantMark, Granted, ResourceId, Result,
    Revoked,
};
use crate::pb::connector as pb;

/// A grant. Of its entitlement and its principal only the ids go out: hosts store what they get,
/// once per grant.
#[must_use]
pub fn grant(grant: Grant) -> pb::Grant {
    let entitlement = entitlement::stub(grant.entitlement);
    pb::Grant {
        id: GrantId::text(&entitlement.id, &grant.principal),
        entitlement: Some(Box::new(entitlement)),
        principal: Some(Box::new(resource::stub(grant.principal))),
        sources: None,
        annotations: grant.marks.into_iter().map(mark).collect(),
    }
}

fn mark(mark: GrantMark) -> Any {
    match mark {
        GrantMark::Expandable(expansion) => pack(&expandable(&expansion)),
        GrantMark::Immutable(fields) => pack(&pb::GrantImmutable {
            source_id: String::new(),
            metadata: Some(to_struct(fields)),
        }),
        GrantMark::Metadata(fields) => pack(&pb::GrantMetadata {
            metadata: Some(to_struct(fields)),
        }),
    }
}

fn expandable(expansion: &Expansion) -> pb::GrantExpandable {
    pb::GrantExpandable {
        entitlement_ids: expansion
            .entitlements
            .iter()
            .map(EntitlementId::text)
            .collect(),
        shallow: expansion.shallow,
        resource_type_ids: expansion
            .resource_types
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}

/// Who shall get what.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Who.
    pub principal: ResourceId,
    /// What.
    pub entitlement: EntitlementId,
}

/// Reads a request to grant.
pub fn read_grant(request: pb::GrantManagerServiceGrantRequest) -> Result<Subject> {
    Ok(Subject {
        principal: resource::read_ref(request.principal, "principal")?.id,
        entitlement: entitlement::read_id(request.entitlement, "entitlement")?,
    })
}

/// Reads a request to revoke. The grant's own id is not read: hosts that do not know it send a
/// placeholder.
pub fn read_revoke(request: pb::GrantManagerServiceRevokeRequest) -> Result<Subject> {
    let grant = request
        .grant
        .ok_or_else(|| Error::invalid("grant is required"))?;
    let principal = grant.principal.map(|principal| *principal);
    let entitlement = grant.entitlement.map(|entitlement| *entitlement);
    Ok(Subject {
        principal: resource::read_ref(principal, "grant.principal")?.id,
        entitlement: entitlement::read_id(entitlement, "grant.entitlement")?,
    })
}

/// What a grant did.
#[must_use]
pub fn granted(granted: Granted) -> pb::GrantManagerServiceGrantResponse {
    let already = granted.already.then(|| pack(&pb::GrantAlreadyExists {}));
    let replaced = granted.replaced.iter().map(|id| {
        pack(&pb::GrantReplaced {
            replaced_grant_id: id.to_string(),
        })
    });
    pb::GrantManagerServiceGrantResponse {
        annotations: already
            .into_iter()
            .chain(replaced)
            .chain(annotation::warnings(&granted.warnings))
            .chain(annotation::quota(granted.quota))
            .collect(),
        grants: granted.grants.into_iter().map(grant).collect(),
    }
}

/// What a revoke did.
#[must_use]
pub fn revoked(revoked: Revoked) -> pb::GrantManagerServiceRevokeResponse {
    let already = revoked.already.then(|| pack(&pb::GrantAlreadyRevoked {}));
    pb::GrantManagerServiceRevokeResponse {
        annotations: already
            .into_iter()
            .chain(annotation::quota(revoked.quota))
            .collect(),
    }
}
