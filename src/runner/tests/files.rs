//! Syncs into files: what is written, what stays, what is never touched.

use std::path::Path;
use std::sync::Arc;

use prost::{Message as _, Name as _};
use prost_types::Any;
use rusqlite::Connection;
use test_case::test_case;

use super::connector::{Script, page};
use super::rows::*;
use crate::c1z::{self, Bounds, Error as FileError, Options as FileOptions, Reader, Writer};
use crate::output_file::FileMode;
use crate::pb::connector::*;
use crate::runner::error::Error;
use crate::runner::sync::Options;

/// Adds annotations that readers built on SDK v0.7.26 do not know.
fn newer(mut known: Vec<Any>) -> Vec<Any> {
    known.push(mark(NonHumanIdentityTrait::default()));
    known.push(mark(EntitlementExclusionGroup::default()));
    known.push(Any {
        type_url: "type.googleapis.com/example.Private".into(),
        ..Any::default()
    });
    known
}

pub(super) fn script() -> Script {
    let marks = vec![mark(TypeScopedGrants {}), mark(OptInRequired {})];
    let mut script = Script {
        types: vec![kind("group", marks)],
        ..Script::default()
    };
    let parent = Some(Box::new(id("org", "o")));
    let user = resource("group", "g", newer(vec![mark(UserTrait::default())]));
    let rows = vec![Resource {
        parent_resource_id: parent,
        ..user
    }];
    script
        .resources
        .insert(("group".into(), String::new()), page(rows));
    let mut row = entitlement("group", "g", "m");
    row.annotations = newer(vec![mark(EntitlementImmutable::default())]);
    row.grantable_to = vec![kind("user", newer(vec![]))];
    script
        .entitlements
        .insert(("group/g".into(), String::new()), page(vec![row]));
    let mut row = nested("group:g:m", "group:g", &["group:g:m"]);
    row.annotations = newer(std::mem::take(&mut row.annotations));
    row.principal.as_mut().unwrap().annotations = newer(vec![]);
    let entitlement = row.entitlement.as_mut().unwrap();
    entitlement.annotations = newer(vec![]);
    entitlement.resource.as_mut().unwrap().annotations = newer(vec![]);
    let rows = vec![row];
    script
        .grants
        .insert(("type group".into(), String::new()), page(rows));
    script
}

/// The database of a file, which is sound.
pub(super) fn database(file: &Path) -> Connection {
    let packed = std::fs::read(file).unwrap();
    assert_eq!(&packed[..5], b"C1ZF\0");
    let size = zstd::zstd_safe::get_frame_content_size(&packed[5..]).unwrap();
    let unpacked = zstd::decode_all(&packed[5..]).unwrap();
    assert_eq!(size, Some(unpacked.len() as u64));
    let path = file.with_extension(format!("{}.db", unpacked.len()));
    std::fs::write(&path, unpacked).unwrap();
    let database = Connection::open(path).unwrap();
    let sound = count(
        &database,
        "pragma_integrity_check where integrity_check = 'ok'",
    );
    assert_eq!(sound, 1);
    database
}

/// Tables with their columns, indexes with theirs, one a line.
fn shape(database: &Connection) -> String {
    let lines = "
        select type || ' ' || name || ': ' || case type
            when 'table' then (
                select group_concat(rtrim(lower(c.name || ' ' || c.type || ' ' || c.\"notnull\"
                    || ' ' || coalesce(c.dflt_value, ''))), ', ') from pragma_table_info(m.name) c)
            else (select group_concat(c.name, ', ') from pragma_index_info(m.name) c)
        end
        from sqlite_master m where name not like 'sqlite_%' order by 1";
    let mut lines = database.prepare(lines).unwrap();
    let lines = lines.query_map([], |row| row.get::<_, String>(0)).unwrap();
    lines.map(|line| line.unwrap() + "\n").collect()
}

pub(super) fn count(database: &Connection, what: &str) -> i64 {
    database
        .query_row(&format!("select count(*) from {what}"), [], |row| {
            row.get(0)
        })
        .unwrap()
}

/// The listing is that of a file of SDK 0.25, without the columns that older readers reject.
#[tokio::test]
async fn the_schema_is_the_sdks() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    Arc::new(script())
        .write(&file, Options::default())
        .await
        .unwrap();
    assert_eq!(shape(&database(&file)), include_str!("sdk-schema.txt"));
}

