//! An index of the grants of a sync, for checking references and for expansion.
//!
//! A message of 500 bytes becomes a few bytes in the list of its entitlement, and each id is kept
//! once. Millions of grants fit in memory and are joined there instead of in the database.

mod grant_list;
mod names;
mod odd_ids;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use prost::{Message, length_delimiter_len};
use rusqlite::Connection;

use crate::c1z::{
    self,
    rows::{self, Stamp},
};
use crate::pb::connector::{Grant, GrantSources, Resource, ResourceId};
use grant_list::GrantList;
pub(super) use grant_list::Row;
use names::Names;
use odd_ids::{OddIds, is_odd};

/// All grants of one sync, with their ids as numbers.
#[derive(Debug, Default)]
pub(super) struct GrantIndex {
    entitlements: Names,
    /// Type and id, with a NUL between.
    resources: Names,
    /// The grants of each entitlement, by its number.
    grants: Vec<Held>,
    /// The targets of grants that are not on the target of their entitlement.
    elsewhere: HashMap<i64, u32>,
    /// Grants that the connector marks as inherited.
    inherited: HashSet<i64>,
    /// Principals of which the connector sent more than the id, each with a grant that has it.
    rich: HashMap<u32, i64>,
    odd_ids: OddIds,
    /// The number of grants by the type of the resource that they are on, derived ones included.
    counts: BTreeMap<String, u64>,
    /// The numbers of the last grant's entitlement, what that is on, and its principal.
    last: [u32; 3],
    /// Scratch buffer for building keys.
    key: String,
}

/// The grants of one entitlement.
#[derive(Debug)]
struct Held {
    /// The resource that the first grant says the entitlement is on.
    target: u32,
    grants: GrantList,
}

impl GrantIndex {
    /// Adds a grant that is stored as the row `id`, after those before it.
    pub(super) fn note(&mut self, id: i64, grant: &Grant) {
        let Some((entitlement, on, principal)) = rows::ends(grant) else {
            return;
        };
        // Grants come entitlement by entitlement, and their holders often in the same order.
        let [last_entitlement, last_target, last_principal] = self.last;
        let target = self.number(last_target, on);
        let row = Row {
            principal: self.number(last_principal.saturating_add(1), principal),
            id,
            is_odd: is_odd(&grant.id, &entitlement.id, principal),
        };
        if grant.principal.as_deref().is_some_and(is_more_than_an_id) {
            self.rich.insert(row.principal, id);
        }
        let inherited = |GrantSources { sources }: &GrantSources| {
            !sources.is_empty() && !sources.contains_key(&entitlement.id)
        };
        if grant.sources.as_ref().is_some_and(inherited) {
            self.inherited.insert(id);
        }
        if row.is_odd {
            self.odd_ids.add(&grant.id);
        }
        self.count(&on.resource_type, 1);
        let number = self.entitlements.number(last_entitlement, &entitlement.id);
        self.last = [number, target, row.principal];
        let number = number as usize;
        if number == self.grants.len() {
            self.grants.push(Held {
                target,
                grants: GrantList::default(),
            });
        }
        if let Some(held) = self.grants.get_mut(number) {
            held.grants.push(row);
            if held.target != target {
                self.elsewhere.insert(id, target);
            }
        }
    }

