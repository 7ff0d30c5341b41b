//! Entitlements: listed by resource or by type, or made from the connector's templates.

use prost_types::Any;

use super::job::{Below, Job, StaticPage};
use super::resources::is_complete;
use super::session::Session;
use super::tokens::advance;
use crate::c1z::annotation;
use crate::pb::connector::{
    Entitlement, EntitlementExclusionGroup, EntitlementsServiceListEntitlementsRequest as Request,
    EntitlementsServiceListStaticEntitlementsRequest as StaticRequest, Resource,
    TypeScopedEntitlements,
};
use crate::runner::error::Result;

/// The number of resources that get static entitlements at a time.
const CHUNK: u32 = 500;

/// The first page for every type that the connector lists, synced or not, like the SDK's host.
pub(super) fn static_jobs(session: &Session) -> Vec<Job> {
    let first = |kind: &String| StaticPage {
        kind: kind.clone(),
        token: String::new(),
    };
    session
        .types
        .listed
        .iter()
        .map(|kind| Job::StaticEntitlements(first(kind)))
        .collect()
}

pub(super) async fn fetch_static(session: &Session, page: StaticPage) -> Result<Vec<Job>> {
    let of = format!("static entitlements of {}", page.kind);
    let request = StaticRequest {
        resource_type_id: page.kind.clone(),
        page_token: page.token.clone(),
        active_sync_id: session.active_sync_id.clone(),
        ..StaticRequest::default()
    };
    let Some(reply) = session.list(&format!("listing {of}"), request).await? else {
        return Ok(Vec::new());
    };
    if !reply.list.is_empty() {
        apply(session, &page.kind, &reply.list).await?;
    }
    if let Some(token) = advance(&of, &page.token, reply.next_page_token)? {
        return Ok(vec![Job::StaticEntitlements(StaticPage { token, ..page })]);
    }
    session.finish_action();
    Ok(Vec::new())
}

/// Makes each template an entitlement of each stored resource of the type.
async fn apply(session: &Session, kind: &str, templates: &[Entitlement]) -> Result<()> {
    let mut after = 0;
    loop {
        let resources = session.context.sink.resources(kind, after, CHUNK).await?;
        let Some((last, _)) = resources.last() else {
            return Ok(());
        };
        after = *last;
        let rows = resources
            .iter()
            .flat_map(|(_, on)| {
                templates
                    .iter()
                    .filter_map(|template| instance(template, on))
            })
            .collect();
        store(session, rows).await?;
    }
}

/// Makes an entitlement of a template. The template's own id is ignored; missing texts come from the
/// resource.
fn instance(template: &Entitlement, on: &Resource) -> Option<Entitlement> {
    let id = on.id.as_ref()?;
    let or = |own: &str, other: &str| if own.is_empty() { other } else { own }.to_owned();
    Some(Entitlement {
        id: format!("{}:{}:{}", id.resource_type, id.resource, template.slug),
        display_name: or(&template.display_name, &on.display_name),
        description: or(&template.description, &on.description),
        annotations: template
            .annotations
            .iter()
            .map(|any| scoped(any, &id.resource))
            .collect(),
        resource: Some(on.clone()),
        ..template.clone()
    })
}

/// Gives each resource its own exclusion group, if the group asks for it.
fn scoped(any: &Any, resource: &str) -> Any {
    match annotation::first::<EntitlementExclusionGroup>(std::slice::from_ref(any)) {
        Some(mut group) if group.scope_to_resource => {
            group.exclusion_group_id = format!("{}-{resource}", group.exclusion_group_id);
            annotation::pack(&group)
        }
        _ => any.clone(),
    }
}

pub(super) async fn fetch(session: &Session, below: Below) -> Result<Vec<Job>> {
    let of = below.name("entitlements");
    let mut request = Request {
        resource: Some(below.on.clone()),
        page_token: below.token.clone(),
        active_sync_id: session.active_sync_id.clone(),
        ..Request::default()
    };
    if below.type_scoped {
        request
            .annotations
            .push(annotation::pack(&TypeScopedEntitlements {}));
    }
    let Some(reply) = session.list(&format!("listing {of}"), request).await? else {
        return Ok(Vec::new());
    };
    store(session, reply.list).await?;
    let next = (reply.next_page_token, &*reply.annotations);
    below.go_on(session, &of, next, Job::Entitlements)
}

async fn store(session: &Session, list: Vec<Entitlement>) -> Result<()> {
    let mut rows = Vec::with_capacity(list.len());
    {
        let mut tally = session.tally();
        for row in list {
            let on = row
                .resource
                .as_ref()
                .and_then(|on| on.id.as_ref())
                .filter(|on| is_complete(on));
            let Some(on) = on.filter(|_| !row.id.is_empty()) else {
                tally.dropped.without_id += 1;
                continue;
            };
            if !session.is_scheduled(&on.resource_type) {
                tally.dropped.of_other_types += 1;
                continue;
            }
            tally.rows_of(&on.resource_type).entitlements += 1;
            tally.groups.note(&row, &on.resource_type)?;
            rows.push(row);
        }
    }
    session.context.reporter.advance(rows.len());
    session.context.sink.put_entitlements(rows).await
}
