//! The syncs of the previous file: which stay in the new one, and that they stay as they were.

use std::path::Path;
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, params};
use test_case::test_case;

use super::files::{count, database, refused, script};
use super::rows::*;
use crate::c1z::{Bounds, Error as FileError, Options as FileOptions, Reader, Writer, schema};
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
    for table in schema::ROW_TABLES.iter().chain(&["v1_sync_runs"]) {
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
