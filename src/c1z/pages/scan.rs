//! Reads the rows of a table from its pages. SQLite takes several times as long, because it hands over
//! each value by itself.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use super::record::read_varint;
use super::{CHILD, TABLE_INTERIOR, TABLE_LEAF, cell, cells, part, rightmost, wrong};

/// A table of a database. Nobody writes to it while it is read.
#[derive(Debug)]
pub(in crate::c1z) struct Table {
    pub(in crate::c1z) database: File,
    pub(in crate::c1z) page_size: u32,
    pub(in crate::c1z) root: u32,
}

impl Table {
    /// Calls `each` with all rows, or those behind the one with the number `after`, in the order of
    /// their numbers. An error if a page is not as it should be; the rows before it have been handed over.
    pub(in crate::c1z) fn rows<E: From<io::Error>>(
        &self,
        after: Option<i64>,
        mut each: impl FnMut(i64, Values<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut reader = Reader::new(self)?;
        let mut last = after;
        let mut pages = vec![self.root];
        while let Some(number) = pages.pop() {
            match reader.open(number)? {
                TABLE_LEAF => {
                    for place in 0..reader.cells()? {
                        let cell = reader.cell(place)?;
                        if Some(cell.id) <= after {
                            continue;
                        }
                        if Some(cell.id) <= last {
                            return Err(wrong().into());
                        }
                        last = Some(cell.id);
                        each(cell.id, reader.values(&cell)?)?;
                    }
                }
                TABLE_INTERIOR => reader.below(after, &mut pages)?,
                _ => return Err(wrong().into()),
            }
        }
        Ok(())
    }
}

/// The values of a row.
#[derive(Clone, Copy, Debug)]
pub(in crate::c1z) struct Values<'a> {
    record: &'a [u8],
    values: &'a [Value],
}

/// Whether it is a text, and where it is in the record.
type Value = (bool, Range<usize>);

impl<'a> Values<'a> {
    /// The value of a column, counted from 0. `None` if it is not a text.
    pub(in crate::c1z) fn text(&self, column: usize) -> Option<&'a [u8]> {
        let (is_text, place) = self.values.get(column)?;
        self.record.get(place.clone()).filter(|_| *is_text)
    }
}

/// A row in its page.
struct Cell {
    id: i64,
    /// The length of its record.
    length: usize,
    /// Where that begins.
    start: usize,
}

/// Reads one page at a time.
struct Reader<'a> {
    table: &'a Table,
    page_size: usize,
    /// How many pages may still be read: only those of a broken tree are read twice.
    left: u64,
    page: Vec<u8>,
    /// A record that continues on other pages.
    long: Vec<u8>,
    values: Vec<Value>,
}

impl<'a> Reader<'a> {
    fn new(table: &'a Table) -> io::Result<Self> {
        let page_size = table.page_size as usize;
        Ok(Self {
            table,
            page_size,
            left: table.database.metadata()?.len() / u64::from(table.page_size.max(1)),
            page: vec![0; page_size],
            long: Vec::new(),
            values: Vec::new(),
        })
    }

    /// Reads a page. Returns its type.
    fn open(&mut self, number: u32) -> io::Result<u8> {
        self.take(number)?;
        self.table
            .database
            .read_exact_at(&mut self.page, place_of(number, self.page_size))?;
        self.page.first().copied().ok_or_else(wrong)
    }

    /// Counts a page that is about to be read.
    fn take(&mut self, number: u32) -> io::Result<()> {
        // The first one has another header, and is not of this table.
        let left = self.left.checked_sub(1).filter(|_| number > 1);
        self.left = left.ok_or_else(wrong)?;
        Ok(())
    }

    fn cells(&self) -> io::Result<usize> {
        cells(&self.page).ok_or_else(wrong)
    }

    /// The row at a place of a leaf.
    fn cell(&self, place: usize) -> io::Result<Cell> {
        let find = || {
            let (length, rest) = read_varint(cell(&self.page, place)?)?;
            let (id, rest) = read_varint(rest)?;
            Some(Cell {
                id: id.cast_signed(),
                length: usize::try_from(length).ok()?,
                start: self.page.len() - rest.len(),
            })
        };
        find().ok_or_else(wrong)
    }

    /// Adds the pages below this one that may have rows behind the one with the number `after`, the
    /// first one as the last.
    fn below(&self, after: Option<i64>, pages: &mut Vec<u32>) -> io::Result<()> {
        pages.push(rightmost(&self.page).ok_or_else(wrong)?);
        for place in (0..self.cells()?).rev() {
            let find = || {
                let cell = cell(&self.page, place)?;
                let (largest, _) = read_varint(cell.get(CHILD..)?)?;
                Some((u32::from_be_bytes(part(cell, 0)?), largest.cast_signed()))
            };
            let (page, largest) = find().ok_or_else(wrong)?;
            if Some(largest) <= after {
                break;
            }
            pages.push(page);
        }
        Ok(())
    }

