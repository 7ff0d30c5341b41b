//! Derives the grants that nesting implies.
//!
//! A grant of E to a group that says "expandable through S" means: whoever holds S holds E. Who
//! holds what is joined in memory, as numbers; messages are read and written only for the grants
//! that change or are new. Entitlement after entitlement, sources first.
//!
//! A derived grant is marked immutable and lists the entitlements it comes from. A grant that is
//! both given and derived lists itself among them; that is how readers tell the two apart.

mod graph;
mod holders;

use bytes::Bytes;
use prost::Message;
use rusqlite::{Connection, OptionalExtension};

use super::error::{Error, Result};
use super::ledger::Ledger;
use crate::c1z::rows::{GrantRows, Stamp};
use crate::c1z::{Error as FileError, annotation, wall_clock};
use crate::pb::connector::grant_sources::GrantSource;
use crate::pb::connector::{
    Grant, GrantExpandable, GrantImmutable, GrantSources, Resource, ResourceId,
};
use graph::{Edge, Graph};
use holders::{Held, Holders};

/// What expansion did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Grants that were added.
    pub(crate) derived: u64,
    /// Nestings through an entitlement that is not stored.
    pub(crate) dropped_edges: u64,
}

/// Expands all grants of one sync, which `ledger` holds. The new ones are counted in it and noted by id
/// only.
pub(crate) fn expand(
    connection: &Connection,
    sync_id: &str,
    ledger: &mut Ledger,
) -> Result<Outcome> {
    let database = Database {
        connection,
        sync_id,
    };
    let mut outcome = Outcome::default();
    let graph = database.nestings(&mut outcome)?;
    let at = wall_clock();
    let mut holders = Holders::new(&graph);
    let mut writer = Writer {
        rows: GrantRows::prepare(connection)?,
        stamp: Stamp { sync_id, at: &at },
        database: &database,
        graph: &graph,
    };
    for component in graph.components() {
        for (node, held) in holders.settle(&component, ledger) {
            outcome.derived += writer.write(node, &held, ledger)?;
            holders.keep(node, &held);
        }
    }
    Ok(outcome)
}

/// The stored rows of one sync.
struct Database<'a> {
    connection: &'a Connection,
    sync_id: &'a str,
}

impl Database<'_> {
    /// Reads the nestings of the sync.
    fn nestings(&self, outcome: &mut Outcome) -> Result<Graph> {
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
                    Some(_) => match self.resource_of(&target)? {
                        None => outcome.dropped_edges += 1,
                        Some(on) => graph.add(&source, &target, on, edge.clone()),
                    },
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

    /// An entitlement as it is stored.
    fn entitlement(&self, id: &str) -> Result<Option<Vec<u8>>> {
        let data = self
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
        Ok(data)
    }

    fn grant(&self, id: i64) -> Result<Grant> {
        let data: Vec<u8> = self
            .connection
            .prepare_cached("select data from v1_grants where id = ?1")
            .and_then(|mut statement| statement.query_row([id], |row| row.get(0)))
            .map_err(FileError::database("reading a grant"))?;
        let grant = Grant::decode(&*data).map_err(|source| FileError::Message {
            kind: "grant",
            source,
        })?;
        Ok(grant)
    }

    fn replace(&self, id: i64, grant: &Grant) -> Result<()> {
        self.connection
            .prepare_cached("update v1_grants set data = ?1 where id = ?2")
            .and_then(|mut update| update.execute((grant.encode_to_vec(), id)))
            .map_err(FileError::database("updating a grant"))?;
        Ok(())
    }
}

/// A `Grant` whose parts are encoded already: most are the same in thousands of them.
#[derive(Clone, PartialEq, Message)]
struct Derived {
    #[prost(bytes = "bytes", tag = "1")]
    entitlement: Bytes,
    #[prost(bytes = "vec", tag = "2")]
    principal: Vec<u8>,
    #[prost(string, tag = "3")]
    id: String,
    #[prost(bytes = "bytes", repeated, tag = "4")]
    annotations: Vec<Bytes>,
    #[prost(bytes = "bytes", tag = "5")]
    sources: Bytes,
}

/// Stores what expansion found out about one entitlement after the other.
struct Writer<'a> {
    database: &'a Database<'a>,
    rows: GrantRows<'a>,
    stamp: Stamp<'a>,
    graph: &'a Graph,
}

impl Writer<'_> {
    /// Completes the stored grants of an entitlement and adds the derived ones; counts those.
    fn write(&mut self, node: usize, held: &Held, ledger: &mut Ledger) -> Result<u64> {
        let name = self.graph.name(node);
        // Without a resource nothing leads to it.
        let (Some((on, on_id)), Some(entitlement)) =
            (self.graph.resource(node), self.database.entitlement(name)?)
        else {
            return Ok(0);
        };
        let stored = ledger.entitlement(name).map(|it| ledger.grants_of(it));
        for row in stored.unwrap_or_default() {
            let sources = held.sources_of(row.principal);
            if !sources.is_empty() {
                self.complete(row.id, name, sources)?;
            }
        }
        self.rows.begin(self.stamp, name, (on, on_id))?;
        let mut grant = Derived {
            entitlement: entitlement.into(),
            annotations: vec![
                annotation::pack(&GrantImmutable::default())
                    .encode_to_vec()
                    .into(),
            ],
            ..Derived::default()
        };
        let mut encoded = Vec::new();
        let mut last: &[_] = &[];
        let mut derived = 0;
        for (principal, sources) in held.derived() {
            let (kind, id) = ledger.resource_id(principal);
            grant.id.clear();
            grant.id.extend([name, ":", kind, ":", id]);
            grant.principal = self
                .principal(ledger.shown_in(principal), (kind, id))?
                .encode_to_vec();
            if sources != last {
                let named = self.named(sources).collect();
                grant.sources = GrantSources { sources: named }.encode_to_vec().into();
                last = sources;
            }
            encoded.clear();
            grant.encode_raw(&mut encoded);
            self.rows.put(&grant.id, (kind, id), &encoded)?;
            ledger.note_id(&grant.id);
            derived += 1;
        }
        ledger.count(on, derived);
        Ok(derived)
    }

    /// Notes on a stored grant where else it comes from.
    fn complete(&self, id: i64, name: &str, sources: &[(u32, bool)]) -> Result<()> {
        let mut grant = self.database.grant(id)?;
        let known = &mut grant.sources.get_or_insert_default().sources;
        if known.is_empty() {
            known.insert(name.to_owned(), GrantSource { is_direct: true });
        }
        for (source, how) in self.named(sources) {
            known.entry(source).or_insert(how);
        }
        self.database.replace(id, &grant)
    }

    fn named(&self, sources: &[(u32, bool)]) -> impl Iterator<Item = (String, GrantSource)> {
        sources.iter().map(|&(source, is_direct)| {
            let name = self.graph.name(source as usize);
            (name.to_owned(), GrantSource { is_direct })
        })
    }

    /// A principal as one of the connector's own grants shows it, or as its id.
    fn principal(&self, shown_in: Option<i64>, (kind, id): (&str, &str)) -> Result<Resource> {
        let shown = match shown_in {
            Some(grant) => self.database.grant(grant)?.principal,
            None => None,
        };
        Ok(shown.unwrap_or_else(|| Resource {
            id: Some(ResourceId {
                resource_type: kind.into(),
                resource: id.into(),
                ..ResourceId::default()
            }),
            ..Resource::default()
        }))
    }
}
