use std::fs::File;
use std::io::{self, Write};

use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::{Connection, params};
use test_case::test_case;

use super::index::{Builder, Count, longest};
use super::record::{Record, blob_type, text_type, write_types};
use super::table::{self, Layout, Row, Stored};
use super::trees::Trees;
use super::turns::{Pages, Turns};
use super::*;

const PAGE: u32 = 512;

fn record(text: &str, id: i64) -> Vec<u8> {
    record_of(text, &[id])
}

fn record_of(text: &str, integers: &[i64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let record = Record {
        lengths: &[text.len()],
        pieces: &[text.as_bytes()],
        integers,
    };
    record.write(&mut bytes).unwrap();
    assert_eq!(bytes.len(), record.size());
    bytes
}

#[test_case(0, &[3, 15, 8, b'x']; "zero")]
#[test_case(1, &[3, 15, 9, b'x']; "one")]
#[test_case(-1, &[3, 15, 1, b'x', 255]; "minus one")]
#[test_case(127, &[3, 15, 1, b'x', 127]; "one byte")]
#[test_case(128, &[3, 15, 2, b'x', 0, 128]; "two bytes")]
#[test_case(0x8000, &[3, 15, 3, b'x', 0, 128, 0]; "three bytes")]
#[test_case(0x80_0000, &[3, 15, 4, b'x', 0, 128, 0, 0]; "four bytes")]
#[test_case(0x8000_0000, &[3, 15, 5, b'x', 0, 0, 128, 0, 0, 0]; "six bytes")]
#[test_case(1 << 47, &[3, 15, 6, b'x', 0, 0, 128, 0, 0, 0, 0, 0]; "eight bytes")]
fn an_integer_takes_as_few_bytes_as_it_needs(id: i64, bytes: &[u8]) {
    assert_eq!(record("x", id), bytes);
}

#[test_case(1; "a short text")]
#[test_case(58; "a text whose type ends like that of an integer")]
fn a_record_gets_another_integer_only_if_it_is_as_wide(length: usize) {
    let text = "x".repeat(length);
    let ids = [
        0,
        1,
        2,
        -1,
        127,
        128,
        0x8000,
        0x8001,
        0x80_0000,
        1 << 31,
        1 << 47,
    ];
    for (old, new) in ids.iter().flat_map(|a| ids.iter().map(move |b| (*a, *b))) {
        for count in [1, 2] {
            let before = record_of(&text, &vec![old; count]);
            let right = record_of(&text, &vec![new; count]);
            let mut bytes = before.clone();
            let is_done = record::renumber(&mut bytes, &vec![new; count]);
            assert_eq!(
                bytes,
                if is_done {
                    right.clone()
                } else {
                    before.clone()
                }
            );
            let types = usize::from(before[0]);
            assert_eq!(is_done, before[..types] == right[..types], "{old} {new}");
        }
    }
}

/// The pages of one index with these records, behind the page with the number `before`. Returns its
/// root, too.
fn make(before: u32, records: &[Vec<u8>]) -> io::Result<(u32, Vec<u8>)> {
    let mut count = Count::new(PAGE);
    for record in records {
        count.add(record.len())?;
    }
    let turns = Turns::new(before, PAGE, vec![count.finish()?])?;
    let mut written = Vec::new();
    let make = |_, pages: &mut Pages<'_>| {
        let mut builder = Builder::new(PAGE, pages);
        records.iter().try_for_each(|record| builder.add(record))?;
        builder.finish()
    };
    turns.write(make, &mut written)?;
    assert_eq!(turns.root(0), turns.last());
    Ok((turns.last(), written))
}

