//! The first call of a sync: does the connector work, and what will it not do?

use prost::Message as _;
use prost_types::value::Kind;
use prost_types::{Any, Struct};

use super::{Context, types};
use crate::pb::connector::ConnectorServiceValidateRequest;
use crate::runner::error::{Error, Result};

/// What the connector answered.
pub(super) struct Validated {
    /// The sync id to send with each call. Empty for a connector that does not know sync ids.
    pub(super) active_sync_id: String,
    /// What the connector will not do. It has logged that itself.
    pub(super) warnings: Vec<String>,
}

/// Makes the call. It is not repeated, because the connector itself retries it.
pub(super) async fn validate(context: &Context) -> Result<Validated> {
    context.reporter.phase("validate");
    let call = context.client.call(ConnectorServiceValidateRequest {});
    let reply = tokio::select! {
        () = context.retry.cancel.cancelled() => return Err(Error::Cancelled),
        reply = call => reply.map_err(Error::call("validating the connector"))?,
    };
    let wants_id = types::knows_sync_ids(&reply.sdk_version).unwrap_or_else(|| {
        if !reply.sdk_version.is_empty() {
            context.reporter.warn(&format!(
                "cannot parse the connector's SDK version {:?}; no sync id is sent",
                reply.sdk_version
            ));
        }
        false
    });
    Ok(Validated {
        active_sync_id: if wants_id {
            context.sink.sync_id().to_owned()
        } else {
            String::new()
        },
        warnings: warnings(&reply.annotations),
    })
}

/// The list `warnings` of an annotation that is a `google.protobuf.Struct`.
pub(super) fn warnings(annotations: &[Any]) -> Vec<String> {
    let structs = annotations
        .iter()
        .filter(|any| any.type_url.ends_with("/google.protobuf.Struct"))
        .filter_map(|any| Struct::decode(any.value.as_slice()).ok());
    let lists = structs.filter_map(|mut read| read.fields.remove("warnings")?.kind);
    lists
        .filter_map(|kind| match kind {
            Kind::ListValue(list) => Some(list.values),
            _ => None,
        })
        .flatten()
        .filter_map(|value| match value.kind {
            Some(Kind::StringValue(text)) => Some(text),
            _ => None,
        })
        .collect()
}
