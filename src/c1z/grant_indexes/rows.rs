//! All grants of a file as numbers: eight bytes each, and every string once.

use std::io;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};

use super::dictionary::{Dictionary, Groups};
use super::orders::Entry;
use super::pending::{All, Pending};
use super::{Limits, Why};
use crate::c1z::pages::table::Row;
use crate::c1z::store::Stop;

const COLUMNS: &str = "resource_type_id, resource_id, entitlement_id, sync_id,
     principal_resource_type_id, principal_resource_id, external_id";

/// The grants of all syncs of a file, followed as they are stored.
#[derive(Debug)]
pub(in crate::c1z) struct Rows {
    limits: Limits,
    /// `None` if they are to be read at the end.
    known: Option<Known>,
    /// Whether grants of dropped syncs may still be stored.
    has_strays: bool,
    /// The last of the known grants, which are not stored. While there are some, all others are known.
    pending: Pending,
}

impl Rows {
    pub(in crate::c1z) fn new(limits: Limits) -> Self {
        Self {
            limits,
            known: Some(Known::default()),
            has_strays: false,
            pending: Pending::default(),
        }
    }

    /// Reads the grants of these syncs of another database, whose rows are copied in their order
    /// into an empty table meanwhile. Ends early on `stop`.
    pub(in crate::c1z) fn follow_copy(&mut self, from: &Connection, syncs: &[String], stop: &Stop) {
        self.follow(|known, limits| known.read_copied(from, syncs, limits, stop));
    }

    /// Reads all grants, whose rows stay as they are, and looks for those of other syncs than these
    /// ([`Self::delete_strays`]). Calls `begun` when it has begun to read: from then on, other tables
    /// may be written. Ends early on `stop`.
    pub(in crate::c1z) fn follow_kept(
        &mut self,
        connection: &Connection,
        syncs: &[String],
        stop: &Stop,
        begun: impl FnOnce(),
    ) {
        let read = self.read_kept(connection, syncs, stop, begun);
        if read.is_err() {
            self.give_up();
        }
    }

    /// Must be called if grants of dropped syncs cannot be looked for.
    pub(in crate::c1z) fn give_up(&mut self) {
        self.read_at_end();
        self.has_strays = true;
    }

    /// Must be called if stored grants cannot be followed.
    pub(in crate::c1z) fn read_at_end(&mut self) {
        self.known = None;
    }

    fn read_kept(
        &mut self,
        connection: &Connection,
        syncs: &[String],
        stop: &Stop,
        begun: impl FnOnce(),
    ) -> Result<(), Why> {
        let query = format!("select {COLUMNS}, id from v1_grants not indexed order by id");
        let mut statement = connection.prepare(&query)?;
        let mut found = statement.query([])?;
        let mut next = found.next();
        begun();
        // Until all are read.
        self.has_strays = true;
        let mut has_strays = false;
        while let Some(row) = next? {
            if stop.is_set() {
                return Err(Why::Stopped);
            }
            let sync = row.get_ref(3)?;
            if sync
                .as_str()
                .is_ok_and(|sync| syncs.iter().any(|kept| kept == sync))
            {
                self.follow(|known, limits| {
                    known.check_count(limits)?;
                    known.add_row(row.get(7)?, row, limits.followed_names)
                });
            } else {
                has_strays = true;
            }
            next = found.next();
        }
        self.has_strays = has_strays;
        Ok(())
    }

    /// Deletes the grants of dropped syncs, if there may be some.
    pub(in crate::c1z) fn delete_strays(
        &mut self,
        connection: &Connection,
    ) -> rusqlite::Result<()> {
        if self.has_strays {
            self.forget(connection)?;
            let strays = "sync_id not in (select sync_id from v1_sync_runs)";
            connection.execute(&format!("delete from v1_grants where {strays}"), [])?;
            self.has_strays = false;
        }
        Ok(())
    }

