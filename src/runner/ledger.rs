//! The grants of a sync as numbers: what checking and expanding work on.
//!
//! A message of 500 bytes becomes 16, and each id is kept once, so that a million grants fit in
//! memory and are joined there instead of in the database.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};

use indexmap::IndexSet;
use prost::Message;
use rusqlite::Connection;

use crate::c1z::{self, Error as FileError};
use crate::pb::connector::{GrantSources, Resource, ResourceId};

/// One stored grant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) entitlement: u32,
    /// A resource's number.
    pub(super) principal: u32,
    pub(super) id: i64,
}

/// All grants of one sync, and the ids in them.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entitlements: IndexSet<Box<str>>,
    /// Type and id, with a NUL between.
    resources: IndexSet<Box<str>>,
    /// The resources that grants are on.
    targets: HashSet<u32>,
    principals: HashSet<u32>,
    /// Sorted by entitlement.
    grants: Vec<Row>,
    /// Grants that the connector itself calls inherited.
    inherited: HashSet<i64>,
    /// Principals that are more than an id, each with a grant that shows it.
    rich: HashMap<u32, i64>,
    hashes: Vec<u64>,
}

/// What of a stored grant stands in no column; prost skips the rest.
#[derive(Clone, PartialEq, Message)]
struct Extras {
    #[prost(bytes = "vec", tag = "2")]
    principal: Vec<u8>,
    #[prost(message, optional, tag = "5")]
    sources: Option<GrantSources>,
}

impl Ledger {
    /// Reads all grants of the sync. Of grants with the same id, the last one stays.
    pub(super) fn load(connection: &Connection, sync_id: &str) -> c1z::Result<Self> {
        let mut ledger = Self::read(connection, sync_id)?;
        if ledger.has_duplicates() {
            c1z::rows::drop_duplicate_grants(connection, sync_id)?;
            ledger = Self::read(connection, sync_id)?;
        }
        ledger
            .grants
            .sort_unstable_by_key(|grant| (grant.entitlement, grant.id));
        Ok(ledger)
    }

    fn read(connection: &Connection, sync_id: &str) -> c1z::Result<Self> {
        let failed = || FileError::database("reading grants");
        let mut ledger = Self::default();
        let mut statement = connection
            .prepare(
                "select id, resource_type_id, resource_id, entitlement_id,
                     principal_resource_type_id, principal_resource_id, external_id, data
                 from v1_grants where sync_id = ?1",
            )
            .map_err(failed())?;
        let mut found = statement.query([sync_id]).map_err(failed())?;
        let mut key = String::new();
        while let Some(row) = found.next().map_err(failed())? {
            let text = |column| row.get_ref(column).and_then(|text| Ok(text.as_str()?));
            let mut resource = |ledger: &mut Self, kind: &str, id: &str| {
                key.clear();
                key.extend([kind, "\0", id]);
                number(&mut ledger.resources, &key)
            };
            let id: i64 = row.get(0).map_err(failed())?;
            let target = resource(
                &mut ledger,
                text(1).map_err(failed())?,
                text(2).map_err(failed())?,
            );
            let entitlement = text(3).map_err(failed())?;
            let (kind, name) = (text(4).map_err(failed())?, text(5).map_err(failed())?);
            let principal = resource(&mut ledger, kind, name);
            let data = row
                .get_ref(7)
                .and_then(|data| Ok(data.as_blob()?))
                .map_err(failed())?;
            let extras = Extras::decode(data).map_err(|source| FileError::Message {
                kind: "grant",
                source,
            })?;
            if ledger.principals.insert(principal) && extras.principal.len() != stub_len(kind, name)
            {
                ledger.rich.insert(principal, id);
            }
            if extras.sources.is_some_and(|GrantSources { sources }| {
                !sources.is_empty() && !sources.contains_key(entitlement)
            }) {
                ledger.inherited.insert(id);
            }
            ledger.targets.insert(target);
            ledger.note_id(text(6).map_err(failed())?);
            let entitlement = number(&mut ledger.entitlements, entitlement);
            ledger.grants.push(Row {
                entitlement,
                principal,
                id,
            });
        }
        Ok(ledger)
    }

    /// Notes the id of a grant, for [`Self::has_duplicates`].
    pub(super) fn note_id(&mut self, id: &str) {
        let mut hasher = DefaultHasher::new();
        hasher.write(id.as_bytes());
        self.hashes.push(hasher.finish());
    }

    /// Whether two ids may be the same; two different ones with the same hash count too.
    pub(super) fn has_duplicates(&mut self) -> bool {
        self.hashes.sort_unstable();
        self.hashes
            .windows(2)
            .any(|pair| pair.first() == pair.last())
    }

    pub(super) fn entitlement(&self, id: &str) -> Option<u32> {
        as_number(self.entitlements.get_index_of(id))
    }

    pub(super) fn resource(&self, kind: &str, id: &str) -> Option<u32> {
        as_number(self.resources.get_index_of(&*format!("{kind}\0{id}")))
    }

    /// Type and id of a resource.
    pub(super) fn resource_id(&self, number: u32) -> (&str, &str) {
        self.resources
            .get_index(number as usize)
            .and_then(|key| key.split_once('\0'))
            .unwrap_or_default()
    }

    /// The grants of one entitlement, in the order they were stored.
    pub(super) fn grants_of(&self, entitlement: u32) -> &[Row] {
        let begin = self
            .grants
            .partition_point(|grant| grant.entitlement < entitlement);
        let end = self
            .grants
            .partition_point(|grant| grant.entitlement <= entitlement);
        self.grants.get(begin..end).unwrap_or_default()
    }

    /// Given, not only derived: without sources, or with itself among them.
    pub(super) fn is_direct(&self, grant: Row) -> bool {
        !self.inherited.contains(&grant.id)
    }

    /// The stored grant that tells more of a principal than its id, if one does.
    pub(super) fn shown_in(&self, principal: u32) -> Option<i64> {
        self.rich.get(&principal).copied()
    }

    /// Every entitlement that is granted.
    pub(super) fn entitlements(&self) -> impl Iterator<Item = &str> {
        self.entitlements.iter().map(|id| &**id)
    }

    /// Every resource that grants are on, as type and id.
    pub(super) fn targets(&self) -> impl Iterator<Item = (&str, &str)> {
        self.targets.iter().map(|target| self.resource_id(*target))
    }

    /// Every resource that holds a grant, as type and id.
    pub(super) fn principals(&self) -> impl Iterator<Item = (&str, &str)> {
        self.principals
            .iter()
            .map(|principal| self.resource_id(*principal))
    }
}

/// The number of a string, a new one if it is new.
fn number(names: &mut IndexSet<Box<str>>, name: &str) -> u32 {
    let number = names
        .get_index_of(name)
        .unwrap_or_else(|| names.insert_full(name.into()).0);
    as_number(Some(number)).unwrap_or(u32::MAX)
}

fn as_number(index: Option<usize>) -> Option<u32> {
    index.and_then(|index| u32::try_from(index).ok())
}

/// How long a resource is that says nothing but its id.
fn stub_len(kind: &str, id: &str) -> usize {
    stub(kind, id).encoded_len()
}

/// A resource that says nothing but its id.
pub(super) fn stub(kind: &str, id: &str) -> Resource {
    Resource {
        id: Some(ResourceId {
            resource_type: kind.into(),
            resource: id.into(),
            ..ResourceId::default()
        }),
        ..Resource::default()
    }
}
