//! What a later phase of a sync lists is read while the host still stores the resources.

use std::collections::BTreeSet;
use std::time::Duration;

use baton_salesforce::connector::Options;
use baton_salesforce::pb::connector as pb;
use baton_salesforce::wire::annotation;
use salesforce_simulator::{Fault, Matcher, Org, Preset, SeedSize};
use test_case::test_case;

use crate::harness::{
    Harness, Setup, Synced, annotation as annotation_of, everything, list_resources,
};

/// Types whose grants are rows of a table of their own.
const TYPES: [&str; 5] = [
    "permission",
    "permission_set_group",
    "group",
    "permission_set_license",
    "package_license",
];
const ASSIGNMENTS: [&str; 4] = [
    "PermissionSetAssignment",
    "GroupMember",
    "PermissionSetLicenseAssign",
    "UserPackageLicense",
];
const SYNC: &str = "a-sync";

fn options() -> Options {
    Options {
        licenses: true,
        security_insights: false,
        ..everything()
    }
}

/// Lists the resources of the types, and what grants name besides them.
async fn list_all(harness: &Harness) {
    for resource_type in TYPES.iter().chain(&["user", "role"]) {
        list_resources(harness.resources(), resource_type, SYNC).await;
    }
}

/// The ids of the grants of a type, or of one resource of it. None comes twice.
async fn grants(harness: &Harness, resource_type: &str, on: Option<&str>) -> BTreeSet<String> {
    let (mut all, tokens) = some_grants(harness, resource_type, on, "").await;
    add_grants(harness, resource_type, on, tokens, &mut all).await;
    all
}

/// Adds the grants behind some page tokens.
async fn add_grants(
    harness: &Harness,
    resource_type: &str,
    on: Option<&str>,
    mut tokens: Vec<String>,
    all: &mut BTreeSet<String>,
) {
    while let Some(token) = tokens.pop() {
        let (some, more) = some_grants(harness, resource_type, on, &token).await;
        for id in some {
            assert!(all.insert(id), "a grant came twice");
        }
        tokens.extend(more);
    }
}

/// A page of grants, and the tokens of further ones.
async fn some_grants(
    harness: &Harness,
    resource_type: &str,
    on: Option<&str>,
    token: &str,
) -> (BTreeSet<String>, Vec<String>) {
    let id = pb::ResourceId {
        resource_type: resource_type.into(),
        resource: on.unwrap_or(resource_type).into(),
        ..Default::default()
    };
    let scope = on
        .is_none()
        .then(|| annotation::pack(&pb::TypeScopedGrants {}));
    let request = pb::GrantsServiceListGrantsRequest {
        resource: Some(pb::Resource {
            id: Some(id),
            ..Default::default()
        }),
        annotations: Vec::from_iter(scope),
        page_token: token.into(),
        active_sync_id: SYNC.into(),
        ..Default::default()
    };
    let answer = harness
        .grants()
        .list_grants(request)
        .await
        .unwrap()
        .into_inner();
    let siblings = annotation_of::<pb::EnqueuePageTokens>(&answer.annotations);
    let mut tokens = siblings.unwrap_or_default().page_tokens;
    tokens.extend(Some(answer.next_page_token).filter(|token| !token.is_empty()));
    let ids = answer.list.into_iter().map(|grant| grant.id);
    (ids.collect(), tokens)
}

/// The ids of the grants of a type in a sync.
fn of_type(synced: &Synced, resource_type: &str) -> BTreeSet<String> {
    let prefix = format!("{resource_type}:");
    let ids = synced.grants.keys().filter(|id| id.starts_with(&prefix));
    ids.cloned().collect()
}

