//! The destination of the rows of a sync: a file, or only the counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use prost::Message;
use rusqlite::{Connection, params};

use super::error::Result;
use super::expand;
use super::grant_index::GrantIndex;
use super::summary::RowCounts;
use crate::c1z::{self, Error as FileError, Writer, rows};
use crate::pb::connector::{Entitlement, Grant, Resource, ResourceId, ResourceType};

/// A broken reference between rows, found after the phases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dangling {
    /// The SDK's name of the rule.
    pub(crate) invariant: &'static str,
    /// The number of broken references, and an example.
    pub(crate) message: String,
}

/// Stores the rows of one sync, and returns the resources that later phases need.
#[async_trait]
pub(crate) trait Sink: Send + Sync {
    fn sync_id(&self) -> &str;
    async fn put_resource_types(&self, rows: Vec<ResourceType>) -> Result<()>;
    async fn put_resources(&self, rows: Vec<Resource>) -> Result<()>;
    async fn put_entitlements(&self, rows: Vec<Entitlement>) -> Result<()>;
    async fn put_grants(&self, rows: Vec<Grant>) -> Result<()>;

    /// Stored resources of a type after the position `after`, in the order of arrival.
    async fn resources(&self, kind: &str, after: i64, limit: u32) -> Result<Vec<(i64, Resource)>>;
    async fn has_resource(&self, id: &ResourceId) -> Result<bool>;

    /// References to missing rows; empty if rows are not kept.
    async fn dangling(&self) -> Result<Vec<Dangling>> {
        Ok(Vec::new())
    }

    /// Derives the grants that nesting implies, if rows are kept. Must be called after
    /// [`Self::dangling`].
    async fn expand(&self) -> Result<expand::Outcome> {
        Ok(expand::Outcome::default())
    }

    /// Builds the indexes for readers, after the last row.
    async fn index(&self) -> Result<()> {
        Ok(())
    }

    /// Keeps the warnings of the sync with its rows.
    async fn keep_warnings(&self, warnings: &[String]) -> Result<()> {
        let _ = warnings;
        Ok(())
    }

    /// The number of stored rows by type, if the sink knows it.
    async fn counts(&self) -> Result<Option<BTreeMap<String, RowCounts>>> {
        Ok(None)
    }
}

/// Keeps only the resources, in a temporary database.
pub(crate) struct CountingSink(Writer);

impl CountingSink {
    pub(crate) fn create() -> Result<Self> {
        Ok(Self(Writer::scratch()?))
    }
}

#[async_trait]
impl Sink for CountingSink {
    fn sync_id(&self) -> &str {
        self.0.sync_id()
    }

    async fn put_resource_types(&self, _: Vec<ResourceType>) -> Result<()> {
        Ok(())
    }

    async fn put_resources(&self, rows: Vec<Resource>) -> Result<()> {
        Ok(self.0.put_resources(rows).await?)
    }

    async fn put_entitlements(&self, _: Vec<Entitlement>) -> Result<()> {
        Ok(())
    }

    async fn put_grants(&self, _: Vec<Grant>) -> Result<()> {
        Ok(())
    }

    async fn resources(&self, kind: &str, after: i64, limit: u32) -> Result<Vec<(i64, Resource)>> {
        resources(&self.0, kind, after, limit).await
    }

    async fn has_resource(&self, id: &ResourceId) -> Result<bool> {
        has_resource(&self.0, id).await
    }
}

/// Keeps everything.
pub(crate) struct FileSink {
    writer: Writer,
    /// Filled by the database's thread as it stores grants.
    index: Arc<Mutex<GrantIndex>>,
}

impl FileSink {
    pub(crate) fn new(writer: Writer) -> Self {
        Self {
            writer,
            index: Arc::default(),
        }
    }

    pub(crate) async fn finish(self: Arc<Self>) -> Result<()> {
        match Arc::try_unwrap(self) {
            Ok(sink) => Ok(sink.writer.finish().await?),
            Err(_) => Err(super::Error::Internal("the file is still in use".into())),
        }
    }
}

