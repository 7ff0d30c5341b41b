//! Questions about a small company.
//!
//! Ada is an administrator. Bob has the set `data` for a while, and is in group `east`, which is in
//! `sales`, which is in `world`, which is in `east` again. Cid is in the set group `ops`, whose sets
//! `data` and `code` it mutes in part. Dan is frozen and in queue `desk` by his role.

use std::path::Path;

use prost::Message as _;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};
use tempfile::TempDir;
use test_case::test_case;

use super::*;
use crate::c1z::Bounds;
use crate::c1z::test_rows::{self as rows, Rows, entitlement, grant, mark, nested, resource};
use crate::pb::connector::resource_type::Trait;
use crate::pb::connector::{
    Grant, GrantExpandable, GrantMetadata, GrantSources, Resource, ResourceType, Status, UserTrait,
    grant_sources, user_trait,
};

fn kind(id: &str, name: &str) -> ResourceType {
    ResourceType {
        id: id.to_owned(),
        display_name: name.to_owned(),
        traits: if id == "user" {
            vec![Trait::User.into()]
        } else {
            Vec::new()
        },
        ..ResourceType::default()
    }
}

fn text(text: &str) -> Value {
    Kind::StringValue(text.to_owned()).into_value()
}

trait IntoValue {
    fn into_value(self) -> Value;
}

impl IntoValue for Kind {
    fn into_value(self) -> Value {
        Value { kind: Some(self) }
    }
}

