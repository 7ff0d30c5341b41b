//! Two syncs of a small company.

use tempfile::TempDir;

use super::*;
use crate::access::State;
use crate::c1z::test_rows::{self as rows, Rows, entitlement, grant, mark, nested, resource};
use crate::c1z::{Bounds, Kind, Reader};
use crate::pb::connector::resource_type::Trait;
use crate::pb::connector::{Grant, GrantMetadata, Resource, ResourceType, Status, UserTrait};
use crate::records::Record as _;
use prost_types::value::Kind as ValueKind;
use prost_types::{ListValue, Struct, Value};

fn kind(id: &str, of: &[Trait]) -> ResourceType {
    ResourceType {
        id: id.to_owned(),
        display_name: id.to_owned(),
        traits: of.iter().map(|one| i32::from(*one)).collect(),
        ..ResourceType::default()
    }
}

fn user(id: &str, details: &str) -> Resource {
    Resource {
        status: Some(Box::new(Status {
            status: if details.is_empty() { 1 } else { 2 },
            details: details.to_owned(),
        })),
        ..resource("user", id, vec![mark(UserTrait::default())])
    }
}

fn fact(key: &str, kind: ValueKind) -> Struct {
    let value = Value { kind: Some(kind) };
    Struct {
        fields: [(key.to_owned(), value)].into(),
    }
}

fn until(grant: Grant, end: &str) -> Grant {
    let metadata = fact("expires_at", ValueKind::StringValue(end.to_owned()));
    let metadata = GrantMetadata {
        metadata: Some(metadata),
    };
    Grant {
        annotations: vec![mark(metadata)],
        ..grant
    }
}

fn giver(id: &str, gives: &[&str]) -> Resource {
    let values = gives.iter().map(|name| Value {
        kind: Some(ValueKind::StringValue((*name).to_owned())),
    });
    let values = values.collect();
    Resource {
        profile: Some(fact(
            "strong_permissions",
            ValueKind::ListValue(ListValue { values }),
        )),
        ..resource("profile", id, Vec::new())
    }
}

fn license(used: f64) -> Resource {
    Resource {
        profile: Some(fact("consumed_seats", ValueKind::NumberValue(used))),
        ..resource("license", "l", Vec::new())
    }
}

/// Ann is in group `inner`, which is in `outer`, and has the set `s`.
fn company() -> Rows {
    let within = nested("group:outer:member", "group:inner", &["group:inner:member"]);
    let mut resources = vec![
        user("ann", ""),
        user("bob", "frozen"),
        giver("p", &["Manage Users"]),
        giver("q", &[]),
        license(1.0),
    ];
    let mut entitlements = vec![
        entitlement("profile", "p", "assigned"),
        entitlement("profile", "q", "assigned"),
    ];
    for (kind, id, slug) in [
        ("group", "inner", "member"),
        ("group", "outer", "member"),
        ("permission", "s", "assigned"),
        ("role", "r", "assigned"),
    ] {
        resources.push(resource(kind, id, Vec::new()));
        entitlements.push(entitlement(kind, id, slug));
    }
    Rows {
        types: vec![
            kind("group", &[]),
            kind("license", &[Trait::LicenseProfile]),
            kind("permission", &[]),
            kind("profile", &[]),
            kind("role", &[]),
            kind("user", &[Trait::User]),
        ],
        resources,
        entitlements,
        grants: vec![
            grant("profile:p:assigned", "user:ann"),
            grant("profile:p:assigned", "user:bob"),
            grant("permission:s:assigned", "user:ann"),
            grant("group:inner:member", "user:ann"),
            within,
        ],
        warnings: Vec::new(),
    }
}

/// The changes from one sync to the next in a file, as lines, and the notes.
async fn changes(kind: Kind, before: Rows, after: Rows) -> (Vec<String>, Vec<String>) {
    let directory = TempDir::new().unwrap();
    let files = ["old", "new"].map(|name| directory.path().join(name));
    rows::write_as(Kind::Full, &files[0], before).await;
    rows::write_as(kind, &files[1], after).await;
    let [old, new] = files.map(|file| StoredSync::open(&file, &Bounds::default()).unwrap());
    let mut lines = Vec::new();
    let notes = between(&old, &new, |change| -> Result<(), Error> {
        let cells = change.cells();
        // change, person, entitlement, paths, gives, from, to
        let cells = [0, 1, 5, 9, 10, 11, 12].map(|cell| cells[cell].as_str());
        lines.push(cells.join("|").trim_end_matches('|').to_owned());
        Ok(())
    });
    (lines, notes.unwrap())
}

async fn after(change: impl FnOnce(&mut Rows)) -> Vec<String> {
    let mut rows = company();
    change(&mut rows);
    changes(Kind::Full, company(), rows).await.0
}

fn without(rows: &mut Rows, grant: &str) {
    rows.grants.retain(|row| row.id != grant);
}

#[tokio::test]
async fn the_same_is_no_change() {
    assert!(after(|_| {}).await.is_empty());
}

#[tokio::test]
async fn access_is_gained_and_lost_with_what_it_leads_to() {
    let lost = after(|rows| without(rows, "group:inner:member:user:ann")).await;
    assert_eq!(
        lost,
        [
            "access_lost|ann|group:inner:member|directly",
            "access_lost|ann|group:outer:member|through group group inner",
        ]
    );
    let gained = after(|rows| {
        rows.grants
            .push(until(grant("permission:s:assigned", "user:bob"), "2027"));
    });
    assert_eq!(
        gained.await,
        ["access_gained|bob|permission:s:assigned|directly, until 2027"]
    );
}

