//! Reads many rows of one sync, one at a time, for questions about who holds what.
//!
//! Only a page of rows is in memory at a time. The queries follow the indexes that every file has, so that
//! the database never sorts.

use std::fmt;

use prost::Message;
use prost_types::Any;
use rusqlite::types::FromSql;
use rusqlite::{Params, Row, params};

use super::annotation;
use super::error::{Error, Result};
use super::reader::Reader;
use super::schema::columns;
use crate::pb::connector::{GrantExpandable, GrantSources, Resource, ResourceId, ResourceType};

/// A grant without the copies of its entitlement and its principal that a file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantRow {
    /// The id of the entitlement.
    pub entitlement: String,
    /// Who holds it.
    pub principal: ResourceId,
    /// What else the grant says.
    pub annotations: Vec<Any>,
    sources: Option<GrantSources>,
}

/// The part of a `Grant` that the columns of its row do not have.
#[derive(Clone, PartialEq, Message)]
struct Tail {
    #[prost(message, repeated, tag = "4")]
    annotations: Vec<Any>,
    #[prost(message, optional, tag = "5")]
    sources: Option<GrantSources>,
}

impl GrantRow {
    /// Whether somebody gave it to the principal. A grant that is both direct and derived from
    /// another one names its own entitlement among its sources.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        let sources = self.sources.as_ref().map(|sources| &sources.sources);
        sources.is_none_or(|sources| sources.is_empty() || sources.contains_key(&self.entitlement))
    }
}

/// A grant that others are derived from.
#[derive(Clone, Debug, PartialEq)]
pub struct Nesting {
    /// The entitlement that is derived.
    pub entitlement: String,
    /// From which entitlements, and for whom.
    pub expansion: GrantExpandable,
}

/// Resources that are read at once.
const PAGE: u32 = 500;

/// The plus keeps the database from the index of types, by which it would have to sort all rows of
/// the type for each page.
const RESOURCES: &str = "select external_id, data from v1_resources
     where external_id > ?2 and external_id < ?3 and sync_id = ?1 and +resource_type_id = ?4
     order by external_id limit ?5";

const GRANTS_OF: &str =
    "select entitlement_id, principal_resource_type_id, principal_resource_id, data
     from v1_grants where entitlement_id = ?2 and sync_id = ?1
     order by principal_resource_type_id, principal_resource_id";

/// Whether a row may be one that is looked for, by its encoded message.
type Wanted<'a> = dyn Fn(&[u8]) -> bool + 'a;

/// The resources of a type; see [`Reader::resources`].
pub struct Resources<'a> {
    reader: &'a Reader,
    resource_type: String,
    is_wanted: Box<Wanted<'a>>,
    page: std::vec::IntoIter<Resource>,
    /// The last key that was read. `None` at the end.
    after: Option<String>,
}

impl fmt::Debug for Resources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resources")
            .field("resource_type", &self.resource_type)
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}

