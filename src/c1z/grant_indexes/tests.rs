use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rusqlite::types::Value;
use tempfile::TempDir;
use test_case::test_case;

use super::*;
use crate::c1z::container;
use crate::c1z::test_rows::{Rows as SyncRows, grant, write};

/// The size of pages, small so that there are many.
const PAGE: u32 = 8192;

/// What an index looks at.
#[derive(Clone, Debug)]
struct Grant {
    id: i64,
    on: [String; 2],
    entitlement: String,
    sync: String,
    of: [String; 2],
    external: String,
}

impl Grant {
    fn new(id: i64, on: &str, of: &str, sync: &str) -> Self {
        Self {
            id,
            on: ["group".into(), on.into()],
            entitlement: format!("group:{on}:member"),
            sync: sync.into(),
            of: ["user".into(), of.into()],
            external: format!("group:{on}:member:user:{of}"),
        }
    }
}

fn insert(connection: &Connection, grant: &Grant, data: &[u8], at: &str) {
    let values = params![
        grant.id,
        grant.on[0],
        grant.on[1],
        grant.entitlement,
        grant.of[0],
        grant.of[1],
        grant.external,
        Value::Null,
        0,
        data,
        grant.sync,
        at
    ];
    let mut insert = connection.prepare_cached(schema::INSERT_GRANT).unwrap();
    insert.execute(values).unwrap();
}

struct Database {
    directory: TempDir,
    connection: Connection,
}

impl Database {
    fn new(grants: &[Grant], page_size: u32) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let connection = Connection::open(directory.path().join("database")).unwrap();
        let page_size = format!("pragma page_size = {page_size}; pragma journal_mode = off;");
        connection.execute_batch(&page_size).unwrap();
        connection.execute_batch(schema::TABLES).unwrap();
        schema::only_tables(&connection).unwrap();
        connection.execute_batch("begin").unwrap();
        for grant in grants {
            let data = vec![0; usize::try_from(grant.id % 200).unwrap()];
            insert(&connection, grant, &data, "");
        }
        connection.execute_batch("commit").unwrap();
        Self {
            directory,
            connection,
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("database")
    }

    fn build(&self, limits: Limits) -> Option<Tail> {
        let rows = Rows::new(limits);
        build(&self.connection, &self.path(), rows, &Stop::default()).unwrap()
    }

    /// The file as it is packed.
    fn finish(self, tail: Option<&Tail>) -> Self {
        let (database, directory) = (self.path(), self.directory);
        self.connection.close().unwrap();
        let packed = directory.path().join("packed");
        container::pack(&database, &packed, tail).unwrap();
        let bytes = std::fs::read(packed).unwrap();
        std::fs::write(&database, zstd::decode_all(&bytes[5..]).unwrap()).unwrap();
        Self {
            directory,
            connection: Connection::open(database).unwrap(),
        }
    }

    fn rows(&self, query: &str) -> Vec<Vec<Value>> {
        let mut query = self.connection.prepare(query).unwrap();
        let width = query.column_count();
        let rows = query.query_map([], |row| (0..width).map(|at| row.get(at)).collect());
        rows.unwrap().map(Result::unwrap).collect()
    }
}

/// Checks that the two databases have the same indexes.
fn compare(written: &Database, reference: &Database) {
    let sound = written.rows("pragma integrity_check");
    assert_eq!(sound, [[Value::Text("ok".into())]]);
    for kind in GrantIndex::ALL {
        let (name, columns) = (kind.name(), kind.columns());
        let query = format!(
            "select id, {columns} from v1_grants indexed by {name} order by {columns}, rowid"
        );
        assert_eq!(written.rows(&query), reference.rows(&query));
        // Sorted by the index alone.
        let plan = format!("{:?}", written.rows(&format!("explain query plan {query}")));
        assert!(plan.contains(name) && !plan.contains("TEMP"), "{plan}");
        let size = format!("select sum(payload), sum(ncell) from dbstat where name = '{name}'");
        assert_eq!(written.rows(&size), reference.rows(&size));
    }
    let schema = "select type, name, tbl_name, sql from sqlite_schema order by name";
    assert_eq!(written.rows(schema), reference.rows(schema));
}

