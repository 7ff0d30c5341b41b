//! The syncs of the previous file: which stay in the new one, and that they stay as they were.

use std::path::Path;
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, params};
use test_case::test_case;

use super::files::{count, database, refused, script};
use super::rows::*;
use crate::c1z::{
    Bounds, Error as FileError, Kind, Options as FileOptions, Reader, Writer, schema,
};
use crate::runner::sync::Options;

/// A file with the database that `statements` make.
fn pack(statements: &str, file: &Path) {
    let directory = tempfile::tempdir().unwrap();
    let plain = directory.path().join("plain.db");
    Connection::open(&plain)
        .unwrap()
        .execute_batch(statements)
        .unwrap();
    let packed = zstd::bulk::compress(&std::fs::read(&plain).unwrap(), 1).unwrap();
    std::fs::write(file, [b"C1ZF\0".as_slice(), &packed].concat()).unwrap();
}

/// More columns in one table, fewer tables, and the write-ahead mode left on.
const FOREIGN_WRITER: &str = "
    pragma journal_mode = wal;
    create table v1_sync_runs (id integer primary key, sync_id text, started_at datetime,
        ended_at datetime, sync_token text, sync_type text not null default 'full', stats text);
    create table v1_resources (id integer primary key, resource_type_id text, external_id text,
        parent_resource_type_id text, parent_resource_id text, data blob, sync_id text,
        discovered_at datetime);
    insert into v1_sync_runs (sync_id, started_at, ended_at, sync_token, sync_type) values
        ('cut', '2026-01-02 00:00:00', null, '', 'full'),
        ('old', '2026-01-01 00:00:00', '2026-01-01 00:00:01', '{}', 'full'),
        ('early', '2025-12-31 00:00:00', '2025-12-31 00:00:01', '{}', 'partial'),
        ('late', '2026-01-03 00:00:00', '2026-01-03 00:00:01', '{}', 'partial');
    insert into v1_resources (resource_type_id, external_id, data, sync_id, discovered_at)
        select 'user', 'user:u', x'', sync_id, started_at from v1_sync_runs;
    pragma wal_checkpoint(truncate);";

#[tokio::test]
async fn another_writers_file_is_read_and_its_syncs_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    pack(FOREIGN_WRITER, &file);

    assert_eq!(
        Reader::open(&file, &Bounds::default()).unwrap().sync_id(),
        "old"
    );
    let new = Arc::new(script())
        .write(&file, Options::default())
        .await
        .unwrap()
        .sync_id;
    let database = database(&file);
    let mut kept = syncs(&database);
    kept.sort_by(|a, b| b.cmp(a));
    assert_eq!(kept, ["old", "late", "early", "cut", &*new]);
    assert_eq!(count(&database, "v1_resources"), 5);
}

/// The syncs in a database, in the order in which they were written.
fn syncs(database: &Connection) -> Vec<String> {
    let mut syncs = database
        .prepare("select sync_id from v1_sync_runs order by id")
        .unwrap();
    let syncs = syncs.query_map([], |row| row.get(0)).unwrap();
    syncs.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn a_file_keeps_two_full_syncs() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    let script = Arc::new(script());
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(
            script
                .write(&file, Options::default())
                .await
                .unwrap()
                .sync_id,
        );
    }
    let database = database(&file);
    assert_eq!(syncs(&database), ids[1..]);
    assert_eq!(count(&database, "v1_resources"), 2);
}

/// Tables as a much newer writer may have them: small pages, columns in another order and some that
/// nobody knows, other indexes, another table.
const ODD_SCHEMA: &str = "
    pragma page_size = 512;
    create table v1_sync_runs (stats blob, id integer primary key, sync_type text, sync_id text,
        ended_at datetime, started_at datetime, sync_token text, supports_diff integer);
    create table v1_grants (sync_id text, data blob, id integer primary key, score real,
        external_id text, discovered_at datetime, needs_expansion integer, expansion blob,
        principal_resource_id text, principal_resource_type_id text, entitlement_id text,
        resource_id text, resource_type_id text);
    create index of_another_writer on v1_grants (score, external_id);
    create table v9_secrets (id integer primary key, data blob);";