impl Iterator for Resources<'_> {
    type Item = Result<Resource>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(resource) = self.page.next() {
                return Some(Ok(resource));
            }
            let after = self.after.take()?;
            let page = self
                .reader
                .resources_after(&self.resource_type, &after, &self.is_wanted);
            match page {
                Ok((page, last)) => {
                    self.after = last;
                    self.page = page.into_iter();
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Reader {
    /// All resource types.
    pub fn resource_types(&self) -> Result<Vec<ResourceType>> {
        let mut found = Vec::new();
        self.visit(
            "select data from v1_resource_types where sync_id = ?1 order by external_id",
            params![self.sync_id()],
            |row| -> Result<()> {
                found.push(message("resource type", row, 0)?);
                Ok(())
            },
        )?;
        Ok(found)
    }

    /// The resources of a type, in the order of their ids.
    #[must_use]
    pub fn resources<'a>(&'a self, resource_type: &str) -> Resources<'a> {
        self.resources_where(resource_type, |_| true)
    }

    /// The same without those whose encoded message says that they are not wanted, which need not be
    /// decoded.
    pub(crate) fn resources_where<'a>(
        &'a self,
        resource_type: &str,
        is_wanted: impl Fn(&[u8]) -> bool + 'a,
    ) -> Resources<'a> {
        Resources {
            reader: self,
            resource_type: resource_type.to_owned(),
            is_wanted: Box::new(is_wanted),
            page: Vec::new().into_iter(),
            // All keys are `<type>:<id>`.
            after: Some(format!("{resource_type}:")),
        }
    }

    /// The wanted ones of the next resources of a type whose keys follow `after`, and the last key of
    /// all that were looked at.
    fn resources_after(
        &self,
        resource_type: &str,
        after: &str,
        is_wanted: &Wanted<'_>,
    ) -> Result<(Vec<Resource>, Option<String>)> {
        // A semicolon follows a colon, so this is behind all keys of the type.
        let end = format!("{resource_type};");
        let (mut found, mut last) = (Vec::new(), None);
        self.visit(
            RESOURCES,
            params![self.sync_id(), after, end, resource_type, PAGE],
            |row| -> Result<()> {
                last = Some(column(row, 0)?);
                if is_wanted(blob(row, 1)?) {
                    found.push(message("resource", row, 1)?);
                }
                Ok(())
            },
        )?;
        Ok((found, last))
    }

    /// Whether the sync has an entitlement.
    pub fn has_entitlement(&self, id: &str) -> Result<bool> {
        let mut is_there = false;
        self.visit(
            "select 1 from v1_entitlements where external_id = ?2 and sync_id = ?1",
            params![self.sync_id(), id],
            |_| -> Result<()> {
                is_there = true;
                Ok(())
            },
        )?;
        Ok(is_there)
    }

    /// The ids of the entitlements on a resource.
    pub fn entitlement_ids(&self, on: &ResourceId) -> Result<Vec<String>> {
        let mut found: Vec<String> = Vec::new();
        self.visit(
            "select external_id from v1_entitlements
             where resource_type_id = ?2 and resource_id = ?3 and sync_id = ?1",
            params![self.sync_id(), on.resource_type, on.resource],
            |row| -> Result<()> {
                found.push(column(row, 0)?);
                Ok(())
            },
        )?;
        found.sort();
        Ok(found)
    }

    /// The principals of a type that hold grants and have no resource in the sync.
    pub fn principals_without_resource(&self, resource_type: &str) -> Result<Vec<ResourceId>> {
        let mut found = Vec::new();
        self.visit(
            "select distinct principal_resource_id from v1_grants
             where principal_resource_type_id = ?2 and sync_id = ?1 and not exists
                 (select 1 from v1_resources
                  where external_id = ?2 || ':' || principal_resource_id and sync_id = ?1)
             order by principal_resource_id",
            params![self.sync_id(), resource_type],
            |row| -> Result<()> {
                found.push(ResourceId {
                    resource_type: resource_type.to_owned(),
                    resource: column(row, 0)?,
                    ..ResourceId::default()
                });
                Ok(())
            },
        )?;
        Ok(found)
    }

    /// Calls `each` with every grant that a principal holds.
    pub fn each_grant_to<E: From<Error>>(
        &self,
        principal: &ResourceId,
        mut each: impl FnMut(GrantRow) -> Result<(), E>,
    ) -> Result<(), E> {
        self.visit(
            "select entitlement_id, principal_resource_type_id, principal_resource_id, data
             from v1_grants where principal_resource_type_id = ?2 and principal_resource_id = ?3
             and sync_id = ?1",
            params![self.sync_id(), principal.resource_type, principal.resource],
            |row| each(grant(row)?),
        )
    }

    /// Calls `each` with every grant of an entitlement, in the order of their principals.
    pub fn each_grant_of<E: From<Error>>(
        &self,
        entitlement: &str,
        mut each: impl FnMut(GrantRow) -> Result<(), E>,
    ) -> Result<(), E> {
        self.visit(GRANTS_OF, params![self.sync_id(), entitlement], |row| {
            each(grant(row)?)
        })
    }

    /// Calls `each` with every nesting.
    pub fn each_nesting<E: From<Error>>(
        &self,
        mut each: impl FnMut(Nesting) -> Result<(), E>,
    ) -> Result<(), E> {
        let known = columns(self.connection(), "main", "v1_grants")?;
        if known.iter().any(|name| name == "expansion") {
            return self.visit(
                "select entitlement_id, expansion from v1_grants
                 where sync_id = ?1 and expansion is not null",
                params![self.sync_id()],
                |row| {
                    each(Nesting {
                        entitlement: column(row, 0)?,
                        expansion: message("nesting", row, 1)?,
                    })
                },
            );
        }
        // Files of older writers keep it in the grant.
        self.visit(
            "select entitlement_id, principal_resource_type_id, principal_resource_id, data
             from v1_grants where sync_id = ?1",
            params![self.sync_id()],
            |row| {
                let grant = grant(row)?;
                match annotation::first(&grant.annotations) {
                    Some(expansion) => each(Nesting {
                        entitlement: grant.entitlement,
                        expansion,
                    }),
                    None => Ok(()),
                }
            },
        )
    }

    fn visit<E: From<Error>>(
        &self,
        query: &str,
        keys: impl Params,
        mut each: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = || Error::database("reading rows");
        let mut statement = self.connection().prepare_cached(query).map_err(failed())?;
        let mut rows = statement.query(keys).map_err(failed())?;
        while let Some(row) = rows.next().map_err(failed())? {
            each(row)?;
        }
        Ok(())
    }
}

