//! What permission sets, permission set groups and profiles give, in their profile, their description
//! and the description of their entitlement.

use std::sync::Arc;

use super::giver::Giver;
use super::object_permissions::{self, ObjectRights};
use super::strong_sets::{self, StrongSets};
use crate::baton::{Call, Page, PageRequest, Resource, ResourceRef, Result};
use crate::connector::read::context::ReadContext;
use crate::connector::text;
use crate::salesforce::SalesforceId;

/// Starts to read which permissions are strong, for [`show`], while the resources are listed.
pub(super) fn foresee(context: &Arc<ReadContext>, page: &PageRequest) {
    context.foresee(page, |context, memory| async move {
        let _ = StrongSets::all(&context, &memory).await;
    });
}

/// Adds to the resources of a page what they give.
pub(super) async fn show(
    giver: Giver,
    page: &mut Page<Resource>,
    context: &ReadContext,
    call: &Call,
) -> Result<()> {
    let ids: Vec<SalesforceId> = page
        .items
        .iter()
        .filter_map(|resource| SalesforceId::read(resource.id.resource.as_str()).ok())
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let strong = StrongSets::of(giver, &ids, context, call).await?;
    let objects = ObjectRights::of(giver, &ids, context, call).await?;
    for (id, resource) in ids.into_iter().zip(&mut page.items) {
        strong.describe((giver, id), resource);
        objects.describe((giver, id), resource);
    }
    Ok(())
}

/// What a request's resource gives, if the host sends the profile along.
pub(super) fn of_request(on: &ResourceRef) -> Option<String> {
    let profile = on.profile.as_ref()?;
    let mut sentence = strong_sets::sentence_of(profile);
    text::add_sentence(&mut sentence, object_permissions::sentence_of(profile));
    sentence
}