#[test]
fn pages_of_indexes_come_in_turns() {
    let turns = Turns::new(10, PAGE, vec![1, 3, 2]).unwrap();
    assert_eq!(turns.last(), 16);
    assert_eq!([0, 1, 2].map(|index| turns.root(index)), [11, 16, 15]);
    let mut written = Vec::new();
    let make = |index: usize, pages: &mut Pages<'_>| {
        for expected in [[11].as_slice(), &[12, 14, 16], &[13, 15]][index] {
            assert_eq!(pages.put(&mut vec![expected - 10])?, u32::from(*expected));
        }
        Ok(())
    };
    turns.write(make, &mut written).unwrap();
    assert_eq!(written, [1, 2, 3, 4, 5, 6]);
}

/// `counts` is how many pages each index makes, where 3 were counted.
#[test_case([2, 3]; "fewer")]
#[test_case([3, 4]; "more")]
#[test_case([3, 100]; "many more")]
fn pages_that_were_not_counted_are_an_error(counts: [u32; 2]) {
    let turns = Turns::new(10, PAGE, vec![3, 3]).unwrap();
    let make = |index: usize, pages: &mut Pages<'_>| {
        (0..counts[index]).try_for_each(|_| pages.put(&mut vec![0]).map(drop))
    };
    let error = turns.write(make, &mut Vec::new()).unwrap_err();
    assert!(
        error.to_string().contains("not those that were counted"),
        "{error}"
    );
}

#[test]
fn an_error_in_making_pages_is_told() {
    let turns = Turns::new(10, PAGE, vec![100, 100]).unwrap();
    let make = |index: usize, pages: &mut Pages<'_>| match index {
        0 => (0..100).try_for_each(|_| pages.put(&mut vec![0]).map(drop)),
        _ => Err(io::Error::other("broken")),
    };
    let error = turns.write(make, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "broken");
}

/// A disk that is full after some pages.
#[test]
fn an_error_in_writing_pages_is_told() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let turns = Turns::new(10, PAGE, vec![100, 100]).unwrap();
    let make =
        |_, pages: &mut Pages<'_>| (0..100).try_for_each(|_| pages.put(&mut vec![0]).map(drop));
    let error = turns.write(make, &mut Full(5)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}

#[test]
fn the_page_that_sqlite_locks_is_left_out() {
    let turns = Turns::new((1 << 15) - 1, 32768, vec![2, 1]).unwrap();
    assert_eq!(
        [0, 1].map(|index| turns.root(index)),
        [(1 << 15) + 3, (1 << 15) + 2]
    );
    let behind = Turns::new((1 << 15) + 1, 32768, vec![1]).unwrap();
    assert_eq!(behind.last(), (1 << 15) + 2);

    let (last, pages) = make((1 << 30) / PAGE, &[record("x", 1)]).unwrap();
    assert_eq!(last, (1 << 30) / PAGE + 2);
    let (left_out, leaf) = pages.split_at(PAGE as usize);
    assert!(left_out.iter().all(|byte| *byte == 0));
    assert_eq!(
        (leaf.len(), leaf.first()),
        (PAGE as usize, Some(&INDEX_LEAF))
    );
}

/// An index behind page 7 with a root, pages below it, and leaves.
fn three_levels() -> (u32, Vec<u8>) {
    let records: Vec<_> = (0..500)
        .map(|id| record(&format!("{id:090}"), id))
        .collect();
    let (last, pages) = make(7, &records).unwrap();
    assert_eq!(pages.len(), (last - 7) as usize * PAGE as usize);
    (last, pages)
}

fn are_trees(before: u32, pages: &[u8], roots: &[u32], last: u32) -> bool {
    let mut trees = Trees::new(before, PAGE);
    // Some at a time.
    for pages in pages.chunks(3 * PAGE as usize) {
        trees.add(pages);
    }
    trees.are(roots, last)
}

#[test]
fn the_pages_of_indexes_are_recognized() {
    let (last, pages) = three_levels();
    assert!(are_trees(7, &pages, &[last], last));
    let (second, more) = make(last, &[record("x", 1)]).unwrap();
    let both = [pages.as_slice(), &more].concat();
    assert!(are_trees(7, &both, &[last, second], second));
    assert!(are_trees(7, &both, &[second, last], second));

    let before = (1 << 30) / PAGE;
    let (last, with_a_gap) = make(before, &[record("x", 1)]).unwrap();
    assert!(are_trees(before, &with_a_gap, &[last], last));
}