    fn values(&mut self, cell: &Cell) -> io::Result<Values<'_>> {
        let within = self.length_within(cell.length);
        let is_long = within < cell.length;
        let place = cell.start..cell.start + within;
        if is_long {
            let next = part(&self.page, place.end).ok_or_else(wrong)?;
            let begin = self.page.get(place.clone()).ok_or_else(wrong)?;
            self.long.clear();
            self.long.extend_from_slice(begin);
            self.read_long(u32::from_be_bytes(next), cell.length)?;
        }
        let record = if is_long {
            Some(self.long.as_slice())
        } else {
            self.page.get(place)
        };
        let record = record.ok_or_else(wrong)?;
        parse(record, &mut self.values).ok_or_else(wrong)?;
        Ok(Values {
            record,
            values: &self.values,
        })
    }

    /// How much of a record of `length` bytes is in the page of its row: section 1.6 of the format.
    fn length_within(&self, length: usize) -> usize {
        let size = self.page_size;
        let most = size.saturating_sub(35);
        if length <= most {
            return length;
        }
        let least = (size.saturating_sub(12) * 32 / 255).saturating_sub(23);
        let fitting = least + (length - least) % size.saturating_sub(4).max(1);
        if fitting <= most { fitting } else { least }
    }

    /// Adds to a record what is on other pages, the first of which is `number`.
    fn read_long(&mut self, mut number: u32, length: usize) -> io::Result<()> {
        while self.long.len() < length {
            self.take(number)?;
            let mut next = [0; CHILD];
            let place = place_of(number, self.page_size);
            let database = &self.table.database;
            database.read_exact_at(&mut next, place)?;
            let have = self.long.len();
            let more = (length - have).min(self.page_size.saturating_sub(CHILD));
            self.long.resize(have + more, 0);
            let to = self.long.get_mut(have..).unwrap_or_default();
            database.read_exact_at(to, place + CHILD as u64)?;
            number = u32::from_be_bytes(next);
        }
        Ok(())
    }
}

/// Where a page is in the file.
fn place_of(number: u32, page_size: usize) -> u64 {
    u64::from(number.saturating_sub(1)) * page_size as u64
}