/// Rows of two syncs, taken in turns, with long and with missing values.
const MANY_ROWS: &str = "
    insert into v1_sync_runs (sync_id, sync_type, started_at, ended_at, sync_token, supports_diff)
        values ('goes', 'full', '2026-01-01', '2026-01-02', 'a', 1),
               ('stays', 'full', '2026-01-03', '2026-01-04', 'b', 0);
    with recursive n (i) as (select 1 union all select i + 1 from n where i < 3000)
    insert into v1_grants (resource_type_id, resource_id, entitlement_id,
            principal_resource_type_id, principal_resource_id, external_id, expansion,
            needs_expansion, data, sync_id, discovered_at)
        select 'group', i % 7, 'group:' || (i % 7), 'user', i, 'grant ' || (i / 2),
            case when i % 5 > 1 then zeroblob(i) end, i % 5 > 1,
            zeroblob(case when i % 997 = 0 then 100000 else i % 64 end),
            case i % 2 when 0 then 'goes' else 'stays' end, '2026-01-03 ' || i from n;";

fn columns(database: &Connection, table: &str) -> Vec<String> {
    let query = format!("select name from pragma_table_info('{table}')");
    let mut query = database.prepare(&query).unwrap();
    let found = query.query_map([], |row| row.get(0)).unwrap();
    found.map(Result::unwrap).collect()
}

/// All that a file has of a sync, in order, in the columns that both this program and the previous
/// file know.
fn rows_of(database: &Connection, previous: &Connection, sync: &str) -> Vec<Vec<Value>> {
    let known = Connection::open_in_memory().unwrap();
    known.execute_batch(schema::TABLES).unwrap();
    let mut rows = Vec::new();
    for table in schema::TABLES_OF_SYNCS {
        let theirs = columns(previous, table);
        let mut shared = columns(&known, table);
        shared.retain(|name| name != "id" && theirs.contains(name));
        if shared.is_empty() {
            continue;
        }
        let columns = shared.join(", ");
        let query = format!("select {columns} from {table} where sync_id = ?1 order by id");
        let mut query = database.prepare(&query).unwrap();
        let width = query.column_count();
        let found = query.query_map(params![sync], |row| {
            (0..width).map(|at| row.get(at)).collect()
        });
        rows.extend(found.unwrap().map(Result::unwrap));
    }
    rows
}

#[test_case(&[schema::TABLES, schema::INDEXES, &schema::GrantIndex::create_all()]; "of a file of our own")]
#[test_case(&[schema::TABLES, "pragma journal_mode = wal;"]; "of a file without indexes")]
#[test_case(&[ODD_SCHEMA]; "of a file with an odd schema")]
#[tokio::test]
async fn kept_rows_stay_as_they_were(tables: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    pack(&[tables, &[MANY_ROWS]].concat().concat(), &file);
    let previous = database(&file);
    let before = rows_of(&previous, &previous, "stays");
    assert_eq!(before.len(), 1501);
    write(&file, Rows::default()).await;
    let after = database(&file);
    // Compared without a message, which would have megabytes.
    assert!(rows_of(&after, &previous, "stays") == before);
    assert!(rows_of(&after, &previous, "goes").is_empty());
}

/// The members of a group, and as many groups.
fn members(count: usize) -> Rows {
    let numbers = || (0..count).map(|number| number.to_string());
    let groups = numbers().map(|number| resource("group", &number, vec![]));
    let grants = numbers().map(|number| grant("group:g:m", &format!("user:{number}")));
    Rows {
        resources: groups.collect(),
        grants: grants.collect(),
        ..Rows::default()
    }
}

