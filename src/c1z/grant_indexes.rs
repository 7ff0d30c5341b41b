//! The large indexes of grants and the rows of derived grants, written as pages behind the database
//! while that is packed.
//!
//! SQLite sorts every row for every index. Here the rows are numbers, so sorting them is cheap, and
//! the pages are never on disk. All that is not as expected is left to SQLite: `insert` and
//! `create index`, which are slower by seconds, and not otherwise different.
//!
//! The database has to name the root pages before they exist, so all pages are counted first. Between
//! [`build`] and the end of packing it cannot be used.

mod dictionary;
mod grants;
mod head;
mod known;
mod orders;
mod pending;
mod records;
mod removal;
mod rows;
mod stored;

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests;

use std::fs::File;
use std::io::{self, Write};
use std::panic::resume_unwind;
use std::path::Path;
use std::thread::{self, ScopedJoinHandle};

use rusqlite::{Connection, params};

use super::error::{Error, Result};
use super::pages::index::longest;
use super::pages::table::{self, Layout, Stored};
use super::pages::turns::{Pages, Turns};
use super::schema::{self, GrantIndex};
use super::store::Stop;
use grants::Grants;
use head::Head;
pub(super) use head::SIZE as HEAD_SIZE;
pub(super) use known::Names;
use orders::AllRanks;
pub(super) use pending::EncodedGrant;
use records::Index;
pub(super) use removal::Removal;
pub(super) use rows::Rows;

/// When the pages are written here. Otherwise SQLite builds the indexes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The least number of rows: with few, nothing can be saved.
    pub(super) least: usize,
    /// The most rows that are followed as they are stored, and the most memory for their strings, in
    /// bytes. More are read at the end, when the sync itself needs no memory any more.
    pub(super) followed: usize,
    pub(super) followed_names: usize,
    /// The largest number of a row. Each row takes eight bytes of memory.
    pub(super) most: usize,
    /// The most memory for strings, in bytes, of entitlements and of principals.
    pub(super) names: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Tests have few rows, and are to see these pages.
            least: if cfg!(test) { 1 } else { 10_000 },
            followed: 4_000_000,
            followed_names: 8 << 20,
            most: 16_000_000,
            names: 64 << 20,
        }
    }
}