#[async_trait]
impl Sink for FileSink {
    fn sync_id(&self) -> &str {
        self.writer.sync_id()
    }

    async fn put_resource_types(&self, rows: Vec<ResourceType>) -> Result<()> {
        Ok(self.writer.put_resource_types(rows).await?)
    }

    async fn put_resources(&self, rows: Vec<Resource>) -> Result<()> {
        Ok(self.writer.put_resources(rows).await?)
    }

    async fn put_entitlements(&self, rows: Vec<Entitlement>) -> Result<()> {
        Ok(self.writer.put_entitlements(rows).await?)
    }

    async fn put_grants(&self, rows: Vec<Grant>) -> Result<()> {
        let index = Arc::clone(&self.index);
        let note = move |id, grant: &Grant| index.lock().note(id, grant);
        Ok(self.writer.put_grants(rows, note).await?)
    }

    async fn resources(&self, kind: &str, after: i64, limit: u32) -> Result<Vec<(i64, Resource)>> {
        resources(&self.writer, kind, after, limit).await
    }

    async fn has_resource(&self, id: &ResourceId) -> Result<bool> {
        has_resource(&self.writer, id).await
    }

    async fn dangling(&self) -> Result<Vec<Dangling>> {
        let index = Arc::clone(&self.index);
        let found = self.writer.with(move |connection, stamp| {
            let mut index = index.lock();
            index.drop_duplicates(connection, stamp)?;
            dangling(connection, stamp.sync_id, &index)
        });
        Ok(found.await?)
    }

    async fn expand(&self) -> Result<expand::Outcome> {
        let outcome = expand::expand(&self.writer, Arc::clone(&self.index)).await?;
        let index = Arc::clone(&self.index);
        // A derived grant may have the id of a grant of the connector; the later one is kept.
        let merged = self
            .writer
            .with(move |connection, stamp| index.lock().drop_duplicates(connection, stamp));
        merged.await?;
        Ok(outcome)
    }

    async fn index(&self) -> Result<()> {
        // The indexes, also those of the finished file, take memory of their own.
        self.index.lock().keep_counts();
        Ok(self.writer.index().await?)
    }

    async fn keep_warnings(&self, warnings: &[String]) -> Result<()> {
        Ok(self.writer.put_warnings(warnings).await?)
    }

    async fn counts(&self) -> Result<Option<BTreeMap<String, RowCounts>>> {
        let mut counts = self
            .writer
            .with(|connection, stamp| counts(connection, stamp.sync_id))
            .await?;
        for (kind, count) in self.index.lock().counts() {
            counts.entry(kind.clone()).or_default().grants = *count;
        }
        Ok(Some(counts))
    }
}

async fn resources(
    writer: &Writer,
    kind: &str,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, Resource)>> {
    let kind = kind.to_owned();
    let failed = || FileError::database("reading resources");
    let found = writer
        .with(move |connection, stamp| {
            let mut statement = connection
                .prepare_cached(
                    "select id, data from v1_resources
                     where resource_type_id = ?1 and id > ?2 and sync_id = ?3
                     order by id limit ?4",
                )
                .map_err(failed())?;
            let mut found = statement
                .query(params![kind, after, stamp.sync_id, limit])
                .map_err(failed())?;
            let mut resources = Vec::new();
            while let Some(row) = found.next().map_err(failed())? {
                let id = row.get(0).map_err(failed())?;
                let data = row
                    .get_ref(1)
                    .and_then(|data| Ok(data.as_blob()?))
                    .map_err(failed())?;
                let resource = Resource::decode(data).map_err(|source| FileError::Message {
                    kind: "resource",
                    source,
                })?;
                resources.push((id, resource));
            }
            Ok(resources)
        })
        .await?;
    Ok(found)
}