/// Builds the indexes here and with SQLite, and compares them. Returns which ones are pages.
fn check(grants: &[Grant], page_size: u32, limits: Limits) -> Vec<GrantIndex> {
    let written = Database::new(grants, page_size);
    let tail = written.build(limits);
    let written = written.finish(tail.as_ref());
    let reference = Database::new(grants, page_size);
    let statements = GrantIndex::create_all();
    reference.connection.execute_batch(&statements).unwrap();
    compare(&written, &reference);
    tail.map(|tail| tail.indexes).unwrap_or_default()
}

/// Members of groups, in two syncs.
fn members(groups: u32, users: u32) -> Vec<Grant> {
    let mut grants = Vec::new();
    for sync in ["old", "new"] {
        for on in 0..groups {
            for of in (0..users).rev() {
                let id = i64::try_from(grants.len()).unwrap() + 1;
                grants.push(Grant::new(id, &on.to_string(), &of.to_string(), sync));
            }
        }
    }
    grants
}

#[test_case(PAGE; "small pages")]
#[test_case(32768; "large pages")]
#[test_case(65536; "the largest pages")]
fn indexes_are_those_of_sqlite(page_size: u32) {
    let pages = check(&members(30, 200), page_size, Limits::default());
    assert_eq!(pages, GrantIndex::ALL);
}

#[test_case(|limits| limits.least = 19; "fewer rows")]
#[test_case(|limits| limits.most = 17; "more rows")]
#[test_case(|limits| limits.names = 100; "more strings")]
fn beyond_the_limits_sqlite_builds_the_indexes(set: fn(&mut Limits)) {
    let mut limits = Limits::default();
    set(&mut limits);
    assert_eq!(check(&members(3, 3), PAGE, limits), []);
    assert_eq!(check(&[], PAGE, limits), []);
}

#[test]
fn with_an_id_that_is_too_long_sqlite_builds_the_indexes() {
    let mut grants = members(3, 3);
    grants.push(Grant::new(1000, "g", &"u".repeat(2100), "new"));
    assert_eq!(check(&grants, PAGE, Limits::default()), []);
    assert_eq!(check(&grants, 32768, Limits::default()), GrantIndex::ALL);
}

#[test]
fn with_a_value_that_is_no_text_sqlite_builds_the_indexes() {
    let database = Database::new(&members(3, 3), PAGE);
    let update = "update v1_grants set principal_resource_id = x'00' where id = 7";
    database.connection.execute(update, []).unwrap();
    assert!(database.build(Limits::default()).is_none());
    let sound = database.finish(None).rows("pragma integrity_check");
    assert_eq!(sound, [[Value::Text("ok".into())]]);
}

/// Here the names of the indexes need a page more.
#[test]
fn with_pages_that_are_too_small_sqlite_builds_the_indexes() {
    assert_eq!(check(&members(3, 3), 4096, Limits::default()), []);
}

#[test]
fn an_index_of_other_ids_is_left_to_sqlite() {
    let mut grants = members(3, 3);
    grants[4].external = "another".into();
    let pages = check(&grants, PAGE, Limits::default());
    assert_eq!(pages, GrantIndex::ALL[1..]);
}

/// The ids of the two grants below are not in the order of their entitlements.
#[test]
fn an_index_of_ids_that_begin_like_others_is_left_to_sqlite() {
    let mut grants = members(3, 3);
    let entitlement = "group:1:member:user";
    grants.push(Grant {
        entitlement: entitlement.into(),
        external: format!("{entitlement}:a:b"),
        of: ["a".into(), "b".into()],
        ..Grant::new(1000, "1", "", "new")
    });
    let pages = check(&grants, PAGE, Limits::default());
    assert_eq!(pages, GrantIndex::ALL[1..]);
}