#[tokio::test]
async fn rows_are_stored_without_what_old_readers_cannot_decode() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    Arc::new(script())
        .write(&file, Options::default())
        .await
        .unwrap();
    let database = database(&file);
    let blob = |table: &str| -> Vec<u8> {
        database
            .query_row(&format!("select data from {table}"), [], |row| row.get(0))
            .unwrap()
    };
    let kind = ResourceType::decode(&*blob("v1_resource_types")).unwrap();
    assert!(kind.annotations.is_empty());
    let entitlement = Entitlement::decode(&*blob("v1_entitlements")).unwrap();
    let names = |annotations: &[Any]| -> Vec<String> {
        annotations.iter().map(|any| any.type_url.clone()).collect()
    };
    assert_eq!(
        names(&entitlement.annotations),
        [EntitlementImmutable::type_url()]
    );
    assert!(entitlement.grantable_to[0].annotations.is_empty());
    let grant = Grant::decode(&*blob("v1_grants")).unwrap();
    assert!(grant.annotations.is_empty());
    assert!(grant.principal.unwrap().annotations.is_empty());
    let entitlement = grant.entitlement.unwrap();
    assert!(entitlement.annotations.is_empty());
    assert!(entitlement.resource.unwrap().annotations.is_empty());
    assert_eq!(
        count(
            &database,
            "v1_grants where expansion is not null and needs_expansion = 1"
        ),
        1
    );
    let resource = Resource::decode(&*blob("v1_resources")).unwrap();
    assert_eq!(names(&resource.annotations), [UserTrait::type_url()]);
    let user: UserTrait = c1z::annotation::first(&resource.annotations).unwrap();
    #[expect(deprecated, reason = "old readers know no other field")]
    let profile = user.profile;
    assert!(profile.is_some());
    let columns: (String, String, String, String) = database
        .query_row(
            "select external_id, parent_resource_type_id, parent_resource_id, discovered_at
             from v1_resources",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .unwrap();
    assert_eq!(
        (columns.0.as_str(), columns.1.as_str(), columns.2.as_str()),
        ("group:g", "org", "o")
    );
    assert_eq!(columns.3.as_bytes()[10], b' ');
    assert!(!columns.3.contains(['T', 'Z', '+']));
    let run: (String, Option<String>, String) = database
        .query_row(
            "select sync_type, ended_at, sync_token from v1_sync_runs",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert_eq!(
        (run.0.as_str(), run.1.is_some(), run.2.as_str()),
        ("full", true, "")
    );
}

#[tokio::test]
async fn a_failed_sync_leaves_the_previous_file_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    let script = Arc::new(script());
    script.write(&file, Options::default()).await.unwrap();
    let before = std::fs::read(&file).unwrap();
    script.fail("grants type group", [tonic::Status::internal("broken")]);
    script.write(&file, Options::default()).await.unwrap_err();
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let left: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .flatten()
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn what_killed_processes_left_is_swept() {
    let directory = tempfile::tempdir().unwrap();
    let stale = directory.path().join("sync.c1z.4294967294.new.tmp");
    let other = directory.path().join("sync.c1z.notes.tmp");
    std::fs::write(&stale, "").unwrap();
    std::fs::write(&other, "").unwrap();
    drop(Writer::create(&directory.path().join("sync.c1z"), &FileOptions::default()).unwrap());
    assert!(!stale.exists());
    assert!(other.exists());
}

#[tokio::test]
async fn of_two_writers_of_one_file_the_second_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    let link = directory.path().join("link.c1z");
    std::os::unix::fs::symlink("sync.c1z", &link).unwrap();
    let first = Writer::create(&file, &FileOptions::default()).unwrap();
    for path in [&file, &link] {
        let error = Writer::create(path, &FileOptions::default()).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("is being written by another process"),
            "{text}"
        );
    }
    first.finish().await.unwrap();
    let second = Writer::create(&link, &FileOptions::default()).unwrap();
    second.finish().await.unwrap();
    assert_eq!(count(&database(&file), "v1_sync_runs"), 2);
    let left = std::fs::read_dir(directory.path()).unwrap().flatten();
    let left = left.filter(|entry| entry.path().extension().is_some_and(|it| it == "tmp"));
    assert_eq!(left.count(), 0);
}

#[test_case(true; "that exists")]
#[test_case(false; "that does not exist yet")]
#[tokio::test]
async fn through_a_link_its_target_is_written(exists: bool) {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::create_dir(at("data")).unwrap();
    std::os::unix::fs::symlink("data/real.c1z", at("sync.c1z")).unwrap();
    let script = Arc::new(script());
    if exists {
        script
            .write(&at("data/real.c1z"), Options::default())
            .await
            .unwrap();
    }
    script
        .write(&at("sync.c1z"), Options::default())
        .await
        .unwrap();
    assert!(at("sync.c1z").is_symlink());
    let syncs = count(&database(&at("data/real.c1z")), "v1_sync_runs");
    assert_eq!(syncs, if exists { 2 } else { 1 });
}

#[test_case("" => 0o600; "private unless told otherwise")]
#[test_case("0640" => 0o640; "as told")]
#[tokio::test]
async fn a_file_has_the_mode_that_was_asked_for(mode: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o666)).unwrap();
    let options = FileOptions {
        mode: FileMode::parse(mode).unwrap_or_default(),
        ..FileOptions::default()
    };
    let writer = Writer::create(&file, &options).unwrap();
    writer.finish().await.unwrap();
    std::fs::metadata(&file).unwrap().permissions().mode() & 0o777
}

/// Why a file is not written to: told at once, or by the first write.
pub(super) async fn refused(file: &Path) -> FileError {
    match Writer::create(file, &FileOptions::default()) {
        Ok(writer) => writer.finish().await.unwrap_err(),
        Err(error) => error,
    }
}

