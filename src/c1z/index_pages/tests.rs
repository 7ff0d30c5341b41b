use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::{Connection, params};
use test_case::test_case;

use super::record::Record;
use super::*;

const PAGE: u32 = 512;

fn record(text: &str, id: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let record = Record {
        lengths: &[text.len()],
        pieces: &[text.as_bytes()],
        integers: &[id],
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

#[test]
fn the_page_that_sqlite_locks_is_left_out() {
    let mut numbers = Numbers::after((1 << 15) - 1, 32768);
    assert_eq!(numbers.take().unwrap(), (1 << 15, false));
    assert_eq!(numbers.take().unwrap(), ((1 << 15) + 2, true));
    assert_eq!(numbers.take().unwrap(), ((1 << 15) + 3, false));

    let numbers = Numbers::after((1 << 30) / PAGE, PAGE);
    let mut pages = Vec::new();
    let mut builder = Builder::new(PAGE, numbers, &mut pages);
    builder.add(&record("x", 1)).unwrap();
    let mut count = Count::new(PAGE);
    count.add(record("x", 1).len()).unwrap();
    let last = builder.finish().unwrap().last();
    assert_eq!(last, (1 << 30) / PAGE + 2);
    let counted = numbers.skip(count.finish().unwrap()).unwrap();
    assert_eq!(counted.last(), last);
    let (left_out, leaf) = pages.split_at(PAGE as usize);
    assert!(left_out.iter().all(|byte| *byte == 0));
    assert_eq!((leaf.len(), leaf.first()), (PAGE as usize, Some(&LEAF)));
}

#[test]
fn there_are_not_more_pages_than_numbers() {
    let mut numbers = Numbers::after(u32::MAX - 2, PAGE);
    numbers.take().unwrap();
    numbers.take().unwrap_err();
}

#[test]
fn a_record_that_needs_pages_of_its_own_is_refused() {
    let mut pages = Vec::new();
    let mut builder = Builder::new(PAGE, Numbers::after(1, PAGE), &mut pages);
    builder.add(&vec![0; longest(PAGE)]).unwrap();
    builder.add(&vec![0; longest(PAGE) + 1]).unwrap_err();
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
    let numbers = Numbers::after(pages.unwrap(), PAGE);
    let mut written = Vec::new();
    let mut builder = Builder::new(PAGE, numbers, &mut written);
    let mut count = Count::new(PAGE);
    for (text, id) in texts.iter().zip(1..) {
        let record = record(text, id);
        builder.add(&record).unwrap();
        count.add(record.len()).unwrap();
    }
    let last = builder.finish().unwrap().last();
    let counted = numbers.skip(count.finish().unwrap()).unwrap();
    assert_eq!(counted.last(), last);
    database
        .execute_batch("pragma writable_schema = on")
        .unwrap();
    let insert = "insert into sqlite_schema values ('index', 'i', 't', ?1, ?2)";
    database
        .execute(insert, params![last, "CREATE INDEX i on t (text)"])
        .unwrap();
    database.close().unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    assert_eq!(bytes.len(), numbers.last() as usize * PAGE as usize);
    bytes.splice(28..32, last.to_be_bytes());
    bytes.extend(written);
    std::fs::write(path, bytes).unwrap();
    last - numbers.last()
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
