//! Rules that a finished sync must keep.

use std::collections::{HashMap, HashSet};

use super::session::Session;
use crate::c1z::annotation;
use crate::pb::connector::{Entitlement, EntitlementExclusionGroup};
use crate::runner::error::{Error, Result};

const MOST_MEMBERS: usize = 50;

/// Exclusion groups as they are met.
#[derive(Debug, Default)]
pub(super) struct ExclusionGroups(HashMap<String, Group>);

#[derive(Debug)]
struct Group {
    kind: String,
    /// The ids of entitlements: the same one may come twice.
    members: HashSet<String>,
    default: Option<String>,
}

impl ExclusionGroups {
    /// Rule I5: one resource type, one default at most, 50 members at most.
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
            return broken("an entitlement is in one group at most");
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
            return broken("a group stays within one resource type");
        }
        if group.members.len() > MOST_MEMBERS {
            return broken("a group has 50 members at most");
        }
        if mark.is_default
            && group
                .default
                .replace(row.id.clone())
                .is_some_and(|id| id != row.id)
        {
            return broken("a group has one default at most");
        }
        Ok(())
    }
}

/// Broken references cause a warning each, or fail a strict sync. Where a filter narrows the sync,
/// they are expected.
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
