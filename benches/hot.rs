//! Times of what a sync does for each row or page: `make microbench`.
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot run should stop"
)]

use baton_salesforce::baton::{
    Cursor, EncodedSize as _, EntitlementId, Expansion, Grant, GrantMark, Page, Resource,
    ResourceId, UserDetails, Variant,
};
use baton_salesforce::pb::connector as pb;
use baton_salesforce::runner::benchmark::write_rows;
use baton_salesforce::salesforce::{Select, field};
use baton_salesforce::wire;
use divan::{Bencher, black_box, counter::ItemsCount};
use prost::Message as _;
use serde::{Deserialize, Serialize};

fn main() {
    divan::main();
}

fn id(kind: &str, number: usize) -> ResourceId {
    ResourceId::new(kind, format!("005Hp{number:010}AAA")).expect("an id")
}

fn member_of(group: usize) -> EntitlementId {
    EntitlementId::new(id("group", group), "member")
}

/// Grants of users, each to one of a hundred groups.
fn grants(count: usize) -> Vec<Grant> {
    (0..count)
        .map(|number| Grant::new(member_of(number % 100), id("user", number)))
        .collect()
}

/// What a page of grants costs between the connector and the wire.
#[divan::bench(args = [100, 10_000])]
fn convert_and_encode_grants(bencher: Bencher, count: usize) {
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| Page::last(grants(count)))
        .bench_values(|page| {
            let answer = wire::page::answer(page, wire::grant::grant);
            let list = answer.expect("an answer").list;
            list.iter()
                .map(|row| row.encode_to_vec().len())
                .sum::<usize>()
        });
}

/// What bounds a page, for each row.
#[divan::bench]
fn size_of_a_grant(bencher: Bencher) {
    let grant = Grant::new(member_of(1), id("user", 1));
    bencher.bench(|| black_box(&grant).encoded_size());
}

/// A query with a list of ids, as reads by id send it.
#[divan::bench(args = [1, 400])]
fn build_soql(bencher: Bencher, ids: usize) {
    let ids: Vec<String> = (0..ids)
        .map(|number| format!("005Hp{number:010}"))
        .collect();
    bencher.bench(|| {
        Select::from("PermissionSetAssignment")
            .fields(["Id", "AssigneeId", "PermissionSetId", "ExpirationDate"])
            .filter(field("IsActive").eq(true))
            .filter(field("AssigneeId").in_strings(black_box(&ids).clone()))
            .order_by("Id")
            .limit(2_000)
            .to_soql()
            .expect("a query")
    });
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    lower: String,
    upper: String,
    after: String,
}

impl Cursor for Position {}

#[divan::bench]
fn page_token_there_and_back(bencher: Bencher) {
    let id = "005Hp00000000AAIAQ".to_owned();
    let position = Position {
        lower: id.clone(),
        upper: id.clone(),
        after: id,
    };
    bencher.bench(|| {
        let token = black_box(&position).to_token().expect("a token");
        Position::from_token(&token).expect("our own token")
    });
}

type Rows = (Vec<pb::Resource>, Vec<pb::Entitlement>, Vec<pb::Grant>);

/// The rows of a sync whose first group has all others in it, if `nested`.
fn rows(count: usize, nested: bool) -> Rows {
    let user = |number| {
        let user = Variant::User(Box::new(UserDetails::person("login")));
        Resource::new(id("user", number), "User", user)
    };
    let group = |number| Resource::new(id("group", number), "Group", Variant::Group);
    let resources = (0..count).map(user).chain((0..100).map(group));
    let entitlements = (0..100).map(|number| wire::entitlement::stub(member_of(number)));
    let mut grants = grants(count);
    grants.extend((1..100).filter(|_| nested).map(|number| {
        Grant::new(member_of(0), id("group", number)).with(GrantMark::Expandable(Expansion {
            entitlements: vec![member_of(number)],
            shallow: false,
            resource_types: Vec::new(),
        }))
    }));
    (
        resources.map(wire::resource::resource).collect(),
        entitlements.collect(),
        grants.into_iter().map(wire::grant::grant).collect(),
    )
}

fn write(bencher: Bencher, count: usize, nested: bool) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("sync.c1z");
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| rows(count, nested))
        .bench_values(|(resources, entitlements, grants)| {
            // The file keeps earlier syncs, which would grow it.
            let _ = std::fs::remove_file(&file);
            let written = write_rows(&file, resources, entitlements, grants, nested);
            runtime.block_on(written).expect("a file");
        });
}

#[divan::bench(args = [1_000, 20_000], sample_count = 10, sample_size = 1)]
fn write_a_file(bencher: Bencher, grants: usize) {
    write(bencher, grants, false);
}

/// As above, and each grant is derived once more for the group around all groups.
#[divan::bench(args = [1_000, 20_000], sample_count = 10, sample_size = 1)]
fn write_and_expand_a_file(bencher: Bencher, grants: usize) {
    write(bencher, grants, true);
}