#[test]
fn other_pages_are_not_taken_for_indexes() {
    let (last, pages) = three_levels();
    let is_found = |pages: &[u8], roots: &[u32], last| are_trees(7, pages, roots, last);
    assert!(!is_found(&pages, &[], last));
    assert!(!is_found(&pages, &[last - 1], last));
    assert!(!is_found(&pages, &[last, 5], last));
    assert!(!is_found(&pages, &[last], last + 1));
    let page = PAGE as usize;
    assert!(!is_found(&pages[page..], &[last], last));
    assert!(!is_found(&pages[..pages.len() - 1], &[last], last));
    assert!(!is_found(
        &[&pages, &pages[..page]].concat(),
        &[last],
        last + 1
    ));
    for number in 0..pages.len() / page {
        let is_leaf = pages[number * page] == INDEX_LEAF;
        // A page of a table, and another child.
        for (at, value) in [(0, 13), (LEAF_HEADER + 3, 9)] {
            let mut changed = pages.clone();
            changed[number * page + at] = value;
            let is_harmless = is_leaf && at > 0 || changed == pages;
            assert_eq!(is_found(&changed, &[last], last), is_harmless, "{number}");
        }
    }
}

#[test]
fn there_are_not_more_pages_than_numbers() {
    Turns::new(u32::MAX - 3, PAGE, vec![1]).unwrap();
    Turns::new(u32::MAX - 3, PAGE, vec![1, 1]).unwrap_err();
}

#[test]
fn a_record_that_needs_pages_of_its_own_is_refused() {
    make(1, &[vec![0; longest(PAGE)]]).unwrap();
    make(1, &[vec![0; longest(PAGE) + 1]]).unwrap_err();
}

/// Adds pages to a database that has so many, and says in its header which is the last one.
fn append(path: &std::path::Path, before: u32, (last, pages): (u32, Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    assert_eq!(bytes.len(), before as usize * PAGE as usize);
    bytes.splice(28..32, last.to_be_bytes());
    bytes.extend(pages);
    std::fs::write(path, bytes).unwrap();
}

/// A database with these texts, and an index of them that this module wrote. Returns the number of
/// pages of the index.
fn write_index(path: &std::path::Path, mut texts: Vec<String>) -> u32 {
    let database = Connection::open(path).unwrap();
    database
        .execute_batch("pragma page_size = 512; create table t (id integer primary key, text text)")
        .unwrap();
    texts.sort();
    database.execute_batch("begin").unwrap();
    for text in &texts {
        let insert = "insert into t (text) values (?1)";
        database.execute(insert, [text]).unwrap();
    }
    database.execute_batch("commit").unwrap();
    let pages = database.query_row("pragma page_count", [], |row| row.get(0));
    let pages: u32 = pages.unwrap();
    let records: Vec<_> = texts
        .iter()
        .zip(1..)
        .map(|(text, id)| record(text, id))
        .collect();
    let (last, written) = make(pages, &records).unwrap();
    database
        .execute_batch("pragma writable_schema = on")
        .unwrap();
    let insert = "insert into sqlite_schema values ('index', 'i', 't', ?1, ?2)";
    database
        .execute(insert, params![last, "CREATE INDEX i on t (text)"])
        .unwrap();
    database.close().unwrap();
    append(path, pages, (last, written));
    last - pages
}

/// Checks the index. Returns how many levels its tree has.
fn check(path: &std::path::Path, rows: usize) -> i64 {
    let database = Connection::open(path).unwrap();
    let one = |query: &str| -> i64 { database.query_row(query, [], |row| row.get(0)).unwrap() };
    let sound: String = database
        .query_row("pragma integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok");
    let found = one("select count(*) from (select text from t indexed by i order by text)");
    assert_eq!(usize::try_from(found), Ok(rows));
    // The path of a page names those above: each level adds four characters.
    one("select max(length(path)) / 4 + 1 from dbstat where name = 'i'")
}

#[test]
fn a_deep_tree_is_sound() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("database");
    let texts = (0..20_000).map(|number| format!("{number:090}")).collect();
    assert!(write_index(&path, texts) > 4000);
    assert!(check(&path, 20_000) >= 6);
}

