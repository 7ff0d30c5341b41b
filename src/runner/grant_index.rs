//! An index of the grants of a sync, for checking references and for expansion.
//!
//! A message of 500 bytes becomes a row of 24 bytes, and each id is kept once. A million grants fit
//! in memory and are joined there instead of in the database.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};

use indexmap::IndexSet;
use prost::{Message, length_delimiter_len};
use rusqlite::Connection;

use crate::c1z::{self, rows};
use crate::pb::connector::{Grant, GrantSources, Resource, ResourceId};

/// One stored grant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) entitlement: u32,
    /// The resource that the entitlement is on.
    target: u32,
    /// A resource's number.
    pub(super) principal: u32,
    pub(super) id: i64,
}

/// All grants of one sync, with their ids as numbers.
#[derive(Debug, Default)]
pub(super) struct GrantIndex {
    entitlements: IndexSet<Box<str>>,
    /// Type and id, with a NUL between.
    resources: IndexSet<Box<str>>,
    /// Sorted by entitlement after [`Self::close`].
    grants: Vec<Row>,
    /// Grants that the connector marks as inherited.
    inherited: HashSet<i64>,
    /// Principals of which the connector sent more than the id, each with a grant that has it.
    rich: HashMap<u32, i64>,
    /// Hashes of the ids of all grants.
    hashes: Vec<u64>,
    /// The number of grants by the type of the resource that they are on, derived ones included.
    counts: BTreeMap<String, u64>,
    /// Scratch buffer for building keys.
    key: String,
}

impl GrantIndex {
    /// Adds a grant that is stored as the row `id`.
    pub(super) fn note(&mut self, id: i64, grant: &Grant) {
        let Some((entitlement, on, principal)) = rows::ends(grant) else {
            return;
        };
        let row = Row {
            entitlement: number(&mut self.entitlements, &entitlement.id),
            target: self.number(on),
            principal: self.number(principal),
            id,
        };
        if grant.principal.as_ref().is_some_and(is_more_than_an_id) {
            self.rich.insert(row.principal, id);
        }
        let inherited = |GrantSources { sources }: &GrantSources| {
            !sources.is_empty() && !sources.contains_key(&entitlement.id)
        };
        if grant.sources.as_ref().is_some_and(inherited) {
            self.inherited.insert(id);
        }
        self.note_id(&grant.id);
        self.count(&on.resource_type, 1);
        self.grants.push(row);
    }

    /// Prepares the index for reading, after the last grant of the connector.
    pub(super) fn close(&mut self, connection: &Connection, sync_id: &str) -> c1z::Result<()> {
        self.drop_duplicates(connection, sync_id)?;
        self.grants
            .sort_unstable_by_key(|grant| (grant.entitlement, grant.id));
        Ok(())
    }

    /// Keeps only the last of the grants with the same id, here and in the database.
    pub(super) fn drop_duplicates(
        &mut self,
        connection: &Connection,
        sync_id: &str,
    ) -> c1z::Result<()> {
        if !self.has_duplicates() {
            return Ok(());
        }
        let mut dropped = HashSet::new();
        for (id, kind) in rows::drop_duplicate_grants(connection, sync_id)? {
            if let Some(count) = self.counts.get_mut(&kind) {
                *count -= 1;
            }
            dropped.insert(id);
        }
        self.grants.retain(|grant| !dropped.contains(&grant.id));
        self.rich.retain(|_, id| !dropped.contains(id));
        Ok(())
    }

    /// Drops everything except the counts.
    pub(super) fn keep_counts(&mut self) {
        *self = Self {
            counts: std::mem::take(&mut self.counts),
            ..Self::default()
        };
    }

    /// Adds the id of a grant, for [`Self::drop_duplicates`].
    pub(super) fn note_id(&mut self, id: &str) {
        let mut hasher = DefaultHasher::new();
        hasher.write(id.as_bytes());
        self.hashes.push(hasher.finish());
    }

    /// Whether two ids may be equal; two different ids with the same hash count as well. A second
    /// call returns `false`, unless more ids were added.
    fn has_duplicates(&mut self) -> bool {
        let all = self.hashes.len();
        self.hashes.sort_unstable();
        self.hashes.dedup();
        self.hashes.len() < all
    }

    /// Adds to the number of grants on resources of a type.
    pub(super) fn count(&mut self, kind: &str, more: u64) {
        match self.counts.get_mut(kind) {
            Some(count) => *count += more,
            None => drop(self.counts.insert(kind.to_owned(), more)),
        }
    }

    /// The number of grants by the type of the resource that they are on.
    pub(super) fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    fn number(&mut self, resource: &ResourceId) -> u32 {
        self.key.clear();
        self.key
            .extend([&*resource.resource_type, "\0", &*resource.resource]);
        number(&mut self.resources, &self.key)
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

    /// Whether the connector grants it directly: without sources, or with itself among them.
    pub(super) fn is_direct(&self, grant: Row) -> bool {
        !self.inherited.contains(&grant.id)
    }

    /// A stored grant that has more of a principal than its id, if there is one.
    pub(super) fn shown_in(&self, principal: u32) -> Option<i64> {
        self.rich.get(&principal).copied()
    }

    /// Every entitlement with a grant.
    pub(super) fn entitlements(&self) -> impl Iterator<Item = &str> {
        self.entitlements.iter().map(|id| &**id)
    }

    /// Every resource that grants are on, as type and id.
    pub(super) fn targets(&self) -> impl Iterator<Item = (&str, &str)> {
        self.resources_in(|grant| grant.target)
    }

    /// Every resource that holds a grant, as type and id.
    pub(super) fn principals(&self) -> impl Iterator<Item = (&str, &str)> {
        self.resources_in(|grant| grant.principal)
    }

    fn resources_in(&self, which: fn(&Row) -> u32) -> impl Iterator<Item = (&str, &str)> {
        let mut numbers: Vec<_> = self.grants.iter().map(which).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().map(|number| self.resource_id(number))
    }
}

/// The number of a string; a string that is not known yet gets a new one.
fn number(names: &mut IndexSet<Box<str>>, name: &str) -> u32 {
    let number = names
        .get_index_of(name)
        .unwrap_or_else(|| names.insert_full(name.into()).0);
    as_number(Some(number)).unwrap_or(u32::MAX)
}

fn as_number(index: Option<usize>) -> Option<u32> {
    index.and_then(|index| u32::try_from(index).ok())
}

fn is_more_than_an_id(resource: &Resource) -> bool {
    let id = resource.id.as_ref().map_or(0, ResourceId::encoded_len);
    let bare = 1 + length_delimiter_len(id) + id;
    resource.encoded_len() != bare || resource.id.as_ref().is_some_and(|id| id.baton_resource)
}
