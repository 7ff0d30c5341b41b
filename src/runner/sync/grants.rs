//! Grants, and the resources that are sent with them.

use super::job::{Below, Job};
use super::resources::is_complete;
use super::session::Session;
use crate::c1z::{annotation, rows};
use crate::pb::connector::{
    Grant, GrantExpandable, GrantsServiceListGrantsRequest as Request, InsertResourceGrants,
    Resource, TypeScopedGrants,
};
use crate::runner::error::Result;

pub(super) async fn fetch(session: &Session, below: Below) -> Result<Vec<Job>> {
    let of = below.name("grants");
    let mut request = Request {
        resource: Some(below.on.clone()),
        page_token: below.token.clone(),
        active_sync_id: session.active_sync_id.clone(),
        ..Request::default()
    };
    if below.type_scoped {
        request
            .annotations
            .push(annotation::pack(&TypeScopedGrants {}));
    }
    let Some(reply) = session.list(&format!("listing {of}"), request).await? else {
        return Ok(Vec::new());
    };
    let insert_resources = annotation::has::<InsertResourceGrants>(&reply.annotations);
    store(session, reply.list, insert_resources).await?;
    let next = (reply.next_page_token, &*reply.annotations);
    below.go_on(session, &of, next, Job::Grants)
}

async fn store(session: &Session, list: Vec<Grant>, insert_resources: bool) -> Result<()> {
    let mut kept = Vec::with_capacity(list.len());
    let mut discovered = Vec::new();
    let is_targeted = !session.context.options.targets.is_empty();
    {
        let mut tally = session.tally();
        for mut row in list {
            let ends = rows::ends(&row).filter(|(entitlement, on, principal)| {
                is_complete(on) && is_complete(principal) && !entitlement.id.is_empty()
            });
            let Some((entitlement, on, principal)) = ends.filter(|_| !row.id.is_empty()) else {
                tally.dropped.without_id += 1;
                continue;
            };
            if !session.is_scheduled(&on.resource_type)
                || !session.is_scheduled(&principal.resource_type)
            {
                tally.dropped.of_other_types += 1;
                continue;
            }
            if is_targeted {
                let id = (on.resource_type.clone(), on.resource.clone());
                let owner = entitlement.resource.as_ref();
                let parent = owner.and_then(|owner| owner.parent_resource_id.clone());
                tally.mentioned.insert(id, parent.map(|parent| *parent));
            }
            if insert_resources || annotation::has::<InsertResourceGrants>(&row.annotations) {
                discovered.extend(entitlement.resource.clone());
            }
            tally.rows_of(&on.resource_type).grants += 1;
            narrow_expansion(session, &mut row);
            kept.push(row);
        }
    }
    insert(session, discovered).await?;
    session.context.reporter.advance(kept.len());
    session.context.sink.put_grants(kept).await
}

/// Stores the resources found in grants, each once per page.
async fn insert(session: &Session, mut discovered: Vec<Resource>) -> Result<()> {
    if discovered.is_empty() {
        return Ok(());
    }
    let key = |resource: &Resource| resource.id.as_ref().map(rows::resource_key);
    discovered.sort_by_cached_key(key);
    discovered.dedup_by_key(|resource| key(resource));
    session.context.sink.put_resources(discovered).await
}

/// Restricts nesting to the types of this sync. If no type is left, the nesting is removed: an empty
/// list would mean that all types are allowed.
fn narrow_expansion(session: &Session, row: &mut Grant) {
    let Some(at) = row
        .annotations
        .iter()
        .position(annotation::is::<GrantExpandable>)
    else {
        return;
    };
    let Some(any) = row.annotations.get_mut(at) else {
        return;
    };
    let Some(mut expandable) = annotation::first::<GrantExpandable>(std::slice::from_ref(any))
    else {
        return;
    };
    let before = expandable.resource_type_ids.len();
    expandable
        .resource_type_ids
        .retain(|kind| session.is_scheduled(kind));
    if expandable.resource_type_ids.len() == before {
        return;
    }
    if expandable.resource_type_ids.is_empty() {
        row.annotations.remove(at);
    } else {
        *any = annotation::pack(&expandable);
    }
}