#[test_case(|_| {}; "of the same parts")]
#[test_case(|grant| grant.of = ["us".into(), "er:1".into()]; "of other parts")]
fn a_grant_that_is_there_twice_is_an_error_as_it_was(change: fn(&mut Grant)) {
    let mut grants = members(3, 3);
    let mut twice = grants[7].clone();
    twice.id = 1000;
    change(&mut twice);
    let [kind, of] = &twice.of;
    twice.external = format!("{}:{kind}:{of}", twice.entitlement);
    let first = &mut grants[7];
    first.external.clone_from(&twice.external);
    grants.push(twice);
    let database = Database::new(&grants, PAGE);
    let rows = Rows::new(Limits::default());
    let error = build(
        &database.connection,
        &database.path(),
        rows,
        &Stop::default(),
    );
    let Err(Error::Database { doing, source }) = error else {
        unreachable!("{error:?}");
    };
    assert_eq!(doing, "building indexes");
    assert!(source.to_string().contains("UNIQUE"), "{source}");
}

#[test]
fn a_stop_leaves_the_work_to_sqlite_which_is_interrupted() {
    let database = Database::new(&members(3, 3), PAGE);
    let stop = Stop::default();
    stop.set();
    let rows = Rows::new(Limits::default());
    let built = build(&database.connection, &database.path(), rows, &stop);
    assert!(built.unwrap().is_none());
}

#[test]
fn what_was_entered_can_be_taken_back() {
    let grants = members(3, 3);
    let database = Database::new(&grants, PAGE);
    let tail = database.build(Limits::default()).unwrap();
    tail.take_back(&database.connection).unwrap();
    tail.enter(&database.connection, &database.path()).unwrap();
    tail.take_back(&database.connection).unwrap();
    assert!(
        database
            .build(Limits {
                least: 1000,
                ..Limits::default()
            })
            .is_none()
    );
    let reference = Database::new(&grants, PAGE);
    let statements = GrantIndex::create_all();
    reference.connection.execute_batch(&statements).unwrap();
    compare(&database.finish(None), &reference);
}

#[test]
fn a_database_that_has_changed_is_not_packed() {
    let database = Database::new(&members(3, 3), PAGE);
    let tail = database.build(Limits::default());
    let more = "create table more (id)";
    database.connection.execute_batch(more).unwrap();
    let to = database.directory.path().join("packed");
    container::pack(&database.path(), &to, tail.as_ref()).unwrap_err();
}

impl Grant {
    fn names(&self) -> Names<'_> {
        let [kind, on] = &self.on;
        let [holder_kind, of] = &self.of;
        let (end, principal) = ([&**kind, on, &*self.entitlement], [&**holder_kind, of]);
        Names::new(end, &self.sync, principal, &self.external)
    }
}

/// Grants that are followed while they are stored, and nothing else: what is left to be read is in
/// the database, which has none.
fn followed(grants: &[Grant], limits: Limits) -> Result<Grants, Why> {
    let mut rows = Rows::new(limits);
    for grant in grants {
        rows.add(grant.id, &grant.names());
    }
    let empty = Database::new(&[], PAGE);
    // With the same last row, nothing is read.
    let last = "insert into v1_grants values (?1, '', '', '', '', '', '', null, 0, '', '', '')";
    if let Some(grant) = grants.last() {
        empty.connection.execute(last, [grant.id]).unwrap();
    }
    rows.finish(&empty.connection, &empty.path())
}

#[test]
fn grants_that_are_followed_are_not_read() {
    let grants = members(3, 3);
    let known = followed(&grants, Limits::default()).unwrap();
    assert_eq!(known.principals.len(), grants.len());
    for set in [
        (|limits| limits.followed = 17) as fn(&mut Limits),
        |limits| limits.followed_names = 200,
    ] {
        let mut limits = Limits::default();
        set(&mut limits);
        assert_eq!(followed(&grants, limits).unwrap().principals.len(), 1);
    }
}

#[test_case(|rows| rows.add(7, &Grant::new(7, "1", "1", "new").names()); "a row that is not the next one")]
#[test_case(|rows| rows.forget(&Connection::open_in_memory().unwrap()).unwrap(); "rows that are deleted")]
#[test_case(Rows::read_at_end; "rows that cannot be followed")]
fn what_cannot_be_followed_is_read_at_the_end(change: fn(&mut Rows)) {
    let grants = members(2, 2);
    let database = Database::new(&grants, PAGE);
    let mut rows = Rows::new(Limits::default());
    rows.add(1, &grants[0].names());
    change(&mut rows);
    rows.add(2, &grants[1].names());
    let read = rows.finish(&database.connection, &database.path()).unwrap();
    assert_eq!(read.principals.len(), grants.len());
}

