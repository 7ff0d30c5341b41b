//! Where the rows of a sync go: into a file, or nowhere but into the count.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use prost::Message;
use rusqlite::{Connection, OptionalExtension, params};

use super::error::Result;
use super::expand;
use super::summary::RowCounts;
use crate::c1z::{self, Error as FileError, Writer, rows};
use crate::pb::connector::{Entitlement, Grant, Resource, ResourceId, ResourceType};

/// A broken reference between rows, found after the phases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dangling {
    /// The SDK's name of the rule.
    pub(crate) invariant: &'static str,
    /// How many references are broken, and one of them.
    pub(crate) message: String,
}

/// Takes the rows of one sync and gives back the resources that later phases ask about.
#[async_trait]
pub(crate) trait Sink: Send + Sync {
    fn sync_id(&self) -> &str;
    async fn put_resource_types(&self, rows: Vec<ResourceType>) -> Result<()>;
    async fn put_resources(&self, rows: Vec<Resource>) -> Result<()>;
    async fn put_entitlements(&self, rows: Vec<Entitlement>) -> Result<()>;
    async fn put_grants(&self, rows: Vec<Grant>) -> Result<()>;

    /// Stored resources of a type behind the position `after`, in the order they came.
    async fn resources(&self, kind: &str, after: i64, limit: u32) -> Result<Vec<(i64, Resource)>>;
    async fn has_resource(&self, id: &ResourceId) -> Result<bool>;

    /// References to rows that are not there; nothing where rows are not kept.
    async fn dangling(&self) -> Result<Vec<Dangling>> {
        Ok(Vec::new())
    }

    /// Derives the grants that nesting implies; nothing where rows are not kept.
    async fn expand(&self) -> Result<expand::Outcome> {
        Ok(expand::Outcome::default())
    }

    /// What is stored per type, where that is known better than by counting arrivals.
    async fn counts(&self) -> Result<Option<BTreeMap<String, RowCounts>>> {
        Ok(None)
    }
}

/// Keeps only the resources, in a private database that vanishes with it.
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
pub(crate) struct FileSink(Writer);

impl FileSink {
    pub(crate) fn new(writer: Writer) -> Self {
        Self(writer)
    }

    pub(crate) async fn finish(self: Arc<Self>) -> Result<()> {
        match Arc::try_unwrap(self) {
            Ok(sink) => Ok(sink.0.finish().await?),
            Err(_) => Err(super::Error::Internal("the file is still in use".into())),
        }
    }
}

#[async_trait]
impl Sink for FileSink {
    fn sync_id(&self) -> &str {
        self.0.sync_id()
    }

    async fn put_resource_types(&self, rows: Vec<ResourceType>) -> Result<()> {
        Ok(self.0.put_resource_types(rows).await?)
    }

    async fn put_resources(&self, rows: Vec<Resource>) -> Result<()> {
        Ok(self.0.put_resources(rows).await?)
    }

    async fn put_entitlements(&self, rows: Vec<Entitlement>) -> Result<()> {
        Ok(self.0.put_entitlements(rows).await?)
    }

    async fn put_grants(&self, rows: Vec<Grant>) -> Result<()> {
        Ok(self.0.put_grants(rows).await?)
    }

    async fn resources(&self, kind: &str, after: i64, limit: u32) -> Result<Vec<(i64, Resource)>> {
        resources(&self.0, kind, after, limit).await
    }

    async fn has_resource(&self, id: &ResourceId) -> Result<bool> {
        has_resource(&self.0, id).await
    }

    async fn dangling(&self) -> Result<Vec<Dangling>> {
        self.0.index().await?;
        Ok(self.0.with(dangling).await?)
    }

    async fn expand(&self) -> Result<expand::Outcome> {
        self.0
            .with(|connection, sync_id| Ok(expand::expand(connection, sync_id)))
            .await?
    }

    async fn counts(&self) -> Result<Option<BTreeMap<String, RowCounts>>> {
        Ok(Some(self.0.with(counts).await?))
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
        .with(move |connection, sync_id| {
            let mut statement = connection
                .prepare_cached(
                    "select id, data from v1_resources
                     where resource_type_id = ?1 and id > ?2 and sync_id = ?3
                     order by id limit ?4",
                )
                .map_err(failed())?;
            let mut found = statement
                .query(params![kind, after, sync_id, limit])
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
        .with(move |connection, sync_id| {
            connection
                .query_row(
                    "select 1 from v1_resources where external_id = ?1 and sync_id = ?2",
                    params![key, sync_id],
                    |_| Ok(()),
                )
                .optional()
                .map_err(FileError::database("looking for a resource"))
        })
        .await?;
    Ok(found.is_some())
}

/// The rules about references, each as the query that finds what breaks it.
const REFERENCES: &[(&str, &str, &str)] = &[
    (
        "I3",
        "grants are on resource",
        "select resource_type_id || ':' || resource_id as target from v1_grants
         where sync_id = ?1 group by resource_type_id, resource_id
         having not exists (select 1 from v1_resources
                            where external_id = target and sync_id = ?1)",
    ),
    (
        "I7",
        "entitlements are on resource",
        "select resource_type_id || ':' || resource_id as target from v1_entitlements
         where sync_id = ?1 group by resource_type_id, resource_id
         having not exists (select 1 from v1_resources
                            where external_id = target and sync_id = ?1)",
    ),
    (
        "I8",
        "grants reference entitlement",
        "select entitlement_id as target from v1_grants where sync_id = ?1 group by entitlement_id
         having not exists (select 1 from v1_entitlements
                            where external_id = target and sync_id = ?1)",
    ),
    (
        "I9",
        "grants reference principal",
        "select principal_resource_type_id || ':' || principal_resource_id as target
         from v1_grants where sync_id = ?1
         group by principal_resource_type_id, principal_resource_id
         having not exists (select 1 from v1_resources
                            where external_id = target and sync_id = ?1)",
    ),
];

fn dangling(connection: &mut Connection, sync_id: &str) -> c1z::Result<Vec<Dangling>> {
    let mut found = Vec::new();
    for &(invariant, what, query) in REFERENCES {
        let (count, example): (i64, Option<String>) = connection
            .query_row(
                &format!("select count(*), min(target) from ({query})"),
                [sync_id],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .map_err(FileError::database("checking references"))?;
        if let Some(example) = example {
            found.push(Dangling {
                invariant,
                message: format!("{what} {example:?} but no such row exists ({count} in all)"),
            });
        }
    }
    Ok(found)
}

fn counts(connection: &mut Connection, sync_id: &str) -> c1z::Result<BTreeMap<String, RowCounts>> {
    let failed = || FileError::database("counting rows");
    let mut counts = BTreeMap::<String, RowCounts>::new();
    for (table, column) in [
        (
            "v1_resources",
            RowCounts::resources_mut as fn(&mut RowCounts) -> &mut u64,
        ),
        ("v1_entitlements", RowCounts::entitlements_mut),
        ("v1_grants", RowCounts::grants_mut),
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