    /// Keeps only the last of the grants with the same id, here and in the database.
    pub(super) fn drop_duplicates(
        &mut self,
        connection: &Connection,
        stamp: Stamp<'_>,
    ) -> c1z::Result<()> {
        if !self.may_have_duplicates() {
            return Ok(());
        }
        let mut dropped = HashSet::new();
        for (id, kind) in rows::drop_duplicate_grants(connection, stamp)? {
            if let Some(count) = self.counts.get_mut(&kind) {
                *count -= 1;
            }
            dropped.insert(id);
        }
        for held in &mut self.grants {
            held.grants.retain(|grant| !dropped.contains(&grant.id));
        }
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

    /// Adds the id of a derived grant, for [`Self::drop_duplicates`].
    ///
    /// Such a grant is of a pair of entitlement and principal that is not stored, and its id is the
    /// usual one. So it is equal to another id only if one of the two is odd. The principal holds a
    /// stored grant, so if its type or id has a colon, there is an odd id already.
    pub(super) fn note_derived(&mut self, entitlement: &str, principal: u32) {
        if !self.odd_ids.is_empty() {
            let (kind, id) = self.resource_id(principal);
            let id = [entitlement, ":", kind, ":", id].concat();
            self.odd_ids.add(&id);
        }
    }

    /// Whether two ids may be equal. It is not certain, because ids are compared by their hashes.
    fn may_have_duplicates(&mut self) -> bool {
        self.odd_ids.has_repeats()
            || self.has_a_pair_twice()
            || (!self.odd_ids.is_empty() && self.has_a_usual_id_among_the_odd())
    }

    /// Whether two grants have the usual id of the same entitlement and principal.
    fn has_a_pair_twice(&self) -> bool {
        let mut last_seen_in = vec![0; self.resources.len()];
        (1_u32..).zip(&self.grants).any(|(place, held)| {
            let mut usual = held.grants.iter().filter(|row| !row.is_odd);
            usual.any(|row| {
                let seen_in = last_seen_in.get_mut(row.principal as usize);
                seen_in.is_some_and(|last| std::mem::replace(last, place) == place)
            })
        })
    }

    fn has_a_usual_id_among_the_odd(&self) -> bool {
        let mut id = String::new();
        self.entitlements
            .iter()
            .zip(&self.grants)
            .any(|(name, held)| {
                let mut usual = held.grants.iter().filter(|row| !row.is_odd);
                usual.any(|row| {
                    let (kind, resource) = self.resource_id(row.principal);
                    id.clear();
                    id.extend([name, ":", kind, ":", resource]);
                    self.odd_ids.may_contain(&id)
                })
            })
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

    fn number(&mut self, guess: u32, resource: &ResourceId) -> u32 {
        self.key.clear();
        self.key
            .extend([&*resource.resource_type, "\0", &*resource.resource]);
        self.resources.number(guess, &self.key)
    }

    pub(super) fn entitlement(&self, id: &str) -> Option<u32> {
        self.entitlements.find(id)
    }

    pub(super) fn resource(&self, kind: &str, id: &str) -> Option<u32> {
        self.resources.find(&format!("{kind}\0{id}"))
    }

    /// Type and id of a resource.
    pub(super) fn resource_id(&self, number: u32) -> (&str, &str) {
        self.resources
            .get(number)
            .and_then(|key| key.split_once('\0'))
            .unwrap_or_default()
    }

    /// The grants of one entitlement, in the order they were stored.
    pub(super) fn grants_of(&self, entitlement: u32) -> impl Iterator<Item = Row> {
        let held = self.grants.get(entitlement as usize);
        held.into_iter().flat_map(|held| held.grants.iter())
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
        self.entitlements.iter()
    }

    /// Every resource that grants are on, as type and id.
    pub(super) fn targets(&self) -> impl Iterator<Item = (&str, &str)> {
        self.resources_in(|held, row| match self.elsewhere.get(&row.id) {
            Some(target) => *target,
            None => held.target,
        })
    }

    /// Every resource that holds a grant, as type and id.
    pub(super) fn principals(&self) -> impl Iterator<Item = (&str, &str)> {
        self.resources_in(|_, row| row.principal)
    }

    fn resources_in(
        &self,
        which: impl Fn(&Held, Row) -> u32,
    ) -> impl Iterator<Item = (&str, &str)> {
        let mut is_in = vec![false; self.resources.len()];
        for held in &self.grants {
            for row in held.grants.iter() {
                if let Some(is_in) = is_in.get_mut(which(held, row) as usize) {
                    *is_in = true;
                }
            }
        }
        (0..)
            .zip(is_in)
            .filter(|(_, is_in)| *is_in)
            .map(|(number, _)| self.resource_id(number))
    }

    /// The bytes that it occupies, without the few grants that are special in some way.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        let lists: usize = self.grants.iter().map(|held| held.grants.bytes()).sum();
        let held = self.grants.capacity() * size_of::<Held>();
        let names = self.entitlements.bytes() + self.resources.bytes();
        lists + held + names + self.odd_ids.bytes()
    }
}

fn is_more_than_an_id(resource: &Resource) -> bool {
    let id = resource.id.as_ref().map_or(0, ResourceId::encoded_len);
    let bare = 1 + length_delimiter_len(id) + id;
    resource.encoded_len() != bare || resource.id.as_ref().is_some_and(|id| id.baton_resource)
}
