//! The grants of a file while they are stored: followed as numbers, or read at the end.

use std::path::Path;

use rusqlite::Connection;

use super::grants::Grants;
use super::known::{Known, Names, last_id};
use super::pending::Pending;
use super::stored::StoredGrants;
use super::{Limits, Why};
use crate::c1z::store::Stop;
use crate::c1z::{database, temporary};

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

    /// Reads all grants of the database at `path`, whose rows stay as they are, and looks for those of
    /// other syncs than these ([`Self::delete_strays`]). Calls `begun` when only their pages are still
    /// read: from then on, other tables may be written. Ends early on `stop`.
    pub(in crate::c1z) fn follow_kept(
        &mut self,
        path: &Path,
        syncs: &[String],
        stop: &Stop,
        begun: impl FnOnce(),
    ) {
        let read = self.read_kept(path, syncs, stop, begun);
        if read.is_err() {
            // They are read at the end.
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
        path: &Path,
        syncs: &[String],
        stop: &Stop,
        begun: impl FnOnce(),
    ) -> Result<(), Why> {
        let connection = temporary::connect(path).map_err(|_| Why::Format)?;
        let stored = StoredGrants::find(&connection, path)?;
        drop(connection);
        begun();
        // Until all are read.
        self.has_strays = true;
        let mut has_strays = false;
        stored.rows(None, |id, names| {
            if stop.is_set() {
                return Err(Why::Stopped);
            }
            let [.., sync] = names.end;
            if syncs.iter().any(|kept| kept.as_bytes() == sync) {
                self.follow(|known, limits| {
                    known.check_count(limits)?;
                    known.add(id, names, limits.followed_names)
                });
            } else {
                has_strays = true;
            }
            Ok(())
        })?;
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

    /// Stores the pending grants as rows if many pages are free, because a sync has been dropped. With
    /// new pages behind them they would stay free, and the next sync would copy the database.
    pub(in crate::c1z) fn fill_free_pages(
        &mut self,
        connection: &Connection,
    ) -> rusqlite::Result<()> {
        let free = database::number(connection, "freelist_count")?;
        if free > database::number(connection, "page_count")? / 16 {
            self.store_pending(connection)?;
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
    pub(super) fn finish(
        mut self,
        connection: &Connection,
        database: &Path,
    ) -> Result<Grants, Why> {
        let first = self.number_pending(connection).map_err(Why::Unwritten)?;
        let Self {
            limits,
            known,
            pending,
            ..
        } = self;
        let mut known = known.unwrap_or_default();
        if pending.is_empty() {
            known.read(connection, database, &limits)?;
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