/// The numbers of the rows of a sync.
fn numbers_of(database: &Connection, sync: &str) -> Vec<i64> {
    let query = "select id from v1_grants where sync_id = ?1 order by id";
    let mut query = database.prepare(query).unwrap();
    let found = query.query_map([sync], |row| row.get(0)).unwrap();
    found.map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_sync_is_added_to_the_database_of_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    let mut previous: Option<(Connection, String)> = None;
    for (at, size) in [900, 2000, 3000, 2500, 0, 700, 700, 1]
        .into_iter()
        .enumerate()
    {
        write(&file, members(size)).await;
        let now = database(&file);
        let syncs = syncs(&now);
        let newest = syncs.last().unwrap().clone();
        assert_eq!(numbers_of(&now, &newest).len(), size);
        assert_eq!(
            count_of(&now, "v1_grants", &newest) + count_of(&now, "v1_resources", &newest),
            2 * i64::try_from(size).unwrap()
        );
        if let Some((before, kept)) = &previous {
            assert_eq!(syncs, [kept.clone(), newest.clone()]);
            assert!(rows_of(&now, before, kept) == rows_of(before, before, kept));
            // Rows that are copied get other numbers.
            if (1..4).contains(&at) {
                assert_eq!(numbers_of(&now, kept), numbers_of(before, kept));
            }
            assert_eq!(strays(&now), 0);
        }
        previous = Some((now, newest));
    }
}

fn count_of(database: &Connection, table: &str, sync: &str) -> i64 {
    count(database, &format!("{table} where sync_id = '{sync}'"))
}

/// The number of rows of syncs that are not in the file.
fn strays(database: &Connection) -> i64 {
    let of = |table: &str| {
        let stray = "sync_id not in (select sync_id from v1_sync_runs)";
        count(database, &format!("{table} where {stray}"))
    };
    of("v1_grants") + of("v1_resources")
}

/// Changes the database of a file as another program would.
fn change(file: &Path, statements: &str) {
    let packed = std::fs::read(file).unwrap();
    let plain = file.with_extension("changed");
    std::fs::write(&plain, zstd::decode_all(&packed[5..]).unwrap()).unwrap();
    let database = Connection::open(&plain).unwrap();
    database.execute_batch(statements).unwrap();
    database.close().unwrap();
    let packed = zstd::bulk::compress(&std::fs::read(&plain).unwrap(), 1).unwrap();
    std::fs::write(file, [b"C1ZF\0".as_slice(), &packed].concat()).unwrap();
    std::fs::remove_file(plain).unwrap();
}

const MORE_GRANTS: &str = "
    with recursive n (i) as (select 1 union all select i + 1 from n where i < 3000)
    insert into v1_grants (resource_type_id, resource_id, entitlement_id,
            principal_resource_type_id, principal_resource_id, external_id, data, sync_id,
            discovered_at)
        select 'group', 'h', 'group:h:m', 'user', i, 'group:h:m:user:' || i, x'', sync_id, ''
        from v1_sync_runs, n;";

#[test_case(""; "not at all")]
#[test_case(MORE_GRANTS; "by more grants")]
#[test_case("delete from v1_grants where id % 3 > 0; delete from v1_resources;"; "by fewer rows")]
#[test_case("create table more as select * from v1_grants;"; "by a table")]
#[test_case("alter table v1_sync_runs add column stats text;"; "by a column")]
#[test_case("drop index idx_grants_principal_id_v1;"; "by an index less")]
#[test_case("drop index idx_grants_principal_id_v1;
    create index idx_grants_principal_id_v1 on v1_grants (principal_resource_id);"; "by another index")]
#[test_case("reindex;"; "by other pages")]
#[test_case("vacuum;"; "by other numbers of pages")]
#[test_case("pragma journal_mode = wal;"; "by a write-ahead log")]
#[test_case("pragma user_version = 3;"; "in its header")]
#[tokio::test]
async fn a_file_that_another_program_has_changed_keeps_its_rows(statements: &str) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    write(&file, members(2000)).await;
    change(&file, statements);
    let before = database(&file);
    let kept = syncs(&before).remove(0);
    for added in 1..3 {
        write(&file, members(10 * added)).await;
        let now = database(&file);
        assert_eq!(syncs(&now).len(), 2);
        assert_eq!(count(&now, "sqlite_schema where name = 'more'"), 0);
        if added == 1 {
            assert!(rows_of(&now, &before, &kept) == rows_of(&before, &before, &kept));
        } else {
            assert!(rows_of(&now, &before, &kept).is_empty());
        }
    }
}

