//! Rules that the rows of a sync must satisfy, under the SDK's names.

use std::collections::{HashMap, HashSet};

use super::session::Session;
use crate::c1z::annotation;
use crate::pb::connector::{Entitlement, EntitlementExclusionGroup};
use crate::runner::error::{Error, Result};

const MOST_MEMBERS: usize = 50;

/// The exclusion groups seen so far.
#[derive(Debug, Default)]
pub(super) struct ExclusionGroups(HashMap<String, Group>);

#[derive(Debug)]
struct Group {
    kind: String,
    /// The ids of its entitlements. The same one may be listed twice.
    members: HashSet<String>,
    default: Option<String>,
}

impl ExclusionGroups {
    /// Checks rule I5: a group has one resource type, at most one default and at most 50 members.
    pub(super) fn note(&mut self, row: &Entitlement, kind: &str) -> Result<()> {
        let mut marks = annotation::all::<EntitlementExclusionGroup>(&row.annotations);
        let Some(mark) = marks.next() else {
            return Ok(());
        };
        let broken = |why: &str| {
            Err(Error::unknown(format!(
                "invariant I5: entitlement {:?} in exclusion group {:?}: {why}",
                row.id, mark.exclusion_group_id
            )))
        };
        if marks.next().is_some() {
            return broken("an entitlement can be in only one group");
        }
        let group = self
            .0
            .entry(mark.exclusion_group_id.clone())
            .or_insert_with(|| Group {
                kind: kind.to_owned(),
                members: HashSet::new(),
                default: None,
            });
        group.members.insert(row.id.clone());
        if group.kind != kind {
            return broken("all its entitlements must be on one resource type");
        }
        if group.members.len() > MOST_MEMBERS {
            return broken("a group can have at most 50 members");
        }
        if mark.is_default
            && group
                .default
                .replace(row.id.clone())
                .is_some_and(|id| id != row.id)
        {
            return broken("a group can have only one default");
        }
        Ok(())
    }
}

/// Warns of broken references, or fails if the sync is strict. A sync that is narrowed by a filter
/// is expected to have them.
pub(super) async fn check(session: &Session) -> Result<()> {
    let options = &session.context.options;
    let dangling = session.context.sink.dangling().await?;
    if !options.targets.is_empty()
        || !options.resource_types.is_empty()
        || options.skip_entitlements_and_grants
    {
        return Ok(());
    }
    let orphans = session.tally().unscheduled_children;
    if orphans > 0 && options.strict {
        return Err(Error::unknown(format!(
            "invariant I4: {orphans} announcements of child resource types that are not listed"
        )));
    }
    for found in dangling {
        let message = format!("invariant {}: {}", found.invariant, found.message);
        if options.strict {
            return Err(Error::unknown(message));
        }
        session.warn(message);
    }
    Ok(())
}
