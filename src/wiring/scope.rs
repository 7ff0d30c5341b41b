//! Checks what a run is about against what the connector has, before anything is started.

use tonic::Code;

use crate::baton::Registry;
use crate::cli::{Failure, Job};
use crate::config::{HostOptions, Problems, host_flags, nearest, one_shot};
use crate::connector;
use crate::runner::Target;
use crate::salesforce::SalesforceId;

/// The resource types whose ids are names of fields, or more than a record id.
const NAMED: &[&str] = &["feature_license", "security_insight"];

/// Refuses resource types, ids and actions that the connector cannot have. Most of its ids
/// are the record ids of Salesforce.
pub(super) fn check(options: &HostOptions, job: &Job, registry: &Registry) -> Result<(), Failure> {
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
                record_id(name, &target.id.0, &target.id.1)
            });
        problems.keep(checked);
    }
    match job {
        Job::DeleteResource { resource_type, .. } => {
            problems.keep(known(one_shot::DELETE_RESOURCE_TYPE.name, resource_type));
        }
        Job::Grant {
            principal_type: Some(id),
            ..
        } => {
            problems.keep(known(one_shot::GRANT_PRINCIPAL_TYPE.name, id));
        }
        Job::InvokeAction { name, .. } => known_action(registry, name)?,
        _ => {}
    }
    Ok(problems.or(())?)
}

fn known_type(registry: &Registry, name: &str, id: &str) -> Result<(), String> {
    if registry.find(id).is_some() {
        return Ok(());
    }
    if connector::offline().is_ok_and(|all| all.find(id).is_some()) {
        return Err(format!("field {name}: {id} is not synced {}", switch(id)));
    }
    let ids: Vec<&str> = registry
        .syncers()
        .map(|syncer| syncer.resource_type().id)
        .collect();
    Err(format!(
        "field {name}: {}",
        unknown("resource type", id, &ids)
    ))
}

/// With or without which flag a sync lacks a type that the connector knows.
fn switch(resource_type: &str) -> &'static str {
    match resource_type {
        "connected_application" => "without --sync-connected-apps",
        "collaboration_group" => "without --sync-chatter-groups",
        "security_insight" => "without --sync-security-insights",
        "territory" => "with --sync-territories=false",
        "agent" => "with --sync-agents=false",
        _ => "with --sync-licenses=false",
    }
}

/// The exit code is that of a connector which does not find the action.
fn known_action(registry: &Registry, name: &str) -> Result<(), Failure> {
    if registry.action(name).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = registry
        .actions()
        .map(|action| action.schema().name)
        .collect();
    let field = one_shot::INVOKE_ACTION.name;
    Err(Failure::status(
        Code::NotFound,
        format!("field {field}: {}", unknown("action", name, &names)),
    ))
}

fn unknown(what: &str, written: &str, known: &[&str]) -> String {
    match nearest::of(written, known.iter().copied()) {
        Some(meant) => format!("unknown {what} '{written}': did you mean {meant}?"),
        None => format!(
            "unknown {what} '{written}': expected one of {}",
            known.join(", ")
        ),
    }
}

fn record_id(name: &str, kind: &str, id: &str) -> Result<(), String> {
    if NAMED.contains(&kind) {
        return Ok(());
    }
    match id.parse::<SalesforceId>() {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("field {name}: '{id}': {error}")),
    }
}