#[tokio::test]
async fn a_change_of_a_group_reaches_its_members() {
    let lost = after(|rows| without(rows, "group:outer:member:group:inner")).await;
    assert_eq!(
        lost,
        ["access_lost|ann|group:outer:member|through group group inner"]
    );
}

#[tokio::test]
async fn another_way_to_the_same_is_no_gain() {
    let gained = after(|rows| rows.grants.push(grant("group:outer:member", "user:ann"))).await;
    assert_eq!(gained, ["path_changed|ann|group:outer:member||||directly"]);
}

#[tokio::test]
async fn a_profile_takes_the_place_of_another() {
    let changed = after(|rows| {
        without(rows, "profile:p:assigned:user:ann");
        rows.grants.push(grant("profile:q:assigned", "user:ann"));
        rows.grants.push(grant("role:r:assigned", "user:ann"));
    });
    assert_eq!(
        changed.await,
        [
            "profile_changed|ann|profile:q:assigned|||profile p|profile q",
            "role_changed|ann|role:r:assigned||||role r",
        ]
    );
}

#[tokio::test]
async fn accounts_come_and_go_freeze_and_wake() {
    let changed = after(|rows| {
        rows.resources
            .retain(|row| row.id.as_ref().unwrap().resource_type != "user");
        rows.resources
            .extend([user("bob", ""), user("cid", "deactivated")]);
        rows.grants.retain(|row| !row.id.contains("user:ann"));
    });
    assert_eq!(
        changed.await,
        [
            "account_went|ann",
            "access_lost|ann|group:inner:member|directly",
            "access_lost|ann|group:outer:member|through group group inner",
            "access_lost|ann|permission:s:assigned|directly",
            "access_lost|ann|profile:p:assigned|directly|Manage Users",
            "account_unfrozen|bob||||frozen|active",
            "account_came|cid",
        ]
    );
}

#[tokio::test]
async fn limits_seats_and_permissions_change() {
    let changed = after(|rows| {
        without(rows, "permission:s:assigned:user:ann");
        rows.grants
            .push(until(grant("permission:s:assigned", "user:ann"), "2027"));
        rows.resources.retain(|row| {
            let id = row.id.as_ref().unwrap();
            id.resource_type != "license" && id.resource != "q"
        });
        rows.resources
            .extend([license(3.0), giver("q", &["Author Apex"])]);
    });
    assert_eq!(
        changed.await,
        [
            "limits_changed|ann|permission:s:assigned||||until 2027",
            "consumed_seats_changed|||||1|3",
            "permissions_changed||||||Author Apex",
        ]
    );
}

#[tokio::test]
async fn a_type_that_one_sync_lacks_is_not_lost() {
    let changed = after(|rows| {
        rows.types.retain(|kind| kind.id != "group");
        rows.grants.retain(|row| !row.id.starts_with("group:"));
    });
    assert_eq!(changed.await, ["not_compared|||||synced|not synced"]);
}

#[tokio::test]
async fn a_type_that_one_sync_could_not_read_is_not_lost() {
    let mut part = company();
    part.resources
        .retain(|row| row.id.as_ref().unwrap().resource_type != "group");
    part.grants.retain(|row| !row.id.starts_with("group:"));
    part.warnings = vec!["Group could not be read: give a permission".to_owned()];
    let (changed, notes) = changes(Kind::Full, company(), part).await;
    assert_eq!(changed, ["not_compared|||||synced|not synced"]);
    assert_eq!(
        notes,
        ["only the newer sync is not complete: Group could not be read"]
    );
}

#[tokio::test]
async fn of_a_partial_sync_only_what_both_have_is_compared() {
    let mut part = company();
    let is_kept = |id: &str| ["ann", "s"].contains(&id);
    part.resources
        .retain(|row| is_kept(&row.id.as_ref().unwrap().resource));
    part.resources[0].status = user("ann", "frozen").status;
    part.entitlements
        .retain(|row| row.id.starts_with("permission:"));
    part.grants = vec![grant("permission:s:assigned", "user:bob")];
    let (changed, notes) = changes(Kind::Partial, company(), part).await;
    assert_eq!(
        changed,
        [
            "account_frozen|ann||||active|frozen",
            "access_lost|ann|permission:s:assigned|directly",
            "access_gained|bob|permission:s:assigned|directly",
        ]
    );
    assert!(notes[0].contains("partial"), "{notes:?}");
}

#[tokio::test]
async fn one_file_keeps_two_syncs() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("sync.c1z");
    rows::write(&file, company()).await;
    let error = Reader::open_two(&file, &Bounds::default()).unwrap_err();
    assert!(error.to_string().contains("only one finished full sync"));
    let mut frozen = company();
    frozen.resources[0] = user("ann", "frozen");
    rows::write(&file, frozen).await;
    let (old, new) = Reader::open_two(&file, &Bounds::default()).unwrap();
    let state = |reader| {
        let sync = StoredSync::of(reader).unwrap();
        let ann = sync.people().next().unwrap().unwrap();
        ann.state
    };
    assert_eq!((state(old), state(new)), (State::Active, State::Frozen));
}