/// Every number of rows: pages that are just full, and pages with one record.
#[test]
fn trees_of_all_sizes_are_sound() {
    for rows in 0..120 {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("database");
        let texts = (0..rows).map(|number| format!("{number:095}")).collect();
        write_index(&path, texts);
        check(&path, rows);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn trees_of_any_texts_are_sound(texts in vec("[ab]{0,12}|[a-z]{60,95}|é{30,40}", 0..700)) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("database");
        let rows = texts.len();
        write_index(&path, texts);
        check(&path, rows);
    }
}

/// A row with a text of this length, which its number determines.
fn with_row<T>(id: u32, length: usize, with: impl FnOnce(&Row<'_>) -> T) -> T {
    let text = format!("{id:09}").repeat(length / 9 + 1);
    let text = text.get(..length).unwrap();
    let mut types = Vec::new();
    write_types([0, text_type(length), 8, blob_type(2)], &mut types).unwrap();
    with(&Row {
        id,
        types: &types,
        pieces: &[text.as_bytes(), b"\x00\xff"],
    })
}

/// A table with rows that SQLite has stored, and more behind them with texts of these lengths. `None` if
/// their pages cannot be written.
fn write_table(path: &std::path::Path, stored: u32, lengths: &[usize]) -> Option<Layout> {
    let database = Connection::open(path).unwrap();
    let create = "create table t (id integer primary key, text text, zero integer, data blob)";
    database
        .execute_batch(&format!("pragma page_size = {PAGE}; {create}; begin;"))
        .unwrap();
    let insert = |id: u32, length: usize| {
        with_row(id, length, |row| {
            let text = std::str::from_utf8(row.pieces[0]).unwrap();
            let insert = "insert into t values (?1, ?2, 0, x'00ff')";
            database.execute(insert, params![id, text]).unwrap();
        });
    };
    (1..=stored).for_each(|id| insert(id, 30));
    database.execute_batch("commit").unwrap();
    let number = |query: &str| database.query_row(query, [], |row| row.get(0)).unwrap();
    let pages: u32 = number("pragma page_count");
    let root: u32 = number("select rootpage from sqlite_schema");
    let file = File::open(path).unwrap();
    let found = Stored::read(&file, PAGE, root, stored.into()).unwrap()?;
    let mut count = table::Count::new(PAGE);
    for (id, length) in (stored + 1..).zip(lengths) {
        with_row(id, *length, |row| count.add(row))?;
    }
    let layout = count.finish(found)?;
    let turns = Turns::new(pages, PAGE, vec![layout.pages()]).unwrap();
    let mut written = Vec::new();
    let make = |_, pages: &mut Pages<'_>| {
        let mut builder = table::Builder::new(&layout, pages);
        for (id, length) in (stored + 1..).zip(lengths) {
            with_row(id, *length, |row| builder.add(row))?;
        }
        builder.finish()
    };
    turns.write(make, &mut written).unwrap();
    let root = turns.root(0);
    assert_eq!(root, turns.last());
    let update = format!("pragma writable_schema = on; update sqlite_schema set rootpage = {root}");
    database.execute_batch(&update).unwrap();
    database.close().unwrap();
    append(path, pages, (root, written));
    Some(layout)
}