#[test_case(0, 8; "a copy")]
#[test_case(1, 8; "a copy with one row more is read")]
fn grants_are_followed_while_they_are_copied(more: i64, count: usize) {
    let from = members(2, 2);
    let old = Database::new(&from, PAGE);
    let copied: Vec<_> = from.iter().filter(|grant| grant.sync == "new").collect();
    let mut rows = Rows::new(Limits::default());
    rows.follow_copy(&old.connection, &["new".to_owned()], &Stop::default());
    let mut stored: Vec<_> = (1..)
        .zip(copied)
        .map(|(id, grant)| Grant {
            id,
            ..grant.clone()
        })
        .collect();
    for id in 5..5 + more {
        stored.push(Grant::new(id, "2", "2", "new"));
    }
    let to = Database::new(&stored, PAGE);
    rows.check(&to.connection);
    stored.extend((0..4 - more).map(|at| Grant::new(5 + more + at, "3", &at.to_string(), "now")));
    for grant in stored.iter().skip(4 + usize::try_from(more).unwrap()) {
        insert(&to.connection, grant, &[], "");
        rows.add(grant.id, &grant.names());
    }
    assert_eq!(stored.len(), count);
    let tail = build(&to.connection, &to.path(), rows, &Stop::default()).unwrap();
    assert_eq!(tail.as_ref().unwrap().grants.principals.len(), count);
    compare(&to.finish(tail.as_ref()), &{
        let reference = Database::new(&stored, PAGE);
        let statements = GrantIndex::create_all();
        reference.connection.execute_batch(&statements).unwrap();
        reference
    });
}

#[test_case(1)]
#[test_case(5)]
#[test_case(1000)]
fn few_rows_are_sorted_at_a_time(window: usize) {
    let grants = followed(&members(7, 11), Limits::default()).unwrap();
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    let sorting = orders::Sorting {
        numbers: &grants.principals,
        ranks: None,
        distinct: grants.principal_names.len(),
        window,
    };
    let each = |places: &[u32]| {
        let numbers = places.iter().map(|place| grants.entry(*place).principal);
        found.extend(numbers.zip(places.iter().copied()));
        Ok::<_, Why>(())
    };
    sorting.visit(each).unwrap();
    expected.extend(grants.principals.iter().copied().zip(0..));
    expected.sort_unstable();
    assert_eq!(found, expected);
}

/// The root of an index is its last page, and the largest index ends last.
#[tokio::test]
async fn the_indexes_of_a_sync_are_pages() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    let grants = (0..3000).map(|number| grant("group:g:m", &format!("user:{number}")));
    let rows = SyncRows {
        grants: grants.collect(),
        ..SyncRows::default()
    };
    for _ in 0..2 {
        write(&file, rows.clone()).await;
        let database = directory.path().join("database");
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&database, zstd::decode_all(&bytes[5..]).unwrap()).unwrap();
        let written = Database {
            connection: Connection::open(database).unwrap(),
            directory: tempfile::tempdir().unwrap(),
        };
        let last = "select name from sqlite_schema where rootpage in pragma_page_count";
        let name = GrantIndex::External.name();
        assert_eq!(written.rows(last), [[Value::Text(name.into())]]);
        let sound = written.rows("pragma integrity_check");
        assert_eq!(sound, [[Value::Text("ok".into())]]);
    }
}

fn ids() -> impl Strategy<Value = String> {
    let odd = select(vec![
        "", "a", "a:", ":a", "a!", "ab", "a:b", "b", "é", "\0", "a\0",
    ]);
    prop_oneof![
        6 => (0..30_u32).prop_map(|number| format!("005{number:015}")),
        2 => odd.prop_map(str::to_owned),
        1 => (40..90_usize).prop_map(|length| "x".repeat(length)),
    ]
}

