//! Looking into `repeated google.protobuf.Any annotations`.

use prost::Name;
use prost_types::Any;

/// Whether `any` holds an `M`, whatever domain its URL names.
pub(crate) fn is<M: Name>(any: &Any) -> bool {
    any.type_url
        .rsplit('/')
        .next()
        .and_then(|name| name.strip_prefix(M::PACKAGE))
        .and_then(|name| name.strip_prefix('.'))
        == Some(M::NAME)
}

/// Whether one of them holds an `M`.
pub(crate) fn has<M: Name>(annotations: &[Any]) -> bool {
    annotations.iter().any(is::<M>)
}

/// Every `M` among them; what does not decode is not an `M`.
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

/// Packs `message` under the domain that hosts use.
pub(crate) fn pack<M: Name>(message: &M) -> Any {
    Any {
        type_url: M::type_url(),
        value: message.encode_to_vec(),
    }
}