/// Writes rows and checks that the table has them, and takes more. Returns whether pages were written.
fn has_pages(stored: u32, lengths: &[usize]) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("database");
    if write_table(&path, stored, lengths).is_none() {
        return false;
    }
    let database = Connection::open(path).unwrap();
    let mut all = vec![30; stored as usize];
    all.extend_from_slice(lengths);
    let is_sound = || {
        let sound = database.query_row("pragma integrity_check", [], |row| row.get(0));
        assert_eq!(sound, Ok("ok".to_owned()));
    };
    is_sound();
    let mut query = database.prepare("select * from t").unwrap();
    let mut rows = query.query([]).unwrap();
    for (id, length) in (1..).zip(&all) {
        let found = rows.next().unwrap().unwrap();
        assert_eq!(found.get(0), Ok(id));
        let (text, zero, data) = (found.get_ref(1), found.get(2), found.get_ref(3));
        assert_eq!(zero, Ok(0));
        with_row(id, *length, |row| {
            assert_eq!(text.unwrap().as_bytes(), Ok(row.pieces[0]));
            assert_eq!(data.unwrap().as_bytes(), Ok(row.pieces[1]));
        });
    }
    assert!(rows.next().unwrap().is_none());
    for (id, length) in (1_i64..).zip(&all) {
        let query = "select length(text) from t where id = ?1";
        let found: i64 = database.query_row(query, [id], |row| row.get(0)).unwrap();
        assert_eq!(usize::try_from(found), Ok(*length));
    }
    let change =
        "delete from t where id % 3 = 0; insert into t select id + 1000000, text, 1, '' from t";
    database.execute_batch(change).unwrap();
    is_sound();
    true
}

#[test_case(1, 1 => true; "a row behind a row")]
#[test_case(1, 5000 => true; "a high tree behind a page")]
#[test_case(300, 400 => true; "trees of the same height")]
#[test_case(5000, 5000 => true; "high trees")]
#[test_case(5000, 10 => false; "few rows behind a high tree")]
#[test_case(0, 100 => false; "rows behind none")]
fn a_table_with_more_rows_is_sound(stored: u32, new: usize) -> bool {
    has_pages(stored, &vec![30; new])
}

#[test]
fn tables_of_all_sizes_are_sound() {
    for new in 1..120 {
        assert!(has_pages(9, &vec![60; new]), "{new}");
        has_pages(600, &vec![60; new]);
    }
}

#[test]
fn a_row_that_needs_pages_of_its_own_is_refused() {
    let longest = PAGE as usize - 35 - 6 - 2;
    assert!(has_pages(1, &[1, longest, 2]));
    assert!(!has_pages(1, &[1, longest + 1, 2]));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn tables_with_any_rows_are_sound(
        stored in 1..400_u32,
        lengths in vec(prop_oneof![9 => 0..80_usize, 1 => 0..460_usize], 1..400),
    ) {
        has_pages(stored, &lengths);
    }
}

#[test]
fn other_pages_are_not_taken_for_those_of_a_table() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("database");
    let read = |bytes: &[u8], root| {
        std::fs::write(&path, bytes).unwrap();
        Stored::read(&File::open(&path).unwrap(), PAGE, root, 7)
    };
    let mut pages = vec![0; 3 * PAGE as usize];
    assert_eq!(read(&pages, 2).unwrap(), None);
    pages[PAGE as usize] = INDEX_LEAF;
    assert_eq!(read(&pages, 2).unwrap(), None);
    pages[PAGE as usize] = TABLE_LEAF;
    assert!(read(&pages, 2).unwrap().is_some());
    assert_eq!(read(&pages, 0).unwrap(), None);
    // A page that is above itself, and one that is not there.
    pages[PAGE as usize] = TABLE_INTERIOR;
    pages[PAGE as usize + 11] = 2;
    assert_eq!(read(&pages, 2).unwrap(), None);
    pages[PAGE as usize + 11] = 9;
    read(&pages, 2).unwrap_err();
}