    /// Checks that the grants are those that are stored, after a copy.
    pub(in crate::c1z) fn check(&mut self, connection: &Connection) {
        self.follow(|known, _| {
            let is_last = last_id(connection)? == known.last_id;
            is_last.then_some(()).ok_or(Why::Rows)
        });
    }

    /// Adds a grant that is stored as the row `id`.
    pub(in crate::c1z) fn add(&mut self, id: i64, grant: &Names<'_>) {
        self.follow(|known, limits| {
            // Another number, and rows came or went meanwhile.
            if id != known.last_id + 1 {
                return Err(Why::Rows);
            }
            known.check_count(limits)?;
            known.add(id, grant, limits.followed_names)
        });
    }

    /// Adds a derived grant, which has the usual id, without storing it. `parts` are the field of the
    /// grant with its entitlement, and the fields behind its id; `at` is the local time. Returns whether
    /// it was added: if not, [`Self::store_pending`] must be called, and the grant stored.
    pub(in crate::c1z) fn add_pending(
        &mut self,
        end: [&str; 3],
        sync_id: &str,
        principal: [&str; 2],
        parts: [&[u8]; 2],
        at: &str,
    ) -> bool {
        let Some(known) = &mut self.known else {
            return false;
        };
        let [kind, resource, entitlement] = end;
        let end = [kind, resource, entitlement, sync_id].map(str::as_bytes);
        let room = self.limits.followed_names;
        let numbers = known
            .check_count(&self.limits)
            .and_then(|()| known.numbers(end, principal.map(str::as_bytes), room));
        let Ok(numbers) = numbers else {
            return false;
        };
        let is_added = self.pending.add(numbers.0, parts, at, room).is_some();
        if is_added {
            known.push(numbers);
        }
        is_added
    }

    /// Stores the pending grants as rows.
    pub(in crate::c1z) fn store_pending(
        &mut self,
        connection: &Connection,
    ) -> rusqlite::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let Some(known) = &mut self.known else {
            // What they consist of is lost, which must not happen.
            return Err(rusqlite::Error::InvalidQuery);
        };
        let first = last_id(connection)? + 1;
        self.pending.store(connection, first, known.all())?;
        let count = std::mem::take(&mut self.pending).len();
        if first != known.last_id + 1 || known.number_pending(count).is_err() {
            self.read_at_end();
        }
        Ok(())
    }

    /// Must be called before grants are deleted.
    pub(in crate::c1z) fn forget(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.store_pending(connection)?;
        self.read_at_end();
        Ok(())
    }

    /// What cannot be followed is read at the end, and may then be within the limits.
    fn follow(&mut self, step: impl FnOnce(&mut Known, &Limits) -> Result<(), Why>) {
        if let Some(known) = &mut self.known
            && step(known, &self.limits).is_err()
        {
            self.known = None;
        }
    }

    /// All grants, also the pending ones. If that fails, these have been stored, or it is because they
    /// could not be.
    pub(super) fn finish(mut self, connection: &Connection) -> Result<Grants, Why> {
        let first = self.number_pending(connection).map_err(Why::Unwritten)?;
        let Self {
            limits,
            known,
            pending,
            ..
        } = self;
        let mut known = known.unwrap_or_default();
        if pending.is_empty() {
            known.read(connection, &limits, limits.most)?;
            if known.principals.len() < limits.least {
                return Err(Why::Rows);
            }
        }
        Ok(Grants {
            pending,
            first_pending: first,
            ends: known.ends,
            principals: known.principals,
            ids: known.ids,
            end_names: known.end_names.into_groups(),
            principal_names: known.principal_names.into_groups(),
            are_usual: !known.has_others,
        }
        .with_sorted_principals())
    }
}

