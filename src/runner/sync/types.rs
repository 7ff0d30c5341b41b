//! The connector's resource types: which are synced, and how each is listed.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use super::tokens::advance;
use crate::c1z::annotation;
use crate::pb::connector::resource_type::Trait;
use crate::pb::connector::{
    ResourceType, ResourceTypesServiceListResourceTypesRequest as Request, SkipEntitlements,
    SkipEntitlementsAndGrants, TypeScopedEntitlements, TypeScopedGrants,
};
use crate::runner::error::{Error, Result};

/// How the entitlements or grants of a type are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    /// Not at all.
    Skipped,
    /// One call per resource.
    PerResource,
    /// One call for the whole type.
    TypeScoped,
}

/// The properties of a type that matter to a sync.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    pub(crate) traits: Vec<Trait>,
    pub(crate) entitlements: Listing,
    pub(crate) grants: Listing,
}

/// The types of a sync.
#[derive(Clone, Debug, Default)]
pub(crate) struct Types {
    /// The types that are synced.
    pub(crate) scheduled: BTreeMap<String, Kind>,
    /// All types of the connector. Static entitlements are listed for all of them.
    pub(crate) listed: BTreeSet<String>,
}

impl Kind {
    fn new(row: &ResourceType) -> Self {
        let marks = &row.annotations;
        let skipped = annotation::has::<SkipEntitlementsAndGrants>(marks);
        let listing = |scoped, skipped| match (skipped, scoped) {
            (true, _) => Listing::Skipped,
            (false, true) => Listing::TypeScoped,
            (false, false) => Listing::PerResource,
        };
        Self {
            traits: row.traits().collect(),
            entitlements: listing(
                annotation::has::<TypeScopedEntitlements>(marks),
                skipped || annotation::has::<SkipEntitlements>(marks),
            ),
            grants: listing(annotation::has::<TypeScopedGrants>(marks), skipped),
        }
    }
}

/// Lists all types and stores those that are synced.
pub(super) async fn list(context: &Context, active_sync_id: &str) -> Result<Types> {
    context.reporter.phase("resource types");
    let mut types = Types::default();
    let mut token = String::new();
    let mut dropped = 0_u64;
    loop {
        let request = Request {
            page_token: token.clone(),
            active_sync_id: active_sync_id.to_owned(),
            ..Request::default()
        };
        let reply = context
            .retry
            .run(|| context.client.call(request.clone()))
            .await?
            .map_err(Error::call("listing resource types"))?;
        let mut rows = Vec::new();
        for row in reply.list {
            if row.id.is_empty() {
                dropped += 1;
                continue;
            }
            types.listed.insert(row.id.clone());
            let wanted = &context.options.resource_types;
            if wanted.is_empty() || wanted.contains(&row.id) {
                types.scheduled.insert(row.id.clone(), Kind::new(&row));
                rows.push(row);
            }
        }
        context.sink.put_resource_types(rows).await?;
        match advance("resource types", &token, reply.next_page_token)? {
            Some(next) => token = next,
            None => break,
        }
    }
    if dropped > 0 {
        context.reporter.warn(&format!(
            "{dropped} resource types without an id were dropped"
        ));
    }
    match context
        .options
        .resource_types
        .iter()
        .find(|wanted| !types.listed.contains(*wanted))
    {
        Some(unknown) => Err(Error::Invalid(format!(
            "invalid resource type '{unknown}' in filter"
        ))),
        None => Ok(types),
    }
}

/// Whether a connector of this SDK version expects the id of the sync in its requests: from 0.4.3
/// on. `None` if the version cannot be parsed.
pub(super) fn knows_sync_ids(version: &str) -> Option<bool> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let version = version.split('+').next()?;
    let (core, is_release) = match version.split_once('-') {
        Some((core, _)) => (core, false),
        None => (version, true),
    };
    let mut numbers = core.split('.').map(str::parse::<u64>);
    let version = (
        numbers.next()?.ok()?,
        numbers.next()?.ok()?,
        numbers.next()?.ok()?,
    );
    if numbers.next().is_some() {
        return None;
    }
    Some(version > (0, 4, 3) || (version == (0, 4, 3) && is_release))
}
