//! Takes the pages of the indexes off a database again, so that it can take more rows.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rusqlite::Connection;

use super::head::{self, Head, SIZE};
use super::known::last_id;
use crate::c1z::database;
use crate::c1z::pages::trees::Trees;
use crate::c1z::schema::{self, GrantIndex};

/// Rows with larger numbers than this are copied, which numbers them anew.
const LARGEST_ID: i64 = 1 << 31;

/// A database with these indexes at its end, while it is unpacked.
#[derive(Debug)]
pub(in crate::c1z) struct Removal {
    header: [u8; SIZE],
    head: Head,
    trees: Trees,
}

impl Removal {
    /// `None` if the header is not that of a database with such pages, or if much of the database
    /// would be of no use.
    pub(in crate::c1z) fn new(header: &[u8; SIZE]) -> Option<Self> {
        let head = Head::parse(header)?;
        let before = head.pages_before;
        let is_usual = (1..head.pages).contains(&before) && head.free_pages < before / 4;
        is_usual.then(|| Self {
            header: *header,
            head,
            trees: Trees::new(before, head.page_size),
        })
    }

    /// The size of the database without the indexes, in bytes.
    pub(in crate::c1z) fn size(&self) -> u64 {
        u64::from(self.head.page_size) * u64::from(self.head.pages_before)
    }

    /// Takes the pages behind that, one or more at a time.
    pub(in crate::c1z) fn add(&mut self, pages: &[u8]) {
        self.trees.add(pages);
    }

    /// Removes the indexes from the database, of which the file holds only [`Self::size`] bytes.
    /// Returns whether that is now a database as this program creates it. If not, another program
    /// has changed it.
    pub(in crate::c1z) fn finish(mut self, path: &Path) -> io::Result<bool> {
        head::set_pages(&mut self.header, self.head.pages_before, 0)?;
        let file = File::options().write(true).open(path)?;
        file.write_all_at(&self.header, 0)?;
        Ok(self.remove(path).unwrap_or(false))
    }

    fn remove(self, path: &Path) -> rusqlite::Result<bool> {
        let connection = database::open(path)?;
        schema::only_tables(&connection)?;
        // Otherwise SQLite refuses a schema with roots that are not there.
        schema::set_writable(&connection, true)?;
        connection.execute_batch("pragma journal_mode = off; pragma synchronous = off;")?;
        let roots = roots(&connection)?;
        if entries(&connection)? != usual_entries()? || !self.trees.are(&roots, self.head.pages) {
            return Ok(false);
        }
        if last_id(&connection)? > LARGEST_ID {
            return Ok(false);
        }
        for kind in GrantIndex::ALL {
            let delete = "delete from sqlite_schema where name = ?1";
            connection.execute(delete, [kind.name()])?;
        }
        Ok(true)
    }
}

/// The roots of the indexes.
fn roots(connection: &Connection) -> rusqlite::Result<Vec<u32>> {
    let mut statement = connection.prepare("select rootpage from sqlite_schema where name = ?1")?;
    let roots = GrantIndex::ALL.map(|kind| statement.query_row([kind.name()], |row| row.get(0)));
    roots.into_iter().collect()
}

/// What is in a database: types, names, tables and statements.
type Entries = BTreeSet<[Option<String>; 4]>;

fn entries(connection: &Connection) -> rusqlite::Result<Entries> {
    let query = "select type, name, tbl_name, sql from sqlite_schema";
    let mut statement = connection.prepare(query)?;
    let entries = statement.query_map([], |row| {
        Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
    })?;
    entries.collect()
}

/// What is in a database that this program has finished.
fn usual_entries() -> rusqlite::Result<Entries> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(schema::TABLES)?;
    connection.execute_batch(schema::INDEXES)?;
    let mut entries = entries(&connection)?;
    for kind in GrantIndex::ALL {
        let texts = ["index", kind.name(), "v1_grants", &kind.stored()];
        entries.insert(texts.map(|text| Some(text.to_owned())));
    }
    Ok(entries)
}
