//! Annotations: messages in `google.protobuf.Any`.

use prost::{Message, Name};
use prost_types::Any;
use prost_types::value::Kind;

use super::value::to_struct;
use crate::baton::{Object, PageToken, Quota};
use crate::pb::connector as pb;
use crate::pb::connector::rate_limit_description::Status as LimitStatus;

/// `prost_types` does not name its `Struct`.
const STRUCT: &str = "type.googleapis.com/google.protobuf.Struct";

/// Packs `message` under `type.googleapis.com/<its full name>`.
#[must_use]
pub fn pack<M: Message + Name>(message: &M) -> Any {
    Any {
        type_url: M::type_url(),
        value: message.encode_to_vec(),
    }
}

/// Whether one of `annotations` is an `M`. Only the name after the last slash counts, as in Go.
#[must_use]
pub fn has<M: Name>(annotations: &[Any]) -> bool {
    let name = M::full_name();
    annotations
        .iter()
        .any(|any| any.type_url.rsplit('/').next() == Some(&name))
}

/// What the upstream system said of its quota; nothing if it said nothing.
#[must_use]
pub fn quota(quota: Option<Quota>) -> Option<Any> {
    quota.map(|quota| pack(&limits(quota)))
}

/// The same, as the annotations of a reply.
#[must_use]
pub fn quotas(known: Option<Quota>) -> Vec<Any> {
    quota(known).into_iter().collect()
}

/// What a connector will not do, as a `google.protobuf.Struct` with the key `warnings`. The protocol
/// has no message for it; hosts ignore annotations that they do not know.
#[must_use]
pub fn warnings(warnings: &[String]) -> Option<Any> {
    if warnings.is_empty() {
        return None;
    }
    let text = |warning: &String| prost_types::Value {
        kind: Some(Kind::StringValue(warning.clone())),
    };
    let values = warnings.iter().map(text).collect();
    let list = prost_types::Value {
        kind: Some(Kind::ListValue(prost_types::ListValue { values })),
    };
    let fields = [("warnings".to_owned(), list)].into();
    Some(pack_struct(&prost_types::Struct { fields }))
}

/// Details as a `google.protobuf.Struct`; nothing if there are none.
#[must_use]
pub fn object(object: Object) -> Option<Any> {
    (!object.is_empty()).then(|| pack_struct(&to_struct(object)))
}

fn pack_struct(fields: &prost_types::Struct) -> Any {
    Any {
        type_url: STRUCT.to_owned(),
        value: fields.encode_to_vec(),
    }
}

/// A quota as the protocol describes it.
#[must_use]
pub fn limits(quota: Quota) -> pb::RateLimitDescription {
    let status = if quota.remaining() == 0 {
        LimitStatus::Overlimit
    } else {
        LimitStatus::Ok
    };
    pb::RateLimitDescription {
        status: status.into(),
        limit: i64::try_from(quota.limit).unwrap_or(i64::MAX),
        remaining: i64::try_from(quota.remaining()).unwrap_or(i64::MAX),
        reset_at: None,
    }
}

/// Tells the host to read from these positions too. It allows one such annotation per reply.
#[must_use]
pub fn siblings(tokens: &[PageToken]) -> Option<Any> {
    if tokens.is_empty() {
        return None;
    }
    let page_tokens = tokens
        .iter()
        .map(|token| token.as_str().to_owned())
        .collect();
    Some(pack(&pb::EnqueuePageTokens {
        page_tokens,
        estimated_total: 0,
    }))
}