impl Rows {
    /// Gives numbers to the pending grants, or stores them if their pages cannot be written. Returns the
    /// number of the first.
    fn number_pending(&mut self, connection: &Connection) -> rusqlite::Result<i64> {
        if self.pending.is_empty() {
            return Ok(0);
        }
        let first = last_id(connection)? + 1;
        if let Some(known) = &mut self.known
            && first == known.last_id + 1
            && known.principals.len() >= self.limits.least
            && known.number_pending(self.pending.len()).is_ok()
        {
            return Ok(first);
        }
        self.store_pending(connection)?;
        Ok(0)
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

/// The strings of a grant.
#[derive(Clone, Copy, Debug)]
pub(in crate::c1z) struct Names<'a> {
    /// Type and id of the resource that it is on, its entitlement and its sync.
    end: [&'a [u8]; 4],
    /// Type and id.
    principal: [&'a [u8]; 2],
    id: &'a [u8],
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

#[derive(Debug, Default)]
struct Known {
    ends: Vec<u32>,
    principals: Vec<u32>,
    ids: Ids,
    end_names: Dictionary<4>,
    principal_names: Dictionary<2>,
    has_others: bool,
    /// The id of the last row, and its numbers.
    last_id: i64,
    last: (u32, u32),
}

impl Known {
    /// Reads the rows after those that are known, unless there would be more than `most`.
    fn read(&mut self, connection: &Connection, limits: &Limits, most: usize) -> Result<(), Why> {
        let last = last_id(connection)?;
        if last < self.last_id {
            *self = Self::default();
        }
        let known = if self.principals.is_empty() {
            i64::MIN
        } else {
            self.last_id
        };
        let room = room_after(connection, known)?;
        if self.principals.len().saturating_add(room) > most {
            return Err(Why::Rows);
        }
        // Grown in steps, a list would need room twice for a moment.
        self.ends.reserve_exact(room);
        self.principals.reserve_exact(room);
        let query =
            format!("select {COLUMNS}, id from v1_grants not indexed where id > ?1 order by id");
        let mut statement = connection.prepare(&query)?;
        let mut found = statement.query([known])?;
        while let Some(row) = found.next()? {
            if self.principals.len() >= most {
                return Err(Why::Rows);
            }
            self.add_row(row.get(7)?, row, limits.names)?;
        }
        Ok(())
    }

    /// Reads rows as they will be stored in an empty table.
    fn read_copied(
        &mut self,
        from: &Connection,
        syncs: &[String],
        limits: &Limits,
        stop: &Stop,
    ) -> Result<(), Why> {
        let places = vec!["?"; syncs.len()].join(", ");
        let query = format!(
            "select {COLUMNS} from v1_grants not indexed where sync_id in ({places}) order by id"
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
    fn check_count(&self, limits: &Limits) -> Result<(), Why> {
        let fits = self.principals.len() < limits.followed;
        fits.then_some(()).ok_or(Why::Rows)
    }

    fn add_row(&mut self, id: i64, row: &rusqlite::Row<'_>, room: usize) -> Result<(), Why> {
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
    fn add(&mut self, id: i64, names: &Names<'_>, room: usize) -> Result<(), Why> {
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
    fn numbers(
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

    fn push(&mut self, numbers: (u32, u32)) {
        self.last = numbers;
        self.ends.push(numbers.0);
        self.principals.push(numbers.1);
    }

    /// Gives the last `count` grants the numbers behind that of the last row.
    fn number_pending(&mut self, count: usize) -> Result<(), Why> {
        let place = self.ends.len().checked_sub(count).ok_or(Why::Rows)?;
        self.ids.push(place, self.last_id + 1).ok_or(Why::Gaps)?;
        self.last_id += i64::try_from(count).map_err(|_| Why::Rows)?;
        Ok(())
    }

    fn all(&self) -> All<'_> {
        All {
            ends: &self.ends,
            principals: &self.principals,
            end_names: self.end_names.groups(),
            principal_names: self.principal_names.groups(),
        }
    }
}

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
    pub(super) fn pending_rows<E: From<io::Error>>(
        &self,
        with: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
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
    fn with_sorted_principals(mut self) -> Self {
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
    fn push(&mut self, place: usize, id: i64) -> Option<()> {
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
