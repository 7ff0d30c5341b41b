//! Checks the filters of a sync against what the connector has, before anything is started.

use crate::baton::Registry;
use crate::cli::Failure;
use crate::config::{HostOptions, Problems, host_flags, nearest};
use crate::connector;
use crate::runner::Target;
use crate::salesforce::SalesforceId;

/// Refuses resource types and ids that the connector cannot have. Its ids are the record ids of
/// Salesforce.
pub(super) fn check(options: &HostOptions, registry: &Registry) -> Result<(), Failure> {
    let mut problems = Problems::default();
    let known = |name, id: &str| known_type(registry, name, id);
    for id in &options.resource_types {
        problems.keep(known(host_flags::SYNC_RESOURCE_TYPES.name, id));
    }
    for bid in &options.resources {
        let name = host_flags::SYNC_RESOURCES.name;
        let checked = bid
            .parse::<Target>()
            .map_err(|error| format!("field {name}: {error}"))
            .and_then(|target| {
                known(name, &target.id.0)?;
                record_id(name, &target.id.1)
            });
        problems.keep(checked);
    }
    Ok(problems.or(())?)
}

fn known_type(registry: &Registry, name: &str, id: &str) -> Result<(), String> {
    if registry.find(id).is_some() {
        return Ok(());
    }
    if connector::offline().is_ok_and(|all| all.find(id).is_some()) {
        return Err(format!(
            "field {name}: {id} is not synced without --sync-connected-apps"
        ));
    }
    let ids: Vec<&str> = registry
        .syncers()
        .map(|syncer| syncer.resource_type().id)
        .collect();
    Err(match nearest::of(id, ids.iter().copied()) {
        Some(meant) => format!("field {name}: unknown resource type '{id}': did you mean {meant}?"),
        None => format!(
            "field {name}: unknown resource type '{id}': expected one of {}",
            ids.join(", ")
        ),
    })
}

fn record_id(name: &str, id: &str) -> Result<(), String> {
    match id.parse::<SalesforceId>() {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("field {name}: '{id}': {error}")),
    }
}