/// A frame of mostly zeros behind `head`: a few kilobytes that unpack to 96 MiB.
fn bomb(head: &[u8]) -> Vec<u8> {
    use std::io::{Read as _, repeat};
    let content = std::io::Read::chain(head, repeat(0).take(96 << 20));
    let packed = zstd::encode_all(content, 1).unwrap();
    [b"C1ZF\0", packed.as_slice()].concat()
}

#[test_case(b"", "does not hold a SQLite database"; "zeros")]
#[test_case(b"SQLite format 3\0", "unpacks to more than 67108864"; "a database of zeros")]
#[tokio::test]
async fn what_unpacks_to_many_times_its_size_is_refused(head: &[u8], why: &str) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    let content = bomb(head);
    std::fs::write(&file, &content).unwrap();
    for error in [
        refused(&file).await,
        Reader::open(&file, &Bounds::default()).unwrap_err(),
    ] {
        assert!(error.to_string().contains(why), "{error}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), content);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_larger_ratio_may_be_allowed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    std::fs::write(&file, bomb(b"SQLite format 3\0")).unwrap();
    let bounds = Bounds {
        ratio: 1_000_000,
        ..Bounds::default()
    };
    let error = Reader::open(&file, &bounds).unwrap_err();
    assert!(matches!(error, FileError::Damaged { .. }), "{error}");
}

/// A view is code: this one has rows for ever.
#[tokio::test]
async fn a_view_in_the_place_of_a_table_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let plain = directory.path().join("plain.db");
    let endless = "
        create table runs (id integer primary key);
        create view v1_sync_runs as
            with recursive n (i) as (select 1 union all select i + 1 from n)
            select i as id, 'x' as sync_id, '2026' as started_at, '2027' as ended_at,
                'full' as sync_type, '' as sync_token from n;";
    Connection::open(&plain)
        .unwrap()
        .execute_batch(endless)
        .unwrap();
    let packed = zstd::encode_all(std::fs::File::open(&plain).unwrap(), 1).unwrap();
    let file = directory.path().join("sync.c1z");
    std::fs::write(&file, [b"C1ZF\0".as_slice(), &packed].concat()).unwrap();
    for error in [
        refused(&file).await,
        Reader::open(&file, &Bounds::default()).unwrap_err(),
    ] {
        assert!(matches!(error, FileError::Damaged { .. }), "{error}");
    }
}

#[test_case(b"C1Z3\0....", "newer format 3"; "newer")]
#[test_case(b"PK\x03\x04....", "is not a c1z file"; "foreign")]
#[test_case(b"C1ZF\0", "damaged or truncated"; "nothing but the header")]
#[test_case(b"C1ZF\0garbage garbage", "damaged or truncated"; "garbage")]
#[test_case(b"C1", "is not a c1z file"; "two bytes")]
#[tokio::test]
async fn other_files_are_left_as_they_are(content: &[u8], why: &str) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    std::fs::write(&file, content).unwrap();
    let error = refused(&file).await;
    assert!(error.to_string().contains(why), "{error}");
    assert!(
        Reader::open(&file, &Bounds::default())
            .unwrap_err()
            .to_string()
            .contains(why)
    );
    assert_eq!(std::fs::read(&file).unwrap(), content);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_truncated_file_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    Arc::new(script())
        .write(&file, Options::default())
        .await
        .unwrap();
    let whole = std::fs::read(&file).unwrap();
    let cut = &whole[..whole.len() - 7];
    std::fs::write(&file, cut).unwrap();
    let error = Arc::new(script())
        .write(&file, Options::default())
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::File(FileError::Damaged { .. })),
        "{error}"
    );
    assert_eq!(std::fs::read(&file).unwrap(), cut);
}

#[tokio::test]
async fn an_empty_file_counts_as_none() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    std::fs::write(&file, "").unwrap();
    Arc::new(script())
        .write(&file, Options::default())
        .await
        .unwrap();
    assert_eq!(count(&database(&file), "v1_sync_runs"), 1);
}

#[test]
fn a_directory_that_is_missing_is_named() {
    let error = Writer::create(
        Path::new("/no/such/place/sync.c1z"),
        &FileOptions::default(),
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("/no/such/place/sync.c1z"),
        "{error}"
    );
}

#[tokio::test]
async fn the_database_may_grow_elsewhere() {
    let (target, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = target.path().join("sync.c1z");
    let names = |directory: &tempfile::TempDir| {
        let entries = std::fs::read_dir(directory.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect::<Vec<_>>()
    };
    let options = FileOptions {
        directory: Some(elsewhere.path().to_owned()),
        ..FileOptions::default()
    };
    let writer = Writer::create(&file, &options).unwrap();
    assert_eq!(names(&target), ["sync.c1z.lock.tmp"]);
    let [database] = &*names(&elsewhere) else {
        panic!("{:?}", names(&elsewhere));
    };
    assert!(database.starts_with("sync.c1z."), "{database}");
    writer.finish().await.unwrap();
    assert_eq!(names(&target), ["sync.c1z"]);
    assert_eq!(names(&elsewhere), [""; 0]);
}