#[tokio::test]
async fn grants_of_no_sync_are_deleted_wherever_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    write(&file, members(1000)).await;
    write_as(Kind::Partial, &file, members(500)).await;
    // Does not change the indexes of grants.
    change(
        &file,
        "update v1_sync_runs set sync_id = 'other' where id = 2;",
    );
    let before = database(&file);
    assert_eq!(strays(&before), 1000);
    let kept = syncs(&before).remove(0);
    write(&file, members(700)).await;
    let now = database(&file);
    assert_eq!(syncs(&now)[..2], [kept.as_str(), "other"]);
    assert_eq!(strays(&now), 0);
    assert_eq!(count(&now, "v1_grants"), 1700);
    assert!(rows_of(&now, &before, &kept) == rows_of(&before, &before, &kept));
}

#[tokio::test]
async fn all_syncs_before_may_be_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    write(&file, members(1000)).await;
    let options = FileOptions {
        keep: 1,
        ..FileOptions::default()
    };
    let writer = Writer::create(&file, &options).unwrap();
    writer
        .put_grants(members(900).grants, |_, _| {})
        .await
        .unwrap();
    writer.index().await.unwrap();
    writer.finish().await.unwrap();
    let now = database(&file);
    assert_eq!(syncs(&now).len(), 1);
    assert_eq!((count(&now, "v1_grants"), strays(&now)), (900, 0));
}

#[tokio::test]
async fn what_is_dropped_is_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    for count in [3000, 3000, 10] {
        write(&file, members(count)).await;
    }
    let free = |database: &Connection| -> i64 {
        let free = database.query_row("pragma freelist_count", [], |row| row.get(0));
        free.unwrap()
    };
    let shrunk = database(&file);
    assert!(free(&shrunk) > 20);
    let bytes = zstd::decode_all(&std::fs::read(&file).unwrap()[5..]).unwrap();
    let zeros = bytes
        .chunks(32768)
        .filter(|page| page[100..32000].iter().all(|byte| *byte == 0));
    assert!(zeros.count() > 20);
    // Then the rows are copied.
    write(&file, members(10)).await;
    assert_eq!(free(&database(&file)), 0);
}

#[tokio::test]
async fn sync_after_sync_the_file_does_not_grow() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    let to = |number| format!("user:{number}");
    let grants = (0..2000).map(|number| grant("group:g:m", &to(number)));
    let rows = Rows {
        grants: grants.collect(),
        ..Rows::default()
    };
    let mut pages = Vec::new();
    for _ in 0..4 {
        write(&file, rows.clone()).await;
        let database = database(&file);
        let size = database.query_row("pragma page_count", [], |row| row.get::<_, i64>(0));
        pages.push(size.unwrap());
    }
    // Times are written with up to nine digits, so rows differ by a few bytes.
    assert!(pages[3] <= pages[1] + 1, "{pages:?}");
}

/// The file is unpacked while the connector works already.
#[tokio::test]
async fn damage_behind_the_beginning_is_told_by_the_next_write() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    pack(&[schema::TABLES, MANY_ROWS].concat(), &file);
    let mut content = std::fs::read(&file).unwrap();
    content.truncate(content.len() / 2);
    std::fs::write(&file, &content).unwrap();
    let error = refused(&file).await;
    assert!(matches!(error, FileError::Damaged { .. }), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), content);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_writer_that_is_dropped_at_once_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    pack(&[schema::TABLES, MANY_ROWS].concat(), &file);
    let content = std::fs::read(&file).unwrap();
    drop(Writer::create(&file, &FileOptions::default()).unwrap());
    assert_eq!(std::fs::read(&file).unwrap(), content);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}