fn facts(facts: impl IntoIterator<Item = (&'static str, Value)>) -> Struct {
    let facts = facts.into_iter();
    Struct {
        fields: facts.map(|(key, value)| (key.to_owned(), value)).collect(),
    }
}

fn list(texts: &[&str]) -> Value {
    let values = texts.iter().map(|one| text(one)).collect();
    Kind::ListValue(ListValue { values }).into_value()
}

fn user(id: &str, name: &str, email: &str, details: &str) -> Resource {
    let email = user_trait::Email {
        address: email.to_owned(),
        is_primary: true,
    };
    let user = UserTrait {
        login: format!("{id}@acme.example"),
        emails: vec![email],
        ..UserTrait::default()
    };
    Resource {
        display_name: name.to_owned(),
        status: Some(Box::new(Status {
            status: if details.is_empty() { 1 } else { 2 },
            details: details.to_owned(),
        })),
        ..resource("user", id, vec![mark(user)])
    }
}

fn giver(kind: &str, id: &str, gives: &[(&'static str, &[&str])]) -> Resource {
    let facts = facts(gives.iter().map(|(key, texts)| (*key, list(texts))));
    Resource {
        profile: Some(facts),
        display_name: id.to_owned(),
        ..resource(kind, id, Vec::new())
    }
}

fn limited(grant: Grant) -> Grant {
    let limits = facts([
        ("expires_at", text("2027-01-31T00:00:00Z")),
        (
            "session_activation_required",
            Kind::BoolValue(true).into_value(),
        ),
    ]);
    let metadata = GrantMetadata {
        metadata: Some(limits),
    };
    Grant {
        annotations: vec![mark(metadata)],
        ..grant
    }
}

/// A grant that the host of the sync derived.
fn derived(on: &str, to: &str, from: &[&str]) -> Grant {
    let source = |id: &&str| ((*id).to_owned(), grant_sources::GrantSource::default());
    Grant {
        sources: Some(GrantSources {
            sources: from.iter().map(source).collect(),
        }),
        ..grant(on, to)
    }
}

fn people_and_things() -> Vec<Resource> {
    let strong = "strong_permissions";
    let modify = "modify_all_objects";
    let view = "view_all_objects";
    vec![
        user("ada", "Ada Roe", "ada@mail.example", ""),
        user("bob", "Bob Roe", "bob@mail.example", ""),
        user("cid", "Cid Roe", "shared@mail.example", ""),
        user("dan", "Dan Roe", "shared@mail.example", "frozen"),
        giver(
            "profile",
            "admin",
            &[(strong, &["Modify All Data", "View All Data"])],
        ),
        giver("profile", "plain", &[]),
        giver(
            "permission",
            "data",
            &[(strong, &["Modify All Data"]), (modify, &["Account"])],
        ),
        giver(
            "permission",
            "code",
            &[(strong, &["Author Apex"]), (view, &["Account"])],
        ),
        giver("permission_set_group", "ops", &[(strong, &["Author Apex"])]),
        giver("group", "east", &[]),
        giver("group", "sales", &[]),
        giver("group", "world", &[]),
        giver("group", "desk", &[]),
        giver("role", "clerk", &[]),
    ]
}

fn company() -> Rows {
    let resources = people_and_things();
    let slug = |kind: &str| match kind {
        "group" | "permission_set_group" => "member",
        _ => "assigned",
    };
    let entitlements = resources.iter().filter_map(|row| row.id.as_ref());
    let entitlements = entitlements
        .filter(|id| id.resource_type != "user")
        .map(|id| entitlement(&id.resource_type, &id.resource, slug(&id.resource_type)))
        .collect();
    let within = |outer: &str, inner: &str| {
        let outer = format!("group:{outer}:member");
        nested(
            &outer,
            &format!("group:{inner}"),
            &[&format!("group:{inner}:member")],
        )
    };
    let of_ops = |set: &str| {
        let set = format!("permission:{set}:assigned");
        nested(
            &set,
            "permission_set_group:ops",
            &["permission_set_group:ops:member"],
        )
    };
    Rows {
        types: vec![
            kind("group", "Group"),
            kind("permission", "Permission Set"),
            kind("permission_set_group", "Permission Set Group"),
            kind("profile", "Profile"),
            kind("role", "Role"),
            kind("user", "User"),
        ],
        resources,
        entitlements,
        grants: vec![
            grant("profile:admin:assigned", "user:ada"),
            grant("profile:plain:assigned", "user:bob"),
            grant("profile:plain:assigned", "user:cid"),
            grant("profile:plain:assigned", "user:dan"),
            limited(grant("permission:data:assigned", "user:bob")),
            grant("group:east:member", "user:bob"),
            within("sales", "east"),
            within("world", "sales"),
            within("east", "world"),
            derived("group:sales:member", "user:bob", &["group:east:member"]),
            grant("permission_set_group:ops:member", "user:cid"),
            of_ops("data"),
            of_ops("code"),
            derived(
                "permission:data:assigned",
                "user:cid",
                &["permission_set_group:ops:member"],
            ),
            grant("role:clerk:assigned", "user:dan"),
            nested("group:desk:member", "role:clerk", &["role:clerk:assigned"]),
            // Both direct and derived.
            derived(
                "group:desk:member",
                "user:dan",
                &["role:clerk:assigned", "group:desk:member"],
            ),
        ],
        warnings: Vec::new(),
    }
}

async fn stored(rows: Rows) -> (StoredSync, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    rows::write(&file, rows).await;
    (open(&file), directory)
}

fn open(file: &Path) -> StoredSync {
    StoredSync::open(file, &Bounds::default()).unwrap()
}

/// The rows of an answer, `<login>|<entitlement>|<path>|<gives>`, and its notes.
fn asked(sync: &StoredSync, question: &Question) -> Result<(Vec<String>, Vec<String>)> {
    let mut rows = Vec::new();
    let notes = question::answer(sync, question, &mut |row| {
        let target = row.held.target().unwrap();
        let gives = row.gives.join("+");
        rows.push(format!(
            "{}|{}|{}|{gives}",
            row.person.id.resource, target.entitlement, row.held
        ));
        Ok(())
    })?;
    Ok((rows, notes))
}

const WHOLE: &str = "until 2027-01-31T00:00:00Z, only in sessions that activate it";

#[tokio::test]
async fn a_person_has_every_path() {
    let (sync, _directory) = stored(company()).await;
    let of = |text: &str| asked(&sync, &Question::Person(text.to_owned())).unwrap().0;
    assert_eq!(
        of("bob"),
        [
            "bob|group:east:member|directly|".to_owned(),
            "bob|group:sales:member|through Group east|".to_owned(),
            "bob|group:world:member|through Group east > Group sales|".to_owned(),
            format!("bob|permission:data:assigned|directly, {WHOLE}|Modify All Data"),
            "bob|profile:plain:assigned|directly|".to_owned(),
        ]
    );
    assert_eq!(
        of("CID@acme.example"),
        [
            "cid|permission:code:assigned|through Permission Set Group ops|",
            "cid|permission:data:assigned|through Permission Set Group ops|",
            "cid|permission_set_group:ops:member|directly|Author Apex",
            "cid|profile:plain:assigned|directly|",
        ]
    );
    assert_eq!(
        of("dan roe"),
        [
            "dan|group:desk:member|directly|",
            "dan|group:desk:member|through Role clerk|",
            "dan|profile:plain:assigned|directly|",
            "dan|role:clerk:assigned|directly|",
        ]
    );
}

#[test_case("ada", Ok("ada"); "an id")]
#[test_case("Bob@ACME.example", Ok("bob"); "a username in any case")]
#[test_case("bob@mail", Ok("bob"); "a part of an address")]
#[test_case("roe", Err("\"roe\" fits 4 accounts; give the username of one of them: ada@acme.example (Ada Roe, ada, active); bob@"); "a shared name")]
#[test_case("shared@mail.example", Err("fits 2 accounts"); "a shared address")]
#[test_case("eve", Err("no account in the file has \"eve\""); "nobody")]
#[tokio::test]
async fn a_person_is_found(text: &str, expected: Result<&str, &str>) {
    let (sync, _directory) = stored(company()).await;
    match (find::find(&sync, text), expected) {
        (Ok(found), Ok(expected)) => assert_eq!(found.id.resource, expected),
        (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
        (found, _) => panic!("{found:?}"),
    }
}

#[test_case("ModifyAllData")]
#[test_case("modify all data")]
#[test_case("PermissionsModifyAllData")]
#[tokio::test]
async fn a_permission_is_never_held_through_a_set_in_a_group(asked_for: &str) {
    let (sync, _directory) = stored(company()).await;
    let question = Question::Permission(asked_for.to_owned());
    let (rows, notes) = asked(&sync, &question).unwrap();
    assert_eq!(
        rows,
        [
            "ada|profile:admin:assigned|directly|Modify All Data".to_owned(),
            format!("bob|permission:data:assigned|directly, {WHOLE}|Modify All Data"),
        ]
    );
    assert!(notes.is_empty(), "{notes:?}");
}

#[tokio::test]
async fn a_group_answers_for_its_sets() {
    let (sync, _directory) = stored(company()).await;
    let question = Question::Permission("Author Apex".to_owned());
    assert_eq!(
        asked(&sync, &question).unwrap().0,
        ["cid|permission_set_group:ops:member|directly|Author Apex"]
    );
}

#[tokio::test]
async fn a_group_answers_for_its_sets_even_where_no_group_gives_anything() {
    let mut company = company();
    for row in &mut company.resources {
        if row.display_name == "ops" {
            row.profile = None;
        }
    }
    let (sync, _directory) = stored(company).await;
    let question = Question::Permission("Author Apex".to_owned());
    assert!(asked(&sync, &question).unwrap().0.is_empty());
}

#[tokio::test]
async fn a_permission_that_nobody_gives_has_no_holders() {
    let (sync, _directory) = stored(company()).await;
    let question = |name: &str| asked(&sync, &Question::Permission(name.to_owned()));
    assert!(question("ManageUsers").unwrap().0.is_empty());
    let (_, notes) = question("ApiEnabled").unwrap();
    assert!(notes[0].contains("API Enabled"), "{notes:?}");
    let error = question("ModifyAllDate").unwrap_err().to_string();
    assert!(error.contains("did you mean ModifyAllData?"), "{error}");
    assert!(error.contains("ManageUsers, "), "{error}");
}

#[tokio::test]
async fn a_file_without_strong_permissions_says_so() {
    let mut company = company();
    for row in &mut company.resources {
        row.profile = None;
    }
    let (sync, _directory) = stored(company).await;
    for question in [
        Question::Permission("ModifyAllData".to_owned()),
        Question::Object("Account".to_owned()),
    ] {
        let error = asked(&sync, &question).unwrap_err();
        assert!(matches!(error, Error::NoPermissions), "{error}");
    }
}

#[tokio::test]
async fn an_object_is_opened_in_particular_or_with_all_others() {
    let (sync, _directory) = stored(company()).await;
    let question = |name: &str| asked(&sync, &Question::Object(name.to_owned())).unwrap();
    let everything = "ada|profile:admin:assigned|directly|\
                      Modify All Data (every object)+View All Data (every object)";
    let data = |why: &str| format!("bob|permission:data:assigned|directly, {WHOLE}|{why}");
    let (rows, notes) = question("account");
    let both = "Modify All Data (every object)+Modify All Records";
    assert_eq!(rows, [everything.to_owned(), data(both)]);
    assert!(notes.is_empty(), "{notes:?}");
    let (rows, notes) = question("Acount");
    let all = "Modify All Data (every object)";
    assert_eq!(rows, [everything.to_owned(), data(all)]);
    assert!(notes[0].ends_with("did you mean Account?"), "{notes:?}");
}

#[tokio::test]
async fn a_sync_without_objects_says_so() {
    let mut company = company();
    for row in &mut company.resources {
        let profile = row.profile.get_or_insert_default();
        profile.fields.retain(|key, _| key == "strong_permissions");
    }
    let (sync, _directory) = stored(company).await;
    let (rows, notes) = asked(&sync, &Question::Object("Account".to_owned())).unwrap();
    assert_eq!(rows.len(), 2);
    assert!(notes[0].contains("--sync-object-permissions"), "{notes:?}");
}

#[tokio::test]
async fn an_entitlement_has_holders_with_paths() {
    let (sync, _directory) = stored(company()).await;
    let question = |id: &str| asked(&sync, &Question::Entitlement(id.to_owned()));
    assert_eq!(
        question("permission:data:assigned").unwrap().0,
        [
            format!("bob|permission:data:assigned|directly, {WHOLE}|Modify All Data"),
            "cid|permission:data:assigned|through Permission Set Group ops|".to_owned(),
        ]
    );
    assert_eq!(
        question("group:world:member").unwrap().0,
        ["bob|group:world:member|through Group east > Group sales|"]
    );
    let error = question("group:nowhere:member").unwrap_err();
    assert!(matches!(error, Error::NoEntitlement(_)), "{error}");
}

#[tokio::test]
async fn everything_is_what_each_person_has() {
    let (sync, _directory) = stored(company()).await;
    let mut one_by_one = Vec::new();
    for person in ["ada", "bob", "cid", "dan"] {
        let question = Question::Person(person.to_owned());
        one_by_one.extend(asked(&sync, &question).unwrap().0);
    }
    let everything = asked(&sync, &Question::Everything).unwrap().0;
    assert_eq!(everything, one_by_one);
    assert_eq!(everything.len(), 14);
}

#[tokio::test]
async fn a_holder_that_the_file_does_not_have_is_told() {
    let mut company = company();
    let granted = grant("group:sales:member", "user:eve");
    company.grants.push(granted);
    let (sync, _directory) = stored(company).await;
    let (rows, _) = asked(&sync, &Question::Everything).unwrap();
    assert_eq!(
        rows[14..],
        [
            "eve|group:east:member|through Group sales > Group world|",
            "eve|group:sales:member|directly|",
            "eve|group:world:member|through Group sales|",
        ]
    );
    let question = Question::Entitlement("group:sales:member".to_owned());
    assert!(asked(&sync, &question).unwrap().0[1].starts_with("eve|"));
}

/// Rewrites a file as writers did that had no column for nestings.
fn without_expansion_column(file: &Path) {
    let packed = std::fs::read(file).unwrap();
    let database = file.with_extension("db");
    std::fs::write(&database, zstd::decode_all(&packed[5..]).unwrap()).unwrap();
    let connection = rusqlite::Connection::open(&database).unwrap();
    let mut nestings = Vec::new();
    connection
        .prepare("select id, data, expansion from v1_grants where expansion is not null")
        .unwrap()
        .query_map([], |row| {
            nestings.push((row.get(0)?, row.get(1)?, row.get(2)?));
            Ok(())
        })
        .unwrap()
        .for_each(Result::unwrap);
    for (id, data, expansion) in nestings {
        let (id, data, expansion): (i64, Vec<u8>, Vec<u8>) = (id, data, expansion);
        let mut grant = Grant::decode(&*data).unwrap();
        let expansion = GrantExpandable::decode(&*expansion).unwrap();
        grant.annotations.push(mark(expansion));
        let update = "update v1_grants set data = ?1 where id = ?2";
        let values = rusqlite::params![grant.encode_to_vec(), id];
        connection.execute(update, values).unwrap();
    }
    let drop = "drop index idx_grants_sync_expansion_v1;
        drop index idx_grants_sync_needs_expansion_v1;
        alter table v1_grants drop column expansion;
        alter table v1_grants drop column needs_expansion;";
    connection.execute_batch(drop).unwrap();
    connection.close().unwrap();
    let packed = zstd::encode_all(&*std::fs::read(database).unwrap(), 1).unwrap();
    std::fs::write(file, [b"C1ZF\0", packed.as_slice()].concat()).unwrap();
}

#[tokio::test]
async fn an_older_file_keeps_nestings_in_the_grants() {
    let (sync, directory) = stored(company()).await;
    let file = directory.path().join("sync.c1z");
    without_expansion_column(&file);
    let everything = |sync: &StoredSync| asked(sync, &Question::Everything).unwrap();
    assert_eq!(everything(&open(&file)), everything(&sync));
}
