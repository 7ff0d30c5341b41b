//! A sync of selected resources.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use tonic::Code;

use super::job::{Below, Job};
use super::pool::{Feed, Phase, drain};
use super::resources;
use super::session::Session;
use super::types::Listing;
use crate::pb::connector::{
    Resource, ResourceGetterServiceGetResourceRequest as Request, ResourceId,
};
use crate::runner::error::{Error, Result};

/// The id of a resource and, if it has one, of its parent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(crate) id: (String, String),
    pub(crate) parent: Option<(String, String)>,
}

impl Target {
    /// The target that is `resource`, if it has an id.
    pub(crate) fn of(resource: &Resource) -> Option<Self> {
        let pair = |id: &ResourceId| (id.resource_type.clone(), id.resource.clone());
        Some(Self {
            id: pair(resource.id.as_ref()?),
            parent: resource.parent_resource_id.as_deref().map(pair),
        })
    }
}

/// As a BID.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parent.iter().chain([&self.id]);
        let parts = parts
            .flat_map(|(kind, id)| [kind, id])
            .map(|part| escaped(part));
        write!(f, "bid:r:{}", parts.collect::<Vec<_>>().join("/"))
    }
}

fn escaped(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    for character in part.chars() {
        if matches!(character, '/' | ':' | '\\' | '"') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

impl FromStr for Target {
    type Err = Error;

    /// Parses `bid:r:[<parent type>/<parent id>/]<type>/<id>`; `\` escapes. The prefix may be left
    /// out.
    fn from_str(text: &str) -> Result<Self> {
        let invalid = || {
            Error::Invalid(format!(
                "{text:?} does not name a resource; expected its type and id, such as user/005..., \
                 or a BID: bid:r:TYPE/ID or bid:r:PARENT_TYPE/PARENT_ID/TYPE/ID"
            ))
        };
        let text = text.trim_matches('"');
        let path = text.strip_prefix("bid:r:").unwrap_or(text);
        let mut parts = vec![String::new()];
        let mut characters = path.chars();
        while let Some(character) = characters.next() {
            match character {
                '/' => parts.push(String::new()),
                ':' => return Err(invalid()),
                _ => {
                    let literal = match character {
                        '\\' => characters.next().ok_or_else(invalid)?,
                        other => other,
                    };
                    if let Some(part) = parts.last_mut() {
                        part.push(literal);
                    }
                }
            }
        }
        if parts.iter().any(String::is_empty) {
            return Err(invalid());
        }
        match <[String; 2]>::try_from(parts) {
            Ok([kind, id]) => Ok(Self {
                id: (kind, id),
                parent: None,
            }),
            Err(parts) => match <[String; 4]>::try_from(parts) {
                Ok([parent_kind, parent, kind, id]) => Ok(Self {
                    id: (kind, id),
                    parent: Some((parent_kind, parent)),
                }),
                Err(_) => Err(invalid()),
            },
        }
    }
}

fn resource_id((kind, id): &(String, String)) -> ResourceId {
    ResourceId {
        resource_type: kind.clone(),
        resource: id.clone(),
        ..ResourceId::default()
    }
}

pub(super) async fn sync(session: &Arc<Session>) -> Result<()> {
    let options = &session.context.options;
    let mut children = Vec::new();
    let mut below = Vec::new();
    for target in &options.targets {
        let parent = target.parent.as_ref().map(resource_id);
        let Some(resource) = get(session, resource_id(&target.id), parent).await? else {
            continue;
        };
        let doing = format!("getting {}/{}", target.id.0, target.id.1);
        let Some(jobs) = resources::store(session, &doing, vec![resource.clone()]).await? else {
            continue;
        };
        children.extend(jobs);
        below.push(resource);
    }
    drain(session, Feed::jobs(children)).await?;
    if options.skip_entitlements_and_grants {
        return Ok(());
    }
    drain(
        session,
        Feed::jobs(jobs(session, &below, Phase::Entitlements)),
    )
    .await?;
    if !options.skip_grants {
        drain(session, Feed::jobs(jobs(session, &below, Phase::Grants))).await?;
        owners(session).await?;
    }
    Ok(())
}

/// Only calls per resource: a listing of a whole type would not be targeted.
fn jobs(session: &Session, below: &[Resource], phase: Phase) -> Vec<Job> {
    below
        .iter()
        .filter(|on| {
            let kind = on
                .id
                .as_ref()
                .and_then(|id| session.types.scheduled.get(&id.resource_type));
            let listing = kind.map(|kind| match phase {
                Phase::Entitlements => kind.entitlements,
                Phase::Grants => kind.grants,
            });
            listing == Some(Listing::PerResource) && !phase.is_skipped(on)
        })
        .map(|on| {
            let below = Box::new(Below::resource(on.clone()));
            match phase {
                Phase::Entitlements => Job::Entitlements(below),
                Phase::Grants => Job::Grants(below),
            }
        })
        .collect()
}

/// Fetches the resources that grants are on, unless they are stored. Like the SDK's host, it does
/// not fetch principals: a group with 20,000 members would cost 20,000 calls.
async fn owners(session: &Session) -> Result<()> {
    let mentioned = std::mem::take(&mut session.tally().mentioned);
    for (id, parent) in mentioned {
        let id = resource_id(&id);
        if session.context.sink.has_resource(&id).await? {
            continue;
        }
        let doing = format!("getting {}/{}", id.resource_type, id.resource);
        if let Some(resource) = get(session, id, parent).await? {
            // Nobody asked for the children of a resource that only a grant mentions.
            resources::store(session, &doing, vec![resource]).await?;
        }
    }
    Ok(())
}

/// Fetches a resource. If the connector does not have it, or cannot fetch single resources, it
/// warns and returns `None`; such warnings do not count towards the limit.
async fn get(
    session: &Session,
    id: ResourceId,
    parent: Option<ResourceId>,
) -> Result<Option<Resource>> {
    let doing = format!("getting {}/{}", id.resource_type, id.resource);
    let request = Request {
        resource_id: Some(id),
        parent_resource_id: parent,
        active_sync_id: session.active_sync_id.clone(),
        ..Request::default()
    };
    let call = || session.context.client.call(request.clone());
    match session.context.retry.run(call).await? {
        Ok(reply) => {
            session.finish_action();
            Ok(reply.resource)
        }
        Err(status) if matches!(status.code(), Code::NotFound | Code::Unimplemented) => {
            session.warn_skipped(&doing, &status);
            Ok(None)
        }
        Err(status) => Err(Error::call(doing)(status)),
    }
}