fn column<T: FromSql>(row: &Row<'_>, at: usize) -> Result<T> {
    row.get(at).map_err(Error::database("reading a row"))
}

/// Decodes a message without a copy of its bytes.
fn message<M: Message + Default>(kind: &'static str, row: &Row<'_>, at: usize) -> Result<M> {
    M::decode(blob(row, at)?).map_err(|source| Error::Message { kind, source })
}

fn blob<'a>(row: &'a Row<'_>, at: usize) -> Result<&'a [u8]> {
    row.get_ref(at)
        .and_then(|data| Ok(data.as_blob()?))
        .map_err(Error::database("reading a row"))
}

/// A row with entitlement, type and id of the principal, and data.
fn grant(row: &Row<'_>) -> Result<GrantRow> {
    let Tail {
        annotations,
        sources,
    } = message("grant", row, 3)?;
    Ok(GrantRow {
        entitlement: column(row, 0)?,
        principal: ResourceId {
            resource_type: column(row, 1)?,
            resource: column(row, 2)?,
            ..ResourceId::default()
        },
        annotations,
        sources,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use rusqlite::Connection;
    use test_case::test_case;

    use super::super::schema::{GrantIndex, INDEXES, TABLES};
    use super::{GRANTS_OF, RESOURCES};

    #[test_case(RESOURCES)]
    #[test_case(GRANTS_OF)]
    fn an_index_has_the_order_of_the_rows(query: &str) {
        let database = Connection::open_in_memory().unwrap();
        database.execute_batch(TABLES).unwrap();
        database.execute_batch(INDEXES).unwrap();
        let of_grants = GrantIndex::create_all();
        database.execute_batch(&of_grants).unwrap();
        let mut plan = database
            .prepare(&format!("explain query plan {query}"))
            .unwrap();
        let keys = vec!["x"; plan.parameter_count()];
        let steps = plan
            .query_map(rusqlite::params_from_iter(keys), |row| row.get(3))
            .unwrap();
        let steps: Vec<String> = steps.map(Result::unwrap).collect();
        assert!(
            steps.iter().any(|step| step.contains("USING INDEX")),
            "{steps:?}"
        );
        assert!(
            !steps.iter().any(|step| step.contains("TEMP B-TREE")),
            "{steps:?}"
        );
    }
}