async fn has_resource(writer: &Writer, id: &ResourceId) -> Result<bool> {
    let key = rows::resource_key(id);
    let found = writer
        .with(move |connection, stamp| {
            connection
                .prepare_cached(RESOURCE)
                .and_then(|mut statement| statement.exists([&*key, stamp.sync_id]))
                .map_err(FileError::database("looking for a resource"))
        })
        .await?;
    Ok(found)
}

const RESOURCE: &str = "select 1 from v1_resources where external_id = ?1 and sync_id = ?2";
const ENTITLEMENT: &str = "select 1 from v1_entitlements where external_id = ?1 and sync_id = ?2";

/// Checks the rules about references, under the SDK's names.
fn dangling(
    connection: &Connection,
    sync_id: &str,
    index: &GrantIndex,
) -> c1z::Result<Vec<Dangling>> {
    let key = |(kind, id): (&str, &str)| format!("{kind}:{id}");
    let on = targets_of_entitlements(connection, sync_id)?;
    let mut found = Vec::new();
    for (invariant, what, targets, query) in [
        (
            "I3",
            "grants are on resource",
            &mut index.targets().map(key) as &mut dyn Iterator<Item = String>,
            RESOURCE,
        ),
        (
            "I7",
            "entitlements are on resource",
            &mut on.into_iter(),
            RESOURCE,
        ),
        (
            "I8",
            "grants reference entitlement",
            &mut index.entitlements().map(str::to_owned),
            ENTITLEMENT,
        ),
        (
            "I9",
            "grants reference principal",
            &mut index.principals().map(key),
            RESOURCE,
        ),
    ] {
        let missing = missing(connection, sync_id, targets, query)?;
        if let Some(example) = missing.iter().min() {
            let count = missing.len();
            found.push(Dangling {
                invariant,
                message: format!("{what} {example:?} but no such row exists ({count} in all)"),
            });
        }
    }
    Ok(found)
}

fn targets_of_entitlements(connection: &Connection, sync_id: &str) -> c1z::Result<Vec<String>> {
    connection
        .prepare(
            "select distinct resource_type_id || ':' || resource_id from v1_entitlements
             where sync_id = ?1",
        )
        .and_then(|mut statement| {
            statement
                .query_map([sync_id], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()
        })
        .map_err(FileError::database("checking references"))
}

/// The targets for which `query` finds no row.
fn missing(
    connection: &Connection,
    sync_id: &str,
    targets: &mut dyn Iterator<Item = String>,
    query: &str,
) -> c1z::Result<Vec<String>> {
    let failed = || FileError::database("checking references");
    let mut statement = connection.prepare_cached(query).map_err(failed())?;
    let mut missing = Vec::new();
    for target in targets {
        if !statement.exists([&*target, sync_id]).map_err(failed())? {
            missing.push(target);
        }
    }
    Ok(missing)
}

/// Counts everything except grants, which the index counts.
fn counts(connection: &Connection, sync_id: &str) -> c1z::Result<BTreeMap<String, RowCounts>> {
    let failed = || FileError::database("counting rows");
    let mut counts = BTreeMap::<String, RowCounts>::new();
    for (table, column) in [
        (
            "v1_resources",
            RowCounts::resources_mut as fn(&mut RowCounts) -> &mut u64,
        ),
        ("v1_entitlements", RowCounts::entitlements_mut),
    ] {
        let mut statement = connection
            .prepare(&format!(
                "select resource_type_id, count(*) from {table} where sync_id = ?1
                 group by resource_type_id"
            ))
            .map_err(failed())?;
        let mut found = statement.query([sync_id]).map_err(failed())?;
        while let Some(row) = found.next().map_err(failed())? {
            let kind: String = row.get(0).map_err(failed())?;
            let count: i64 = row.get(1).map_err(failed())?;
            *column(counts.entry(kind).or_default()) = u64::try_from(count).unwrap_or(0);
        }
    }
    Ok(counts)
}
