//! The records of one of the indexes: first their sizes, to count its pages, then they themselves.

use std::io;
use std::slice;

use super::Why;
use super::grants::Grants;
use super::orders::{self, AllRanks, Entry, Group};
use crate::c1z::pages::index::{Builder, Count};
use crate::c1z::pages::record::{self, Record};
use crate::c1z::pages::turns::Pages;
use crate::c1z::schema::GrantIndex;

/// An index of all grants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Index<'a> {
    pub(super) kind: GrantIndex,
    pub(super) grants: &'a Grants,
    pub(super) ranks: &'a AllRanks,
}

impl Index<'_> {
    /// Works out how many pages it takes. An error if it is to be unique, and is not.
    pub(super) fn count(&self, page_size: u32) -> Result<u32, Why> {
        let mut count = Count::new(page_size);
        let mut repeats = (self.kind == GrantIndex::External).then(|| Repeats::new(self));
        self.visit(|group| match group {
            Group::Same(places) => self.count_same(places, &mut count).map_err(Why::Io),
            Group::Entitlement(rows) => {
                if let Some(repeats) = &mut repeats {
                    repeats.add(rows.rows())?;
                }
                if let Some(size) = self.common_size(rows.rows()) {
                    count.add_many(size, rows.rows().len())?;
                } else {
                    let mut sorted = rows.sort().iter();
                    sorted.try_for_each(|row| count.add(self.size(*row)))?;
                }
                Ok(())
            }
        })?;
        Ok(count.finish()?)
    }

    /// Adds rows with the same texts. Only their numbers may differ in size.
    fn count_same(&self, places: &[u32], count: &mut Count) -> io::Result<()> {
        let [Some(first), Some(last)] = [places.first(), places.last()] else {
            return Ok(());
        };
        let ids = [first, last].map(|place| self.grants.ids.get(*place));
        let size_of = |place: &u32| self.size(self.grants.entry(*place));
        // Numbers ascend, and unless they are negative, their sizes do.
        if ids[0] >= 0 && record::width(ids[0]) == record::width(ids[1]) {
            return count.add_many(size_of(first), places.len());
        }
        places
            .iter()
            .try_for_each(|place| count.add(size_of(place)))
    }

    /// The size of the records of these rows, if all have the same.
    fn common_size(&self, rows: &[Entry]) -> Option<usize> {
        let names = &self.grants.principal_names;
        let what_it_depends_on = |row: &Entry| {
            let lengths = names.get(row.principal).map(<[u8]>::len);
            let width = record::width(self.grants.ids.get(row.place));
            (row.end, lengths, width)
        };
        let first = self.size(*rows.first()?);
        let mut last = None;
        let is_common = rows.iter().all(|row| {
            let depends_on = what_it_depends_on(row);
            last.replace(depends_on) == Some(depends_on) || self.size(*row) == first
        });
        is_common.then_some(first)
    }

    fn size(&self, row: Entry) -> usize {
        self.with(row, |record| record.size())
    }

    /// Makes its pages.
    pub(super) fn make(&self, page_size: u32, pages: &mut Pages<'_>) -> io::Result<()> {
        let mut builder = Builder::new(page_size, pages);
        let mut bytes = Vec::new();
        self.visit(|group| match group {
            Group::Same(places) => {
                bytes.clear();
                places.iter().try_for_each(|place| {
                    let id = [self.grants.ids.get(*place); 2];
                    // Most records differ from the one before in their number only.
                    if !record::renumber(&mut bytes, integers(self.kind, &id)) {
                        let row = self.grants.entry(*place);
                        self.with(row, |record| record.write(&mut bytes))?;
                    }
                    builder.add(&bytes)
                })
            }
            Group::Entitlement(rows) => rows.sort().iter().try_for_each(|row| {
                self.with(*row, |record| record.write(&mut bytes))?;
                builder.add(&bytes)
            }),
        })?;
        builder.finish()
    }

    fn visit<E>(&self, each: impl FnMut(Group<'_>) -> Result<(), E>) -> Result<(), E> {
        orders::visit(self.kind, self.grants, self.ranks, each)
    }

    /// Calls `with` with the record of a row.
    fn with<T>(&self, row: Entry, with: impl FnOnce(Record<'_>) -> T) -> T {
        let Grants {
            end_names,
            principal_names,
            ids,
            ..
        } = self.grants;
        let end = || end_names.get(row.end);
        let principal = || principal_names.get(row.principal);
        let id = [ids.get(row.place); 2];
        let integers = integers(self.kind, &id);
        match self.kind {
            GrantIndex::External => {
                let ([_, _, entitlement, sync], [holder_type, holder]) = (end(), principal());
                let length = entitlement.len() + 1 + holder_type.len() + 1 + holder.len();
                with(Record {
                    lengths: &[length, sync.len()],
                    pieces: &[
                        entitlement,
                        b":",
                        principal_names.joined(row.principal),
                        sync,
                    ],
                    integers,
                })
            }
            GrantIndex::Resource => {
                let [kind, resource, ..] = end();
                with(Record {
                    lengths: &[kind.len(), resource.len()],
                    pieces: &[kind, resource],
                    integers,
                })
            }
            GrantIndex::Principal => {
                let [kind, holder] = principal();
                with(Record {
                    lengths: &[kind.len(), holder.len()],
                    pieces: &[kind, holder],
                    integers,
                })
            }
            GrantIndex::EntitlementPrincipal => {
                let ([_, _, entitlement, _], [kind, holder]) = (end(), principal());
                with(Record {
                    lengths: &[entitlement.len(), kind.len(), holder.len()],
                    pieces: &[entitlement, kind, holder],
                    integers,
                })
            }
            GrantIndex::EntitlementSync => {
                let [_, _, entitlement, sync] = end();
                with(Record {
                    lengths: &[entitlement.len(), sync.len()],
                    pieces: &[entitlement, sync],
                    integers,
                })
            }
        }
    }
}

/// Finds ids of grants that are in a sync twice.
struct Repeats<'a> {
    ranks: &'a AllRanks,
    /// By rank of the principal, the entitlement and sync of its last grant, as their rank counted
    /// from 1.
    last: Vec<u32>,
}

impl<'a> Repeats<'a> {
    fn new(index: &Index<'a>) -> Self {
        Self {
            ranks: index.ranks,
            last: vec![0; index.grants.principal_names.len()],
        }
    }

    /// Adds the rows of the next entitlement, sync by sync.
    fn add(&mut self, rows: &[Entry]) -> Result<(), Why> {
        for row in rows {
            let principal = self.ranks.id_end(row.principal) as usize;
            let grant = self.ranks.id_begin_sync.get(row.end) + 1;
            let last = self.last.get_mut(principal);
            if last.is_none_or(|last| std::mem::replace(last, grant) == grant) {
                return Err(Why::Repeated);
            }
        }
        Ok(())
    }
}

/// The integers of a record: the number of its row, and in one index the same as a column before it.
/// SQLite stores both.
fn integers(kind: GrantIndex, id: &[i64; 2]) -> &[i64] {
    match kind {
        GrantIndex::EntitlementSync => id,
        _ => slice::from_ref(&id[0]),
    }
}