fn kinds() -> impl Strategy<Value = String> {
    select(vec!["user", "group", "us", "user!", ""]).prop_map(str::to_owned)
}

fn grants() -> impl Strategy<Value = Vec<Grant>> {
    let entitlement = prop_oneof![
        9 => (kinds(), ids()).prop_map(|(kind, on)| ([kind.clone(), on.clone()], format!("{kind}:{on}:m"))),
        1 => (kinds(), ids(), ids()).prop_map(|(kind, on, id)| ([kind, on], id)),
    ];
    let other = prop_oneof![200 => Just(None), 1 => ids().prop_map(Some)];
    let gap = prop_oneof![20 => Just(1_i64), 1 => 2..5_i64, 1 => Just(40_000_i64)];
    let syncs = || select(vec!["2a", "2b", "2", ""]);
    let holder = (kinds(), ids(), other, gap);
    let run = (entitlement, syncs(), vec(holder, 1..40));
    vec(run, 1..20).prop_map(|runs| {
        let (mut id, mut known, mut grants) = (-1, BTreeSet::new(), Vec::new());
        for ((on, entitlement), sync, holders) in runs {
            for (kind, of, other, gap) in holders {
                id += gap;
                let usual = || format!("{entitlement}:{kind}:{of}");
                let external = other.unwrap_or_else(usual);
                if known.insert((external.clone(), sync)) {
                    grants.push(Grant {
                        id,
                        on: on.clone(),
                        entitlement: entitlement.clone(),
                        sync: sync.into(),
                        of: [kind, of],
                        external,
                    });
                }
            }
        }
        grants
    })
}

/// Stores the first grants, and adds the others without storing them.
fn with_pending(
    grants: &[Grant],
    stored: usize,
    page_size: u32,
    limits: Limits,
) -> (Database, Rows) {
    let database = Database::new(&grants[..stored], page_size);
    let mut rows = Rows::new(limits);
    for grant in &grants[..stored] {
        rows.add(grant.id, &grant.names());
    }
    database.connection.execute_batch("begin").unwrap();
    for grant in &grants[stored..] {
        let [kind, on] = &grant.on;
        let [holder_kind, of] = &grant.of;
        let (end, principal) = ([&**kind, on, &*grant.entitlement], [&**holder_kind, of]);
        let head = grant.entitlement.repeat(30);
        let parts = [head.as_bytes(), holder_kind.as_bytes()];
        if !rows.add_pending(end, &grant.sync, principal, parts, "now") {
            rows.store_pending(&database.connection).unwrap();
            let mut encoded = EncodedGrant::default();
            let principal = principal.map(str::as_bytes);
            encoded.encode(grant.entitlement.as_bytes(), principal, None, parts);
            insert(&database.connection, grant, encoded.bytes(), "now");
            rows.add(grant.id, &grant.names());
        }
    }
    database.connection.execute_batch("commit").unwrap();
    (database, rows)
}

/// Writes the last grants here and with SQLite, and compares. Returns whether they have become pages.
fn check_pending(grants: &[Grant], stored: usize, page_size: u32, limits: Limits) -> bool {
    let (written, rows) = with_pending(grants, stored, page_size, limits);
    let tail = build(&written.connection, &written.path(), rows, &Stop::default());
    let tail = tail.unwrap();
    let is_table = tail.as_ref().is_some_and(|tail| tail.table.is_some());
    let written = written.finish(tail.as_ref());
    let (reference, mut rows) = with_pending(grants, stored, page_size, limits);
    rows.store_pending(&reference.connection).unwrap();
    let statements = GrantIndex::create_all();
    reference.connection.execute_batch(&statements).unwrap();
    compare(&written, &reference);
    let all = "select * from v1_grants order by id";
    assert_eq!(written.rows(all), reference.rows(all));
    assert_eq!(written.rows(all).len(), grants.len());
    // They are there for the next sync, too.
    let before: u32 = written
        .connection
        .query_row("pragma user_version", [], |row| row.get(0))
        .unwrap();
    if is_table {
        let root = "select rootpage from sqlite_schema where name = 'v1_grants'";
        assert_eq!(written.rows(root), [[Value::Integer(before.into())]]);
    }
    is_table
}

