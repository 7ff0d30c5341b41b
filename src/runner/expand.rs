//! Derives the grants that nesting implies, inside the database.
//!
//! A grant of E to a group that says "expandable through S" means: whoever holds S holds E. The
//! edges S → E fit in memory, the grants do not: entitlement after entitlement, sources first, a
//! page of source grants at a time meets the grants of the same principals on E.
//!
//! A derived grant is marked immutable and lists the entitlements it comes from. A grant that is
//! both given and derived lists itself among them; that is how readers tell the two apart.

mod graph;

use prost::Message;
use rusqlite::{Connection, OptionalExtension, params};

use super::error::{Error, Result};
use crate::c1z::rows::{self, Stamp};
use crate::c1z::{Error as FileError, annotation, wall_clock};
use crate::pb::connector::grant_sources::GrantSource;
use crate::pb::connector::{Entitlement, Grant, GrantExpandable, GrantImmutable};
use graph::{Edge, Graph};

/// Source grants that are held in memory at a time.
const PAGE: i64 = 5_000;

/// What expansion did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Grants that were added.
    pub(crate) derived: u64,
    /// Nestings through an entitlement that is not stored.
    pub(crate) dropped_edges: u64,
}

/// Expands all grants of one sync. The indexes must be there.
pub(crate) fn expand(connection: &Connection, sync_id: &str) -> Result<Outcome> {
    let expansion = Expansion {
        connection,
        sync_id,
        at: wall_clock(),
    };
    let mut outcome = Outcome::default();
    let graph = expansion.load(&mut outcome)?;
    for component in graph.components() {
        for &node in &component {
            for (source, edge) in graph.sources_of(node) {
                if !component.contains(&source) {
                    expansion.apply(&graph, source, node, edge, &mut outcome)?;
                }
            }
        }
        expansion.settle(&graph, &component, &mut outcome)?;
    }
    Ok(outcome)
}

struct Expansion<'a> {
    connection: &'a Connection,
    sync_id: &'a str,
    at: String,
}

/// A grant on the source entitlement.
struct SourceGrant {
    id: i64,
    grant: Grant,
}