/// Finds the values of a record.
fn parse(record: &[u8], values: &mut Vec<Value>) -> Option<()> {
    values.clear();
    let (length, types) = read_varint(record)?;
    let mut start = usize::try_from(length).ok()?;
    let mut types = types.get(..start.checked_sub(record.len() - types.len())?)?;
    while !types.is_empty() {
        let (kind, rest) = read_varint(types)?;
        types = rest;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => (kind - 12) / 2,
        };
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        values.push((kind > 12 && kind % 2 == 1, start..end));
        start = end;
    }
    (start <= record.len()).then_some(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use rusqlite::{Connection, params};
    use tempfile::TempDir;
    use test_case::test_case;

    use super::*;

    /// Rows by number: a text, a number, and a text behind it.
    type Rows = Vec<(i64, String, i64, String)>;

    /// Writes a database with a table of these rows. Returns the table.
    fn write(path: &Path, page_size: u32, rows: &Rows) -> Table {
        let connection = Connection::open(path).unwrap();
        let create = "create table t (id integer primary key, first text, number integer,
             empty text, last text)";
        connection
            .execute_batch(&format!("pragma page_size = {page_size}; {create}; begin;"))
            .unwrap();
        for (id, first, number, last) in rows {
            let insert = "insert into t values (?1, ?2, ?3, null, ?4)";
            connection
                .execute(insert, params![id, first, number, last])
                .unwrap();
        }
        connection.execute_batch("commit").unwrap();
        let root = "select rootpage from sqlite_schema where name = 't'";
        Table {
            root: connection.query_row(root, [], |row| row.get(0)).unwrap(),
            database: File::open(path).unwrap(),
            page_size,
        }
    }

    fn read(table: &Table, after: Option<i64>) -> io::Result<Vec<(i64, [String; 2])>> {
        let mut found = Vec::new();
        table.rows(after, |id, values| {
            let text = |column| {
                values
                    .text(column)
                    .map(|text| String::from_utf8_lossy(text).into())
            };
            assert_eq!([0, 2, 3, 5].map(|column| values.text(column)), [None; 4]);
            let texts = [1, 4].map(|column| text(column).ok_or_else(wrong));
            let [first, last] = texts;
            found.push((id, [first?, last?]));
            io::Result::Ok(())
        })?;
        Ok(found)
    }

    fn check(page_size: u32, rows: &Rows, after: Option<i64>) {
        let directory = TempDir::new().unwrap();
        let table = write(&directory.path().join("database"), page_size, rows);
        let behind = rows.iter().filter(|(id, ..)| Some(*id) > after);
        let expected = behind.map(|(id, first, _, last)| (*id, [first.clone(), last.clone()]));
        assert_eq!(read(&table, after).unwrap(), expected.collect::<Vec<_>>());
    }

    /// Rows with numbers from `first` on.
    fn some(first: i64, count: i64, length: usize) -> Rows {
        let ids = (0..count).map(|further| first + further);
        ids.map(|id| (id, "a".repeat(length), id, format!("{id}")))
            .collect()
    }

    #[test_case(512, &some(1, 0, 0), None; "none")]
    #[test_case(512, &some(1, 9, 10), None; "one page")]
    #[test_case(512, &some(1, 9_000, 20), None; "a high tree")]
    #[test_case(512, &some(1, 9_000, 20), Some(4_567); "a part of it")]
    #[test_case(512, &some(1, 9_000, 20), Some(9_000); "nothing more")]
    #[test_case(512, &some(-5, 9, 10), Some(-3); "numbers below zero")]
    #[test_case(512, &some(i64::MIN, 3, 10), None; "the smallest numbers")]
    #[test_case(512, &some(i64::MAX - 9, 10, 3), Some(i64::MAX - 3); "the largest numbers")]
    #[test_case(32768, &some(1, 50, 40_000), Some(7); "rows that are longer than a page")]
    #[test_case(65536, &some(1, 3_000, 100), Some(2); "the largest pages")]
    fn rows_are_those_of_sqlite(page_size: u32, rows: &Rows, after: Option<i64>) {
        check(page_size, rows, after);
    }

    /// All lengths at which a row begins to need another page, and two.
    #[test]
    fn rows_of_all_lengths_are_those_of_sqlite() {
        let texts = (0..1_600).map(|length| "a".repeat(length));
        let rows = (0..)
            .zip(texts)
            .map(|(id, text)| (id, text, 1 << (id % 60), "end".into()));
        check(512, &rows.collect(), None);
    }

    /// A page of a tree that is its own child, no page, or that of another table.
    #[test_case(|pages, root| pages[root + 8..root + 12].copy_from_slice(&2_u32.to_be_bytes()); "in a circle")]
    #[test_case(|pages, root| pages[root + 8..root + 12].copy_from_slice(&1_u32.to_be_bytes()); "the first page")]
    #[test_case(|pages, root| pages[root + 8..root + 12].copy_from_slice(&9_999_u32.to_be_bytes()); "behind the last one")]
    #[test_case(|pages, root| pages[root + 8..root + 12].fill(0); "none")]
    #[test_case(|pages, root| pages[root] = 10; "of an index")]
    #[test_case(|pages, root| pages[root + 3] = 255; "more cells than there are")]
    #[test_case(|pages, _| pages.truncate(3 * 512 + 100); "cut off")]
    fn a_broken_page_is_an_error(change: fn(&mut Vec<u8>, usize)) {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("database");
        let table = write(&path, 512, &some(1, 200, 20));
        assert_eq!(table.root, 2);
        let mut pages = fs::read(&path).unwrap();
        change(&mut pages, 512);
        fs::write(&path, pages).unwrap();
        read(&table, None).unwrap_err();
    }

    proptest! {
        #[test]
        fn any_rows_are_those_of_sqlite(
            rows in btree_map(any::<i64>(), ("[a-zé]{0,40}|[a-z]{400,2000}", any::<i64>(), "[a-z]{0,9}"), 0..200),
            after in any::<Option<i64>>(),
        ) {
            let rows = rows.into_iter();
            check(512, &rows.map(|(id, (first, number, last))| (id, first, number, last)).collect(), after);
        }

        /// Whatever is in the pages, reading ends.
        #[test]
        fn changed_bytes_do_no_harm(changes in vec((512_usize..40 * 512, any::<u8>()), 1..20)) {
            let directory = TempDir::new().unwrap();
            let path = directory.path().join("database");
            let table = write(&path, 512, &some(1, 600, 25));
            let mut pages = fs::read(&path).unwrap();
            for (place, byte) in changes {
                pages[place] = byte;
            }
            fs::write(&path, pages).unwrap();
            let _ = table.rows(None, |_, values| {
                for column in 0..9 {
                    let _ = values.text(column);
                }
                io::Result::Ok(())
            });
        }
    }
}