/// Waits until the org has heard nothing for a while.
async fn until_quiet(harness: &Harness) {
    let mut calls = usize::MAX;
    while calls != harness.simulator.requests().len() {
        calls = harness.simulator.requests().len();
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// How many queries for rows of an object there were.
fn queries(harness: &Harness, object: &str) -> usize {
    let from = format!(" FROM {object} ");
    let calls = harness.simulator.requests();
    let soql = calls.iter().filter_map(|call| call.soql.as_deref());
    soql.filter(|soql| format!("{soql} ").contains(&from))
        .count()
}

#[tokio::test]
async fn grants_are_there_when_the_host_asks_for_them() {
    let harness = Harness::of(Org::seed(Preset::Demo), options()).await;
    let synced = harness.sync().await;
    list_all(&harness).await;
    until_quiet(&harness).await;
    harness.simulator.clear_requests();
    for resource_type in TYPES {
        let got = grants(&harness, resource_type, None).await;
        assert!(!got.is_empty(), "{resource_type}");
        assert_eq!(got, of_type(&synced, resource_type));
    }
    assert_eq!(harness.simulator.requests().len(), 0);
}

/// A host asks for the grants of single resources if it knows no other way.
#[tokio::test]
async fn grants_of_one_resource_are_its_own() {
    let harness = Harness::of(Org::seed(Preset::Tiny), options()).await;
    let synced = harness.sync().await;
    list_all(&harness).await;
    let wanted = of_type(&synced, "permission");
    let sets = synced.of_type("permission");
    let mut got = BTreeSet::new();
    for set in sets {
        let grants = grants(&harness, "permission", Some(&set)).await;
        assert!(grants.iter().all(|grant| grant.contains(&set)));
        got.extend(grants);
    }
    assert_eq!(got, wanted);
}

#[test_case(SYNC, false; "if the host does not ask for grants")]
#[test_case("", true; "outside a sync")]
#[tokio::test]
async fn nothing_is_read_that_nobody_will_ask_for(sync: &str, grants_follow: bool) {
    let options = Options {
        grants_follow,
        ..options()
    };
    let harness = Harness::of(Org::seed(Preset::Tiny), options).await;
    for resource_type in TYPES {
        list_resources(harness.resources(), resource_type, sync).await;
    }
    until_quiet(&harness).await;
    for object in ASSIGNMENTS {
        assert_eq!(queries(&harness, object), 0, "{object}");
    }
}

/// What fails in the background is read again when the host asks for it.
#[tokio::test]
async fn a_failure_of_what_was_read_ahead_is_not_the_hosts() {
    let harness = Harness::of(Org::seed(Preset::Tiny), options()).await;
    let synced = harness.sync().await;
    let faults = harness.simulator.faults();
    for object in ASSIGNMENTS {
        let refused = Fault::status(400, "INVALID_TYPE", "simulated");
        faults.next(1, Matcher::queries_of(object), refused);
    }
    list_all(&harness).await;
    until_quiet(&harness).await;
    for resource_type in TYPES {
        let got = grants(&harness, resource_type, None).await;
        assert_eq!(got, of_type(&synced, resource_type), "{resource_type}");
    }
}

/// The second time nothing is read ahead any more, so the table is read in parts.
#[tokio::test]
async fn a_host_may_ask_for_the_first_page_of_grants_twice() {
    let harness = Harness::of(Org::seed(Preset::Large), options()).await;
    for resource_type in ["user", "permission_set_group", "permission"] {
        list_resources(harness.resources(), resource_type, SYNC).await;
    }
    // The permission sets of groups come first.
    let (components, tokens) = some_grants(&harness, "permission", None, "").await;
    let assignments = tokens.first().unwrap();
    let first = some_grants(&harness, "permission", None, assignments).await;
    let second = some_grants(&harness, "permission", None, assignments).await;
    assert!(second.1.len() > first.1.len(), "the table is read in parts");
    let mut read = Vec::new();
    for (mut all, tokens) in [first, second] {
        all.extend(components.iter().cloned());
        add_grants(&harness, "permission", None, tokens, &mut all).await;
        read.push(all);
    }
    assert!(read[0] == read[1], "other grants");
    let sets = "IsActive = true AND PermissionSetGroupId = null AND \
                PermissionSet.IsOwnedByProfile = false";
    let held = format!("SELECT Id FROM PermissionSetAssignment WHERE {sets}");
    let rows = harness.simulator.org().query(&held).len();
    assert!(read[0].len() > rows / 2, "{} of {rows}", read[0].len());
}

/// A host with several workers and a slow org: the calls of all phases are a short chain.
#[tokio::test]
async fn a_sync_waits_for_few_calls() {
    let size = SeedSize {
        users: 6_000,
        ..Preset::Demo.size()
    };
    let harness = Harness::with(Setup {
        org: Org::seed_size(size),
        options: options(),
        ..Setup::default()
    })
    .await;
    let slow = Fault::Latency(Duration::from_secs(2));
    harness
        .simulator
        .faults()
        .every_matching(1, Matcher::any(), [slow]);
    let list = |resource_type| list_resources(harness.resources(), resource_type, SYNC);
    tokio::join!(
        list("user"),
        list("profile"),
        list("role"),
        list("group"),
        list("permission"),
        list("permission_set_group"),
        list("permission_set_license"),
        list("package_license"),
    );
    for resource_type in TYPES {
        assert!(!grants(&harness, resource_type, None).await.is_empty());
    }
    // Signing in comes first.
    let depth = harness.simulator.depth();
    assert!(depth <= 6, "{depth}");
}