/// Why SQLite builds the indexes.
#[derive(Debug, thiserror::Error)]
enum Why {
    #[error("the number of rows")]
    Rows,
    #[error("a value that is not a text")]
    NoText,
    #[error("the size of all ids")]
    Names,
    #[error("too many gaps between rows")]
    Gaps,
    #[error("an id that is too long")]
    TooLong,
    #[error("a grant that is there twice")]
    Repeated,
    #[error("the format of the database")]
    Format,
    #[error("the end of the sync")]
    Stopped,
    #[error("a query that failed")]
    Unread(#[from] rusqlite::Error),
    /// Without a journal, a failed write may leave a broken database, so it ends the sync.
    #[error("a write that failed")]
    Unwritten(#[source] rusqlite::Error),
    #[error("a failed read")]
    Io(#[from] io::Error),
}

/// Builds the indexes of a database without an open transaction, and stores the pending grants. What
/// is returned has to be packed with the database.
pub(super) fn build(
    connection: &Connection,
    database: &Path,
    rows: Rows,
    stop: &Stop,
) -> Result<Option<Tail>> {
    let failed = || Error::database("building indexes");
    let why = match rows.finish(connection, database) {
        Ok(grants) => {
            let mut tail = Tail::of(grants);
            let planned = tail.plan(connection, database, stop);
            match planned.and_then(|()| tail.enter(connection, database)) {
                Ok(()) => return Ok(Some(tail)),
                Err(Why::Unwritten(error)) => return Err(failed()(error)),
                Err(why) => {
                    tail.grants.store_pending(connection).map_err(failed())?;
                    why
                }
            }
        }
        Err(Why::Unwritten(error)) => return Err(failed()(error)),
        Err(why) => why,
    };
    tracing::debug!(%why, "SQLite builds the indexes of grants");
    let statements = GrantIndex::create_all();
    connection.execute_batch(&statements).map_err(failed())?;
    Ok(None)
}

/// The pages behind a database, before they are written.
#[derive(Debug)]
pub(super) struct Tail {
    grants: Grants,
    ranks: AllRanks,
    head: Head,
    /// The pages of the pending grants, if there are some.
    table: Option<Layout>,
    table_turns: Turns,
    indexes: Vec<GrantIndex>,
    turns: Turns,
}

impl Tail {
    /// A tail without pages, until they are planned.
    fn of(grants: Grants) -> Self {
        Self {
            ranks: AllRanks::new(&grants),
            grants,
            head: Head::default(),
            table: None,
            table_turns: Turns::default(),
            indexes: GrantIndex::ALL.to_vec(),
            turns: Turns::default(),
        }
    }

    fn plan(&mut self, connection: &Connection, database: &Path, stop: &Stop) -> Result<(), Why> {
        let grants = &self.grants;
        // Without the number of the row, colons and types.
        let page_size = Head::read(database)?.page_size;
        let texts = longest(page_size).saturating_sub(40);
        if grants.end_names.longest() + grants.principal_names.longest() > texts {
            return Err(Why::TooLong);
        }
        if !grants.are_usual || orders::has_prefixes(grants) {
            self.store_pending(connection)?;
            let created = connection.execute_batch(&GrantIndex::External.create());
            created.map_err(Why::Unwritten)?;
            self.indexes.retain(|kind| *kind != GrantIndex::External);
        }
        self.table = self.plan_table(connection, &File::open(database)?, page_size)?;
        if self.table.is_none() {
            self.store_pending(connection)?;
        }
        self.head = Head::read(database)?;
        let of_table = self.table.iter().map(Layout::pages).collect();
        self.table_turns = Turns::new(self.head.pages, page_size, of_table)?;
        let of_indexes = self.count_all(stop)?;
        self.turns = Turns::new(self.table_turns.last(), page_size, of_indexes)?;
        Ok(())
    }

    /// Works out how many pages the pending grants take. `None` if there are none, or they have to be
    /// stored.
    fn plan_table(
        &self,
        connection: &Connection,
        database: &File,
        page_size: u32,
    ) -> Result<Option<Layout>, Why> {
        if self.grants.pending.is_empty() {
            return Ok(None);
        }
        let root = stored::root(connection)?;
        let last_id = self.grants.first_pending - 1;
        let Some(stored) = Stored::read(database, page_size, root, last_id)? else {
            return Ok(None);
        };
        let mut count = table::Count::new(page_size);
        let mut fits = true;
        self.grants.pending_rows(|row| {
            fits &= count.add(row).is_some();
            Ok(())
        })?;
        Ok(count.finish(stored).filter(|_| fits))
    }

    fn store_pending(&mut self, connection: &Connection) -> Result<(), Why> {
        self.grants
            .store_pending(connection)
            .map_err(Why::Unwritten)
    }

    /// Works out how many pages each index takes, side by side.
    fn count_all(&self, stop: &Stop) -> Result<Vec<u32>, Why> {
        thread::scope(|scope| {
            let count = |kind: &GrantIndex| {
                let kind = *kind;
                let count = move || {
                    if stop.is_set() {
                        return Err(Why::Stopped);
                    }
                    self.index(kind).count(self.head.page_size)
                };
                thread::Builder::new().spawn_scoped(scope, count)
            };
            let counting: io::Result<Vec<_>> = self.indexes.iter().map(count).collect();
            let counted = counting?.into_iter().map(ScopedJoinHandle::join);
            counted
                .map(|counted| counted.unwrap_or_else(|panic| resume_unwind(panic)))
                .collect()
        })
    }

    /// An index, for its pages.
    fn index(&self, kind: GrantIndex) -> Index<'_> {
        Index {
            kind,
            grants: &self.grants,
            ranks: &self.ranks,
        }
    }

    /// Names the indexes in the database, which must not grow through that.
    fn enter(&self, connection: &Connection, database: &Path) -> Result<(), Why> {
        self.insert(connection).map_err(Why::Unwritten)?;
        if Head::read(database).is_ok_and(|head| head == self.head) {
            return Ok(());
        }
        self.take_back(connection).map_err(Why::Unwritten)?;
        Err(Why::Format)
    }

    fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        schema::set_writable(connection, true)?;
        connection.execute_batch("begin")?;
        if self.table.is_some() {
            set_root(connection, self.table_turns.root(0))?;
        }
        for (at, kind) in self.indexes.iter().enumerate() {
            connection.execute(
                "insert into sqlite_schema (type, name, tbl_name, rootpage, sql)
                 values ('index', ?1, 'v1_grants', ?2, ?3)",
                params![kind.name(), self.turns.root(at), kind.stored()],
            )?;
        }
        connection.execute_batch("commit")?;
        schema::set_writable(connection, false)
    }

    /// Undoes [`Self::insert`].
    fn take_back(&self, connection: &Connection) -> rusqlite::Result<()> {
        schema::set_writable(connection, true)?;
        if let Some(table) = &self.table {
            set_root(connection, table.stored.root)?;
        }
        connection.execute(
            "delete from sqlite_schema where rootpage > ?1",
            [self.head.pages],
        )?;
        schema::set_writable(connection, false)
    }

    /// The size of the pages in bytes.
    pub(super) fn size(&self) -> u64 {
        let pages = self.turns.last() - self.head.pages;
        u64::from(pages) * u64::from(self.head.page_size)
    }

    /// Writes the number of all pages into the header of the database, and from where on they are those
    /// of the indexes.
    pub(super) fn patch(&self, header: &mut [u8; HEAD_SIZE]) -> io::Result<()> {
        if Head::parse(header) != Some(self.head) {
            return Err(io::Error::other("the database is not as it was"));
        }
        // With an index among the pages of the database, those behind it are of no use alone.
        let has_all = self.indexes == GrantIndex::ALL;
        let before = if has_all { self.table_turns.last() } else { 0 };
        head::set_pages(header, self.turns.last(), before)
    }

    /// Writes the pages.
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let make = |_, pages: &mut Pages<'_>| match &self.table {
            Some(layout) => self.make_table(layout, pages),
            None => Ok(()),
        };
        self.table_turns.write(make, to)?;
        let make = |at: usize, pages: &mut Pages<'_>| match self.indexes.get(at) {
            Some(kind) => self.index(*kind).make(self.head.page_size, pages),
            None => Ok(()),
        };
        self.turns.write(make, to)
    }

    fn make_table(&self, layout: &Layout, pages: &mut Pages<'_>) -> io::Result<()> {
        let mut builder = table::Builder::new(layout, pages);
        self.grants.pending_rows(|row| builder.add(row))?;
        builder.finish()
    }
}

/// Sets the root page of the table of grants.
fn set_root(connection: &Connection, page: u32) -> rusqlite::Result<()> {
    let update =
        "update sqlite_schema set rootpage = ?1 where type = 'table' and name = 'v1_grants'";
    connection.execute(update, [page]).map(drop)
}
