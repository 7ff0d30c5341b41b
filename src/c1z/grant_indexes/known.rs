//! Grants as numbers, as they come: eight bytes each, and every string once.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params_from_iter};

use super::dictionary::Dictionary;
use super::pending::All;
use super::stored::{COLUMNS, StoredGrants};
use super::{Limits, Why};
use crate::c1z::store::Stop;

/// The strings of a grant.
#[derive(Clone, Copy, Debug)]
pub(in crate::c1z) struct Names<'a> {
    /// Type and id of the resource that it is on, its entitlement and its sync.
    pub(super) end: [&'a [u8]; 4],
    /// Type and id.
    pub(super) principal: [&'a [u8]; 2],
    pub(super) id: &'a [u8],
}

impl<'a> Names<'a> {
    /// `end` is type and id of the resource, and the entitlement; `principal` is type and id.
    pub(in crate::c1z) fn new(
        end: [&'a str; 3],
        sync_id: &'a str,
        principal: [&'a str; 2],
        id: &'a str,
    ) -> Self {
        let [kind, resource, entitlement] = end;
        Self {
            end: [kind, resource, entitlement, sync_id].map(str::as_bytes),
            principal: principal.map(str::as_bytes),
            id: id.as_bytes(),
        }
    }
}

/// Grants that are known, in the order of their rows.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) ends: Vec<u32>,
    pub(super) principals: Vec<u32>,
    pub(super) ids: Ids,
    pub(super) end_names: Dictionary<4>,
    pub(super) principal_names: Dictionary<2>,
    pub(super) has_others: bool,
    /// The id of the last row, and its numbers.
    pub(super) last_id: i64,
    pub(super) last: (u32, u32),
}

impl Known {
    /// Reads the rows after those that are known, unless there are too many.
    pub(super) fn read(
        &mut self,
        connection: &Connection,
        database: &Path,
        limits: &Limits,
    ) -> Result<(), Why> {
        let last = last_id(connection)?;
        if last < self.last_id {
            *self = Self::default();
        }
        let known = (!self.principals.is_empty()).then_some(self.last_id);
        if known == Some(last) {
            return Ok(());
        }
        let room = room_after(connection, known.unwrap_or(i64::MIN))?;
        if self.principals.len().saturating_add(room) > limits.most {
            return Err(Why::Rows);
        }
        // Grown in steps, a list would need room twice for a moment.
        self.ends.reserve_exact(room);
        self.principals.reserve_exact(room);
        StoredGrants::find(connection, database)?.rows(known, |id, names| {
            if self.principals.len() >= limits.most {
                return Err(Why::Rows);
            }
            self.add(id, names, limits.names)
        })
    }

    /// Reads rows as they will be stored in an empty table.
    pub(super) fn read_copied(
        &mut self,
        from: &Connection,
        syncs: &[String],
        limits: &Limits,
        stop: &Stop,
    ) -> Result<(), Why> {
        let places = vec!["?"; syncs.len()].join(", ");
        let columns = COLUMNS.join(", ");
        let query = format!(
            "select {columns} from v1_grants not indexed where sync_id in ({places}) order by id"
        );
        let mut statement = from.prepare(&query)?;
        let mut found = statement.query(params_from_iter(syncs))?;
        while let Some(row) = found.next()? {
            self.check_count(limits)?;
            if stop.is_set() {
                return Err(Why::Stopped);
            }
            self.add_row(self.last_id + 1, row, limits.followed_names)?;
        }
        Ok(())
    }

    /// Whether one row more can be followed.
    pub(super) fn check_count(&self, limits: &Limits) -> Result<(), Why> {
        let fits = self.principals.len() < limits.followed;
        fits.then_some(()).ok_or(Why::Rows)
    }

    fn add_row(&mut self, id: i64, row: &Row<'_>, room: usize) -> Result<(), Why> {
        let text = |column| match row.get_ref(column)? {
            ValueRef::Text(text) => Ok(text),
            _ => Err(Why::NoText),
        };
        let names = Names {
            end: [text(0)?, text(1)?, text(2)?, text(3)?],
            principal: [text(4)?, text(5)?],
            id: text(6)?,
        };
        self.add(id, &names, room)
    }

    /// Adds a row, unless its strings need more than `room` bytes with all others.
    pub(super) fn add(&mut self, id: i64, names: &Names<'_>, room: usize) -> Result<(), Why> {
        let [_, _, entitlement, _] = names.end;
        if !self.has_others && !is_usual(names.id, entitlement, names.principal) {
            self.has_others = true;
        }
        let numbers = self.numbers(names.end, names.principal, room)?;
        self.last_id = id;
        self.ids.push(self.ends.len(), id).ok_or(Why::Gaps)?;
        self.push(numbers);
        Ok(())
    }

    /// The numbers of a grant's end and its principal.
    pub(super) fn numbers(
        &mut self,
        end: [&[u8]; 4],
        principal: [&[u8]; 2],
        room: usize,
    ) -> Result<(u32, u32), Why> {
        // Rows come entitlement by entitlement, and their holders often in the same order.
        let end = self.end_names.number(self.last.0, end, room);
        let guess = self.last.1 + 1;
        let principal = self.principal_names.number(guess, principal, room);
        Ok((end.ok_or(Why::Names)?, principal.ok_or(Why::Names)?))
    }

    pub(super) fn push(&mut self, numbers: (u32, u32)) {
        self.last = numbers;
        self.ends.push(numbers.0);
        self.principals.push(numbers.1);
    }

    /// Gives the last `count` grants the numbers behind that of the last row.
    pub(super) fn number_pending(&mut self, count: usize) -> Result<(), Why> {
        let place = self.ends.len().checked_sub(count).ok_or(Why::Rows)?;
        self.ids.push(place, self.last_id + 1).ok_or(Why::Gaps)?;
        self.last_id += i64::try_from(count).map_err(|_| Why::Rows)?;
        Ok(())
    }

    pub(super) fn all(&self) -> All<'_> {
        All {
            ends: &self.ends,
            principals: &self.principals,
            end_names: self.end_names.groups(),
            principal_names: self.principal_names.groups(),
        }
    }
}

/// The largest id of a row, 0 if there is none.
pub(super) fn last_id(connection: &Connection) -> rusqlite::Result<i64> {
    let query = "select coalesce(max(id), 0) from v1_grants not indexed";
    connection.query_row(query, [], |row| row.get(0))
}

/// The number of rows after the row `id`, if there are no gaps between them.
fn room_after(connection: &Connection, id: i64) -> rusqlite::Result<usize> {
    let query = "select coalesce(min(id), 1) from v1_grants not indexed where id > ?1";
    let first: i64 = connection.query_row(query, [id], |row| row.get(0))?;
    let last = last_id(connection)?;
    Ok(usize::try_from(last.saturating_sub(first).saturating_add(1)).unwrap_or(0))
}

/// Whether a grant's id is `<entitlement>:<type>:<id>`.
fn is_usual(id: &[u8], entitlement: &[u8], [kind, principal]: [&[u8]; 2]) -> bool {
    let after = |text: &mut &[u8], part: &[u8]| match text.strip_prefix(part) {
        Some(rest) => {
            *text = rest;
            true
        }
        None => false,
    };
    let mut rest = id;
    after(&mut rest, entitlement)
        && after(&mut rest, b":")
        && after(&mut rest, kind)
        && after(&mut rest, b":")
        && rest == principal
}

/// The ids of rows by their place, as runs of consecutive numbers.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// The first place and the first id of each run.
    runs: Vec<(u32, i64)>,
}

impl Ids {
    /// More runs would take too much memory, and too long to search.
    const MOST: usize = 1 << 20;

    /// Adds the id of the row at `place`. `None` if there are too many gaps.
    pub(super) fn push(&mut self, place: usize, id: i64) -> Option<()> {
        let place = u32::try_from(place).ok()?;
        let expected = self.runs.last().and_then(|(first, first_id)| {
            let further = i64::from(place - first);
            first_id.checked_add(further)
        });
        if expected == Some(id) {
            return Some(());
        }
        if self.runs.len() == Self::MOST {
            return None;
        }
        self.runs.push((place, id));
        Some(())
    }

    pub(super) fn get(&self, place: u32) -> i64 {
        let run = self.runs.partition_point(|(first, _)| *first <= place);
        let run = run.checked_sub(1).and_then(|run| self.runs.get(run));
        run.map_or(0, |(first, id)| id + i64::from(place - first))
    }
}