#[test_case(PAGE, 1 => true; "behind one")]
#[test_case(PAGE, 100 => true; "behind a page")]
#[test_case(512, 3000 => false; "if their names need another page")]
#[test_case(65536, 6000 => true; "in the largest pages")]
#[test_case(PAGE, 0 => false; "behind none")]
fn pending_grants_are_those_of_sqlite(page_size: u32, stored: usize) -> bool {
    let grants = members(30, 200);
    check_pending(&grants, stored, page_size, Limits::default())
}

#[test_case(|limits| limits.least = 2000 => false; "if they are few")]
#[test_case(|limits| limits.followed = 1000 => false; "if they are many")]
#[test_case(|limits| limits.followed_names = 2000 => true; "but the last ones if they have much in common")]
fn pending_grants_are_stored(set: fn(&mut Limits)) -> bool {
    let mut limits = Limits::default();
    set(&mut limits);
    check_pending(&members(10, 60), 300, PAGE, limits)
}

#[test]
fn pending_grants_are_stored_if_ids_begin_like_others() {
    let mut grants = members(3, 3);
    for grant in &mut grants[..3] {
        grant.entitlement += ":user";
        grant.external = format!("{}:user:{}", grant.entitlement, grant.of[1]);
    }
    assert!(!check_pending(&grants, 9, PAGE, Limits::default()));
}

/// Whatever ends the plan, no grant is lost.
#[test_case(1, true; "because of a stop")]
#[test_case(90, false; "because of a long id")]
fn pending_grants_are_stored_if_sqlite_builds_the_indexes(length: usize, is_stopped: bool) {
    let mut grants = members(10, 20);
    let last = grants.last_mut().unwrap();
    last.of[1] = "u".repeat(length);
    last.external = format!("{}:user:{}", last.entitlement, last.of[1]);
    let (database, rows) = with_pending(&grants, 100, 512, Limits::default());
    let stop = Stop::default();
    if is_stopped {
        stop.set();
    }
    let tail = build(&database.connection, &database.path(), rows, &stop);
    assert!(tail.unwrap().is_none());
    let stored = database.rows("select external_id, sync_id from v1_grants order by id");
    let expected = grants
        .iter()
        .map(|grant| vec![grant.external.clone(), grant.sync.clone()]);
    let texts = expected.map(|row| row.into_iter().map(Value::Text).collect::<Vec<_>>());
    assert_eq!(stored, texts.collect::<Vec<_>>());
}

/// Without what they consist of, they cannot be stored any more.
#[test]
fn pending_grants_that_are_lost_are_an_error() {
    let grants = members(3, 3);
    let (database, mut rows) = with_pending(&grants, 9, PAGE, Limits::default());
    rows.read_at_end();
    let (connection, path) = (&database.connection, database.path());
    build(connection, &path, rows, &Stop::default()).unwrap_err();
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn indexes_of_any_grants_are_those_of_sqlite(
        grants in grants(),
        page_size in select(vec![PAGE, 32768]),
    ) {
        let pages = check(&grants, page_size, Limits::default());
        prop_assert!(pages.ends_with(&GrantIndex::ALL[1..]), "{pages:?}");
    }

    #[test]
    fn any_pending_grants_are_those_of_sqlite(
        grants in grants(),
        stored in 0..300_usize,
        page_size in select(vec![PAGE, 32768]),
    ) {
        let mut grants = grants;
        let mut known = BTreeSet::new();
        for (id, grant) in (1..).zip(&mut grants) {
            grant.id = id;
            let [kind, of] = &grant.of;
            grant.external = format!("{}:{kind}:{of}", grant.entitlement);
        }
        grants.retain(|grant| known.insert((grant.external.clone(), grant.sync.clone())));
        let ids = 1..;
        for (id, grant) in ids.zip(&mut grants) {
            grant.id = id;
        }
        let stored = stored.min(grants.len());
        check_pending(&grants, stored, page_size, Limits::default());
    }
}
