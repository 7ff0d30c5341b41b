//! Resources and their children.

use super::job::{Job, ResourcePage};
use super::session::Session;
use super::tokens::advance;
use super::types::Kind;
use crate::c1z::{annotation, rows};
use crate::pb::connector::resource_type::Trait;
use crate::pb::connector::{
    AppTrait, BatonId, ChildResourceType, GroupTrait, Resource, ResourceId,
    ResourcesServiceListResourcesRequest as Request, RoleTrait, SecretTrait, UserTrait,
};
use crate::runner::error::{Error, Result};
use tonic::Status;

/// The first page for every type. The SDK's syncer takes the types from a stack: the last one first.
pub(super) fn jobs(session: &Session) -> Vec<Job> {
    let first = |kind: &String| ResourcePage {
        kind: kind.clone(),
        parent: None,
        token: String::new(),
    };
    session
        .types
        .scheduled
        .keys()
        .rev()
        .map(|kind| Job::Resources(first(kind)))
        .collect()
}

pub(super) async fn fetch(session: &Session, page: ResourcePage) -> Result<Vec<Job>> {
    let of = match &page.parent {
        Some(parent) => {
            format!(
                "resources {} below {}/{}",
                page.kind, parent.resource_type, parent.resource
            )
        }
        None => format!("resources {}", page.kind),
    };
    let request = Request {
        resource_type_id: page.kind.clone(),
        parent_resource_id: page.parent.clone(),
        page_token: page.token.clone(),
        active_sync_id: session.active_sync_id.clone(),
        ..Request::default()
    };
    let doing = format!("listing {of}");
    let Some(reply) = session.list(&doing, request).await? else {
        return Ok(Vec::new());
    };
    let Some(mut jobs) = store(session, &doing, reply.list).await? else {
        return Ok(Vec::new());
    };
    match advance(&of, &page.token, reply.next_page_token)? {
        Some(token) => jobs.insert(0, Job::Resources(ResourcePage { token, ..page })),
        None => session.finish_action(),
    }
    Ok(jobs)
}

/// Checks and stores resources. Returns the listings of their children, or `None` if the page is
/// not usable.
pub(super) async fn store(
    session: &Session,
    doing: &str,
    list: Vec<Resource>,
) -> Result<Option<Vec<Job>>> {
    let mut rows = Vec::with_capacity(list.len());
    let mut jobs = Vec::new();
    for row in list {
        let Some(id) = row.id.as_ref().filter(|id| is_complete(id)) else {
            session.tally().dropped.without_id += 1;
            continue;
        };
        if annotation::has::<BatonId>(&row.annotations) {
            return Err(Error::internal(format!(
                "connector returned a resource with SDK-reserved BatonID ownership annotation: \
                 {}/{}",
                id.resource_type, id.resource
            )));
        }
        let Some(kind) = session.types.scheduled.get(&id.resource_type) else {
            let status = Status::not_found(format!("unknown resource type {}", id.resource_type));
            session.warn_action(doing, &status)?;
            return Ok(None);
        };
        check_traits(kind, &row, id)?;
        jobs.extend(children(session, &row, id));
        rows.push(row);
    }
    count(session, &rows);
    session.context.sink.put_resources(rows).await?;
    Ok(Some(jobs))
}

pub(super) fn is_complete(id: &ResourceId) -> bool {
    !id.resource_type.is_empty() && !id.resource.is_empty()
}

fn count(session: &Session, rows: &[Resource]) {
    session.context.reporter.advance(rows.len());
    let mut tally = session.tally();
    for id in rows.iter().filter_map(|row| row.id.as_ref()) {
        tally.rows_of(&id.resource_type).resources += 1;
    }
}

/// Every resource must have the traits of its type.
fn check_traits(kind: &Kind, row: &Resource, id: &ResourceId) -> Result<()> {
    for expected in &kind.traits {
        let (name, is_there): (_, fn(&[prost_types::Any]) -> bool) = match expected {
            Trait::User => ("UserTrait", annotation::has::<UserTrait>),
            Trait::Group => ("GroupTrait", annotation::has::<GroupTrait>),
            Trait::Role => ("RoleTrait", annotation::has::<RoleTrait>),
            Trait::App => ("AppTrait", annotation::has::<AppTrait>),
            Trait::Secret => ("SecretTrait", annotation::has::<SecretTrait>),
            _ => continue,
        };
        if !is_there(&row.annotations) {
            return Err(Error::unknown(format!(
                "resource was missing expected trait {name}: {}/{}",
                id.resource_type, id.resource
            )));
        }
    }
    Ok(())
}

/// The listings of the child types that a resource announces, each once per sync.
fn children(session: &Session, row: &Resource, id: &ResourceId) -> Vec<Job> {
    let mut jobs = Vec::new();
    for child in annotation::all::<ChildResourceType>(&row.annotations) {
        let kind = child.resource_type_id;
        let mut tally = session.tally();
        if !session.is_scheduled(&kind) {
            // Either a filter excludes it, or the connector does not list it.
            tally.unscheduled_children += u64::from(!session.types.listed.contains(&kind));
            continue;
        }
        if tally
            .children
            .insert((kind.clone(), rows::resource_key(id)))
        {
            jobs.push(Job::Resources(ResourcePage {
                kind,
                parent: Some(id.clone()),
                token: String::new(),
            }));
        }
    }
    jobs
}
