//! What the listings have in common: type-scoped requests, and the check that pages make progress.

use prost::Name;
use prost_types::Any;

use crate::baton::{Error, Page, PageRequest, Result};
use crate::pb::connector as pb;
use crate::wire::annotation;

/// So much of a token is enough to recognise it in a message.
const TOKEN_SHOWN: usize = 80;

/// Whether the request asks for the whole type, as its marker `M` says.
pub(super) fn is_type_scoped<M: Name>(
    annotations: &[Any],
    resource: Option<&pb::Resource>,
    offered: bool,
) -> Result<bool> {
    if !annotation::has::<M>(annotations) {
        return Ok(false);
    }
    let id = resource.and_then(|resource| resource.id.as_ref());
    let kind = id.map_or("", |id| &id.resource_type);
    if !offered {
        return Err(Error::invalid(format!(
            "resource type {kind} does not carry the annotation {}; ask for each resource",
            M::NAME
        )));
    }
    if id.is_none_or(|id| id.resource != id.resource_type) {
        return Err(Error::invalid(format!(
            "with the annotation {} the resource must be {kind}/{kind}, the type itself",
            M::NAME
        )));
    }
    Ok(true)
}

/// Refuses a page that continues where it began: hosts would request it for ever.
pub(super) fn progress<T>(
    page: Page<T>,
    request: &PageRequest,
    listing: &str,
    subject: &str,
) -> Result<Page<T>> {
    match (&page.next, &request.token) {
        (Some(next), Some(token)) if next == token => {
            let shown: String = next.as_str().chars().take(TOKEN_SHOWN).collect();
            Err(Error::internal(format!(
                "{listing} failed: next page token unchanged (token={shown}, {subject}) - likely a \
                 connector bug"
            )))
        }
        _ => Ok(page),
    }
}
