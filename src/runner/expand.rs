//! Derives the grants that nesting implies.
//!
//! A grant of E to a group that is "expandable through S" means that everyone who holds S also holds
//! E. The holders are joined in memory, as numbers, one entitlement after the other, sources first.
//! Messages are read and written only for new and changed grants.
//!
//! A derived grant is marked immutable and lists the entitlements it comes from. A grant that is
//! both direct and derived also lists its own entitlement, so readers can tell the two apart.
//!
//! One thread derives grants while the database's thread stores earlier ones.

mod derive;
mod graph;
mod holders;
mod page;

use std::sync::Arc;

use parking_lot::Mutex;
use prost::Message;
use rusqlite::{Connection, OptionalExtension};
use tokio::sync::mpsc;

use super::error::{Error, Result};
use super::grant_index::GrantIndex;
use crate::c1z::{Error as FileError, Writer};
use crate::pb::connector::GrantExpandable;
use graph::{Edge, Graph};

/// The number of pages that may wait for the database.
const PAGES: usize = 4;

/// The result of expansion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The number of added grants.
    pub(crate) derived: u64,
    /// The number of nestings that name an unknown entitlement.
    pub(crate) dropped_edges: u64,
}

/// Expands all grants of one sync, which are in `index`. New grants are added to the counts and ids
/// of the index, but not as rows.
pub(crate) async fn expand(writer: &Writer, index: Arc<Mutex<GrantIndex>>) -> Result<Outcome> {
    let (graph, dropped_edges) = writer
        .with(|connection, stamp| Ok(nestings(connection, stamp.sync_id)))
        .await??;
    let (pages, mut derived) = mpsc::channel(PAGES);
    let deriving =
        tokio::task::spawn_blocking(move || derive::derive(&graph, &mut index.lock(), &pages));
    while let Some(page) = derived.recv().await {
        writer
            .post(move |connection, stamp| page.store(connection, stamp))
            .await?;
    }
    let derived = deriving
        .await
        .map_err(|error| Error::Internal(error.to_string()))?;
    Ok(Outcome {
        derived,
        dropped_edges,
    })
}

/// Reads the nestings of a sync, and counts those from or to an unknown entitlement.
fn nestings(connection: &Connection, sync_id: &str) -> Result<(Graph, u64)> {
    let failed = || FileError::database("reading nestings");
    let mut graph = Graph::default();
    let mut dropped = 0;
    let mut statement = connection
        .prepare(
            "select entitlement_id, principal_resource_type_id, principal_resource_id, expansion
             from v1_grants where sync_id = ?1 and expansion is not null",
        )
        .map_err(failed())?;
    let mut found = statement.query([sync_id]).map_err(failed())?;
    while let Some(row) = found.next().map_err(failed())? {
        let target: String = row.get(0).map_err(failed())?;
        let principal: (String, String) =
            (row.get(1).map_err(failed())?, row.get(2).map_err(failed())?);
        let expansion: Vec<u8> = row.get(3).map_err(failed())?;
        let expansion =
            GrantExpandable::decode(&*expansion).map_err(|source| FileError::Message {
                kind: "nesting",
                source,
            })?;
        let edge = Edge::new(expansion.shallow, expansion.resource_type_ids);
        for source in expansion.entitlement_ids {
            match resource_of(connection, sync_id, &source)? {
                None => dropped += 1,
                Some(resource) if resource != principal => {
                    return Err(Error::unknown(format!(
                        "source entitlement resource id did not match grant principal id: \
                         {source:?} is not of {}/{}",
                        principal.0, principal.1
                    )));
                }
                Some(_) => match resource_of(connection, sync_id, &target)? {
                    None => dropped += 1,
                    Some(on) => graph.add(&source, &target, on, edge.clone()),
                },
            }
        }
    }
    Ok((graph, dropped))
}

/// Type and id of the resource that an entitlement is on.
fn resource_of(
    connection: &Connection,
    sync_id: &str,
    entitlement: &str,
) -> Result<Option<(String, String)>> {
    let failed = || FileError::database("looking for an entitlement");
    let found = connection
        .prepare_cached(
            "select resource_type_id, resource_id from v1_entitlements
             where external_id = ?1 and sync_id = ?2",
        )
        .map_err(failed())?
        .query_row([entitlement, sync_id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .map_err(failed())?;
    Ok(found)
}