impl Expansion<'_> {
    /// Reads the nestings of the sync.
    fn load(&self, outcome: &mut Outcome) -> Result<Graph> {
        let failed = || FileError::database("reading nestings");
        let mut graph = Graph::default();
        let mut statement = self
            .connection
            .prepare(
                "select entitlement_id, principal_resource_type_id, principal_resource_id, expansion
                 from v1_grants where sync_id = ?1 and expansion is not null",
            )
            .map_err(failed())?;
        let mut found = statement.query([self.sync_id]).map_err(failed())?;
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
                match self.resource_of(&source)? {
                    None => outcome.dropped_edges += 1,
                    Some(resource) if resource != principal => {
                        return Err(Error::unknown(format!(
                            "source entitlement resource id did not match grant principal id: \
                             {source:?} is not of {}/{}",
                            principal.0, principal.1
                        )));
                    }
                    Some(_) if self.resource_of(&target)?.is_none() => outcome.dropped_edges += 1,
                    Some(_) => graph.add(&source, &target, edge.clone()),
                }
            }
        }
        Ok(graph)
    }

    fn resource_of(&self, entitlement: &str) -> Result<Option<(String, String)>> {
        let failed = || FileError::database("looking for an entitlement");
        let found = self
            .connection
            .prepare_cached(
                "select resource_type_id, resource_id from v1_entitlements
                 where external_id = ?1 and sync_id = ?2",
            )
            .map_err(failed())?
            .query_row([entitlement, self.sync_id], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
            .map_err(failed())?;
        Ok(found)
    }

    /// Within a cycle everyone gets every membership of it: repeats until nothing is new. Each
    /// round can only add, so it ends.
    fn settle(&self, graph: &Graph, component: &[usize], outcome: &mut Outcome) -> Result<()> {
        let mut is_settled = component.len() < 2;
        while !is_settled {
            is_settled = true;
            for &node in component {
                for (source, edge) in graph.sources_of(node) {
                    // A loop from an entitlement to itself adds nothing.
                    if source != node
                        && component.contains(&source)
                        && self.apply(graph, source, node, edge, outcome)?
                    {
                        is_settled = false;
                    }
                }
            }
        }
        Ok(())
    }

    /// Lets everyone who holds the source hold the target; `true` if that was news.
    fn apply(
        &self,
        graph: &Graph,
        source: usize,
        target: usize,
        edge: &Edge,
        outcome: &mut Outcome,
    ) -> Result<bool> {
        let (source, target) = (graph.name(source), graph.name(target));
        let Some(entitlement) = self.entitlement(target)? else {
            return Ok(false);
        };
        let mut is_news = false;
        let mut after = 0;
        loop {
            let page = self.page(source, after)?;
            let Some(last) = page.last() else {
                return Ok(is_news);
            };
            after = last.id;
            let mut derived = Vec::new();
            for SourceGrant { grant, .. } in page {
                let is_direct = is_direct(&grant, source);
                if edge.admits(&grant, is_direct) && !is_own(&entitlement, &grant) {
                    match self.hold(source, target, &grant, is_direct)? {
                        Held::Nothing => {
                            derived.extend(derive(&entitlement, source, grant, is_direct));
                        }
                        Held::Known => {}
                        Held::News => is_news = true,
                    }
                }
            }
            is_news |= !derived.is_empty();
            outcome.derived += derived.len() as u64;
            let stamp = Stamp {
                sync_id: self.sync_id,
                at: &self.at,
            };
            rows::put_grants(self.connection, stamp, derived)?;
        }
    }

    fn entitlement(&self, id: &str) -> Result<Option<Entitlement>> {
        let data: Option<Vec<u8>> = self
            .connection
            .prepare_cached(
                "select data from v1_entitlements where external_id = ?1 and sync_id = ?2",
            )
            .and_then(|mut statement| {
                statement
                    .query_row([id, self.sync_id], |row| row.get(0))
                    .optional()
            })
            .map_err(FileError::database("reading an entitlement"))?;
        let entitlement = data
            .map(|data| Entitlement::decode(&*data))
            .transpose()
            .map_err(|source| FileError::Message {
                kind: "entitlement",
                source,
            })?;
        Ok(entitlement)
    }

    fn page(&self, entitlement: &str, after: i64) -> Result<Vec<SourceGrant>> {
        let failed = || FileError::database("reading grants");
        let mut statement = self
            .connection
            .prepare_cached(
                "select id, data from v1_grants
                 where entitlement_id = ?1 and sync_id = ?2 and id > ?3 order by id limit ?4",
            )
            .map_err(failed())?;
        let mut found = statement
            .query(params![entitlement, self.sync_id, after, PAGE])
            .map_err(failed())?;
        let mut page = Vec::new();
        while let Some(row) = found.next().map_err(failed())? {
            let id = row.get(0).map_err(failed())?;
            page.push(SourceGrant {
                id,
                grant: decode(row, 1)?,
            });
        }
        Ok(page)
    }

    /// Notes the source on the grants of the same principal on the target.
    fn hold(&self, source: &str, target: &str, grant: &Grant, is_direct: bool) -> Result<Held> {
        let failed = || FileError::database("updating a grant");
        let Some(principal) = grant.principal.as_ref().and_then(|on| on.id.as_ref()) else {
            return Ok(Held::Known);
        };
        let mut select = self
            .connection
            .prepare_cached(
                "select id, data from v1_grants
                 where entitlement_id = ?1 and principal_resource_type_id = ?2
                   and principal_resource_id = ?3 and sync_id = ?4",
            )
            .map_err(failed())?;
        let mut found = select
            .query([
                target,
                &principal.resource_type,
                &principal.resource,
                self.sync_id,
            ])
            .map_err(failed())?;
        let mut held = Held::Nothing;
        let mut changed = Vec::new();
        while let Some(row) = found.next().map_err(failed())? {
            held = held.max(Held::Known);
            let id: i64 = row.get(0).map_err(failed())?;
            let mut grant = decode(row, 1)?;
            let sources = &mut grant.sources.get_or_insert_default().sources;
            if sources.is_empty() {
                sources.insert(target.to_owned(), GrantSource { is_direct: true });
            }
            if !sources.contains_key(source) {
                sources.insert(source.to_owned(), GrantSource { is_direct });
                changed.push((id, grant));
            }
        }
        drop(found);
        for (id, grant) in changed {
            held = Held::News;
            self.connection
                .prepare_cached("update v1_grants set data = ?1 where id = ?2")
                .and_then(|mut update| update.execute(params![grant.encode_to_vec(), id]))
                .map_err(failed())?;
        }
        Ok(held)
    }
}

/// What a principal had on the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    Nothing,
    /// Grants that list the source already.
    Known,
    /// Grants that list it now.
    News,
}

fn decode(row: &rusqlite::Row<'_>, column: usize) -> Result<Grant> {
    let data = row
        .get_ref(column)
        .and_then(|data| Ok(data.as_blob()?))
        .map_err(FileError::database("reading a grant"))?;
    let grant = Grant::decode(data).map_err(|source| FileError::Message {
        kind: "grant",
        source,
    })?;
    Ok(grant)
}

/// Given, not only derived: without sources, or with itself among them.
fn is_direct(grant: &Grant, entitlement: &str) -> bool {
    grant
        .sources
        .as_ref()
        .is_none_or(|found| found.sources.is_empty() || found.sources.contains_key(entitlement))
}

/// Around a cycle a group would come to be its own member.
fn is_own(entitlement: &Entitlement, grant: &Grant) -> bool {
    let on = entitlement
        .resource
        .as_ref()
        .and_then(|resource| resource.id.as_ref());
    on.is_some()
        && on
            == grant
                .principal
                .as_ref()
                .and_then(|principal| principal.id.as_ref())
}

fn derive(entitlement: &Entitlement, source: &str, grant: Grant, is_direct: bool) -> Option<Grant> {
    let principal = grant.principal?;
    let id = principal.id.as_ref()?;
    let mut derived = Grant {
        id: format!("{}:{}:{}", entitlement.id, id.resource_type, id.resource),
        entitlement: Some(entitlement.clone()),
        annotations: vec![annotation::pack(&GrantImmutable::default())],
        ..Grant::default()
    };
    derived.principal = Some(principal);
    let sources = &mut derived.sources.get_or_insert_default().sources;
    sources.insert(source.to_owned(), GrantSource { is_direct });
    Some(derived)
}
