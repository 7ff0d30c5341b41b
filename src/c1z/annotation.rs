//! Access to `repeated google.protobuf.Any annotations`.

use prost::Name;
use prost_types::Any;

use crate::pb::connector::ResourceType;

/// Whether `any` holds an `M`, in a type URL of any domain.
pub(crate) fn is<M: Name>(any: &Any) -> bool {
    name_in(any, M::PACKAGE) == Some(M::NAME)
}

/// The name of a message, if it belongs to `package`.
fn name_in<'a>(any: &'a Any, package: &str) -> Option<&'a str> {
    let name = any.type_url.rsplit('/').next()?;
    name.strip_prefix(package)?.strip_prefix('.')
}

/// Whether the readers of the format can decode what is in `any`.
///
/// The released `baton` CLI is built on SDK v0.7.26. It fails to print a row that carries a message
/// which that version does not have, be it newer or private to a connector. Instructions for the
/// host of a sync, such as `InsertResourceGrants`, are left out because only that host needs them.
pub(crate) fn is_readable(any: &Any) -> bool {
    matches!(
        name_in(any, ResourceType::PACKAGE),
        Some(
            "Aliases"
                | "AppTrait"
                | "BatonID"
                | "ChildResourceType"
                | "ETag"
                | "ETagMatch"
                | "ETagMetadata"
                | "EntitlementImmutable"
                | "ExternalLink"
                | "ExternalResourceMatch"
                | "ExternalResourceMatchAll"
                | "ExternalResourceMatchID"
                | "ExternalTicketRef"
                | "ExternalTicketSettings"
                | "GrantAlreadyExists"
                | "GrantAlreadyRevoked"
                | "GrantExpandable"
                | "GrantImmutable"
                | "GrantMetadata"
                | "GroupTrait"
                | "RateLimitDescription"
                | "RawId"
                | "RequestId"
                | "ResourceDoesNotExist"
                | "RoleTrait"
                | "ScopeBindingTrait"
                | "SecretTrait"
                | "SecurityInsightTrait"
                | "SkipEntitlements"
                | "SkipEntitlementsAndGrants"
                | "SkipGrants"
                | "UserTrait"
                | "V1Identifier"
        )
    )
}

/// Whether one of them holds an `M`.
pub(crate) fn has<M: Name>(annotations: &[Any]) -> bool {
    annotations.iter().any(is::<M>)
}

/// Every `M` among them. Those that cannot be decoded are skipped.
pub(crate) fn all<M: Name + Default>(annotations: &[Any]) -> impl Iterator<Item = M> {
    annotations
        .iter()
        .filter(|any| is::<M>(any))
        .filter_map(|any| M::decode(&*any.value).ok())
}

/// The first `M` among them.
pub(crate) fn first<M: Name + Default>(annotations: &[Any]) -> Option<M> {
    all(annotations).next()
}

/// Packs `message` with the type URL that hosts use.
pub(crate) fn pack<M: Name>(message: &M) -> Any {
    Any {
        type_url: M::type_url(),
        value: message.encode_to_vec(),
    }
}
