//! All grants of a file, when the last one is there.

use std::io;

use rusqlite::Connection;

use super::dictionary::Groups;
use super::known::Ids;
use super::orders::Entry;
use super::pending::{All, Pending};
use crate::c1z::pages::table::Row;

/// All grants of a file, of all its syncs, in the order of their rows.
#[derive(Debug)]
pub(super) struct Grants {
    /// What each is of, as the number of its end.
    pub(super) ends: Vec<u32>,
    /// Who holds it.
    pub(super) principals: Vec<u32>,
    pub(super) ids: Ids,
    /// Type and id of a resource, the entitlement, the sync.
    pub(super) end_names: Groups<4>,
    /// Type and id, in this order.
    pub(super) principal_names: Groups<2>,
    /// Whether the id of every grant is made of its entitlement and its principal.
    pub(super) are_usual: bool,
    /// The last grants, which are not stored.
    pub(super) pending: Pending,
    /// The number of the first of them.
    pub(super) first_pending: i64,
}

impl Grants {
    /// Calls `with` with each pending grant as a row.
    pub(super) fn pending_rows(
        &self,
        with: impl FnMut(&Row<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let first = u32::try_from(self.first_pending).unwrap_or(u32::MAX);
        self.pending.rows(first, self.all(), with)
    }

    /// Stores the pending grants as rows.
    pub(super) fn store_pending(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.pending
            .store(connection, self.first_pending, self.all())?;
        self.pending = Pending::default();
        Ok(())
    }

    fn all(&self) -> All<'_> {
        All {
            ends: &self.ends,
            principals: &self.principals,
            end_names: &self.end_names,
            principal_names: &self.principal_names,
        }
    }

    /// The row at a place.
    pub(super) fn entry(&self, place: u32) -> Entry {
        let number = |of: &[u32]| of.get(place as usize).copied().unwrap_or_default();
        Entry {
            end: number(&self.ends),
            principal: number(&self.principals),
            place,
        }
    }

    /// Numbers the principals by their order. Rows of an index then come with names that lie beside
    /// each other.
    pub(super) fn with_sorted_principals(mut self) -> Self {
        let names = &self.principal_names;
        let mut sorted: Vec<u32> = (0..).take(names.len()).collect();
        sorted.sort_unstable_by(|a, b| names.get(*a).cmp(&names.get(*b)));
        let names = names.select(&sorted);
        let mut numbers = vec![0; sorted.len()];
        for (number, before) in (0..).zip(sorted) {
            if let Some(to) = numbers.get_mut(before as usize) {
                *to = number;
            }
        }
        for principal in &mut self.principals {
            let number = numbers.get(*principal as usize);
            *principal = number.copied().unwrap_or_default();
        }
        self.principal_names = names;
        self
    }
}
