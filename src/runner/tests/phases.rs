//! The calls of a sync, their order, and what is stored.

use std::sync::Arc;

use test_case::test_case;

use super::connector::{Page, Script, page};
use super::rows::*;
use crate::pb::connector::resource_type::Trait;
use crate::pb::connector::*;
use crate::runner::sync::Options;

/// Users, groups with children of type sub, and a type-scoped type.
fn script() -> Script {
    let mut script = Script {
        sdk_version: "v0.25.0".into(),
        types: vec![
            kind("user", vec![mark(SkipEntitlementsAndGrants {})]),
            kind("group", vec![]),
            kind("sub", vec![]),
            kind(
                "ts",
                vec![mark(TypeScopedGrants {}), mark(TypeScopedEntitlements {})],
            ),
        ],
        ..Script::default()
    };
    let child = mark(ChildResourceType {
        resource_type_id: "sub".into(),
    });
    let mut add = |key: &str, token: &str, rows: Vec<Resource>, next: &str| {
        let page = Page {
            rows,
            next: next.into(),
            ..Page::default()
        };
        script.resources.insert((key.into(), token.into()), page);
    };
    add("user", "", vec![resource("user", "u1", vec![])], "2");
    add("user", "2", vec![resource("user", "u2", vec![])], "");
    add("group", "", vec![resource("group", "g1", vec![child])], "");
    add(
        "sub below group/g1",
        "",
        vec![resource("sub", "s1", vec![])],
        "",
    );
    add(
        "ts",
        "",
        vec![resource("ts", "t1", vec![]), resource("ts", "t2", vec![])],
        "",
    );
    let put = ("group/g1".into(), String::new());
    script.entitlements.insert(
        put.clone(),
        page(vec![entitlement("group", "g1", "member")]),
    );
    script
        .grants
        .insert(put, page(vec![grant("group:g1:member", "user:u1")]));
    let ts = |token: &str| ("type ts".to_owned(), token.to_owned());
    script
        .entitlements
        .insert(ts(""), page(vec![entitlement("ts", "t1", "m")]));
    script.grants.insert(
        ts(""),
        Page {
            rows: vec![grant("ts:t1:m", "user:u1")],
            annotations: vec![mark(EnqueuePageTokens {
                page_tokens: vec!["a".into(), "b".into(), "a".into()],
                estimated_total: 0,
            })],
            next: "n".into(),
        },
    );
    script
        .grants
        .insert(ts("a"), page(vec![grant("ts:t1:m", "user:u2")]));
    script
}

#[tokio::test]
async fn a_full_sync_asks_in_the_order_of_the_sdk() {
    let script = Arc::new(script());
    let summary = script
        .count(Options {
            workers: 1,
            ..Options::default()
        })
        .await
        .unwrap();
    assert_eq!(
        script.calls(),
        [
            "validate",
            "types",
            "resources user",
            "resources user @2",
            "resources ts",
            "resources sub",
            "resources group",
            "resources sub below group/g1",
            "static group",
            "static sub",
            "static ts",
            "static user",
            "entitlements type ts",
            "entitlements group/g1",
            "entitlements sub/s1",
            "grants type ts",
            "grants type ts @n",
            "grants type ts @a",
            "grants type ts @b",
            "grants group/g1",
            "grants sub/s1",
            "cleanup",
        ]
    );
    let totals = summary.totals();
    assert_eq!(
        (totals.resources, totals.entitlements, totals.grants),
        (6, 2, 3)
    );
    assert_eq!(summary.warnings, Vec::<String>::new());
    assert_eq!(summary.connector_calls, 22);
}

#[tokio::test]
async fn more_workers_find_the_same_rows() {
    let script = Arc::new(script());
    let summary = script
        .count(Options {
            workers: 4,
            ..Options::default()
        })
        .await
        .unwrap();
    let totals = summary.totals();
    assert_eq!(
        (totals.resources, totals.entitlements, totals.grants),
        (6, 2, 3)
    );
    assert!(
        script.concurrent.lock().unwrap().1 > 1,
        "nothing ran side by side"
    );
}

#[test_case("v0.25.0", true)]
#[test_case("0.4.3", true)]
#[test_case("v0.4.3-rc.1", false)]
#[test_case("v0.4.2", false)]
#[test_case("", false)]
#[test_case("dev", false)]
#[tokio::test]
async fn the_sync_id_goes_to_connectors_that_know_it(version: &str, is_sent: bool) {
    let script = Arc::new(Script {
        sdk_version: version.into(),
        ..script()
    });
    script.count(Options::default()).await.unwrap();
    let sent = script.sync_ids.lock().unwrap()[1..]
        .iter()
        .all(|id| id.len() == 27);
    assert_eq!(sent, is_sent);
}

#[tokio::test]
async fn a_filter_leaves_out_other_types_and_what_refers_to_them() {
    let script = Arc::new(script());
    let options = Options {
        resource_types: vec!["group".into()],
        ..Options::default()
    };
    let summary = script.count(options).await.unwrap();
    assert_eq!(summary.rows.keys().collect::<Vec<_>>(), ["group"]);
    // The grant's principal is a user.
    assert_eq!(summary.totals().grants, 0);
    assert_eq!(summary.warnings.len(), 1);
    assert!(
        !script
            .calls()
            .contains(&"resources sub below group/g1".to_owned())
    );
}

#[tokio::test]
async fn a_filter_with_an_unknown_type_fails() {
    let options = Options {
        resource_types: vec!["rolle".into()],
        ..Options::default()
    };
    let error = Arc::new(script()).count(options).await.unwrap_err();
    assert_eq!(error.to_string(), "invalid resource type 'rolle' in filter");
}

#[tokio::test]
async fn skipping_entitlements_and_grants_skips_their_phases() {
    let script = Arc::new(script());
    let options = Options {
        skip_entitlements_and_grants: true,
        ..Options::default()
    };
    script.count(options).await.unwrap();
    assert!(!script.calls().iter().any(|call| call.starts_with("static")));
    assert_eq!(script.calls().last().unwrap(), "cleanup");
}

#[tokio::test]
async fn skip_marks_of_resources_are_obeyed() {
    let mut script = script();
    let rows = vec![
        resource("group", "no_grants", vec![mark(SkipGrants {})]),
        resource("group", "no_entitlements", vec![mark(SkipEntitlements {})]),
        resource("group", "neither", vec![mark(SkipEntitlementsAndGrants {})]),
    ];
    script
        .resources
        .insert(("group".into(), String::new()), page(rows));
    let script = Arc::new(script);
    script
        .count(Options {
            workers: 1,
            ..Options::default()
        })
        .await
        .unwrap();
    let calls = script.calls();
    let below: Vec<_> = calls
        .iter()
        .filter(|call| call.contains("group/"))
        .collect();
    assert_eq!(
        below,
        [
            "entitlements group/no_grants",
            "grants group/no_entitlements"
        ]
    );
}

#[tokio::test]
async fn a_repeated_page_token_fails_instead_of_looping() {
    let mut script = script();
    let again = Page {
        next: "2".into(),
        ..Page::default()
    };
    script.resources.insert(("user".into(), "2".into()), again);
    let error = Arc::new(script)
        .count(Options::default())
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("resources user") && text.contains("token unchanged"),
        "{text}"
    );
    assert_eq!(error.code(), 13);
}

#[tokio::test]
async fn static_entitlements_are_made_for_every_resource() {
    let mut script = script();
    let group = EntitlementExclusionGroup {
        exclusion_group_id: "x".into(),
        scope_to_resource: true,
        // Only one in each group, so the sync fails if the resources share a group.
        is_default: true,
        ..EntitlementExclusionGroup::default()
    };
    let template = Entitlement {
        id: "ignored".into(),
        slug: "owner".into(),
        annotations: vec![mark(group)],
        ..Entitlement::default()
    };
    script
        .statics
        .insert(("ts".into(), String::new()), page(vec![template]));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    Arc::new(script)
        .write(&file, Options::default())
        .await
        .unwrap();
    let stored = crate::c1z::Reader::open(&file, &crate::c1z::Bounds::default())
        .unwrap()
        .entitlement("ts:t2:owner")
        .unwrap();
    assert_eq!(stored.display_name, "ts t2");
}

#[tokio::test]
async fn an_entitlement_that_comes_twice_counts_once_in_its_exclusion_group() {
    let mut script = script();
    let rows = (0..60).map(|number| Entitlement {
        annotations: vec![mark(EntitlementExclusionGroup {
            exclusion_group_id: "x".into(),
            ..EntitlementExclusionGroup::default()
        })],
        ..entitlement("group", "g1", &format!("e{}", number % 30))
    });
    script
        .entitlements
        .insert(("group/g1".into(), String::new()), page(rows.collect()));
    Arc::new(script).count(Options::default()).await.unwrap();
}

#[tokio::test]
async fn a_user_without_its_trait_fails_the_sync() {
    let mut script = script();
    script.types[0].traits = vec![Trait::User.into()];
    let error = Arc::new(script)
        .count(Options::default())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("missing expected trait UserTrait")
    );
    assert_eq!(error.code(), 2);
}

#[tokio::test]
async fn a_resource_that_claims_to_be_batons_fails_the_sync() {
    let mut script = script();
    let rows = vec![resource("user", "u", vec![mark(BatonId {})])];
    script
        .resources
        .insert(("user".into(), String::new()), page(rows));
    assert_eq!(
        Arc::new(script)
            .count(Options::default())
            .await
            .unwrap_err()
            .code(),
        13
    );
}

#[test_case(vec!["t".into(); 1025], "more than 1024"; "too many")]
#[test_case(vec![String::new()], "empty token"; "empty")]
#[test_case(vec!["t".repeat((1 << 20) + 1)], "larger than"; "too long")]
#[tokio::test]
async fn added_cursors_have_limits(tokens: Vec<String>, why: &str) {
    let mut script = script();
    let mark = mark(EnqueuePageTokens {
        page_tokens: tokens,
        estimated_total: 0,
    });
    let page = Page {
        annotations: vec![mark],
        ..Page::default()
    };
    script
        .entitlements
        .insert(("type ts".into(), String::new()), page);
    let error = Arc::new(script)
        .count(Options::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains(why), "{error}");
}

#[tokio::test]
async fn a_targeted_sync_gets_the_target_its_children_and_what_its_grants_are_on() {
    let mut script = script();
    let child = mark(ChildResourceType {
        resource_type_id: "sub".into(),
    });
    for row in [
        resource("group", "g1", vec![child]),
        resource("group", "g2", vec![]),
    ] {
        let id = row.id.as_ref().unwrap();
        script
            .gettable
            .insert(format!("{}/{}", id.resource_type, id.resource), row);
    }
    let grants = ["group:g1:m", "group:g2:m"].map(|entitlement| grant(entitlement, "user:u1"));
    script
        .grants
        .insert(("group/g1".into(), String::new()), page(grants.to_vec()));
    let script = Arc::new(script);
    let targets = ["bid:r:group/g1", "bid:r:org/o\\/1/group/gone"]
        .map(|bid| bid.parse().unwrap())
        .to_vec();
    let options = Options {
        targets,
        workers: 1,
        ..Options::default()
    };
    let summary = script.count(options).await.unwrap();
    assert_eq!(
        script.calls(),
        [
            "validate",
            "types",
            "get group/g1",
            "get group/gone",
            "resources sub below group/g1",
            "entitlements group/g1",
            "grants group/g1",
            "get group/g2",
            "cleanup",
        ]
    );
    assert_eq!(summary.warnings.len(), 1);
}

/// The SDK's host tolerates ten listings that are skipped; targets are not listings.
#[tokio::test]
async fn any_number_of_targets_may_be_gone() {
    let targets = (0..20).map(|id| format!("bid:r:user/gone{id}").parse().unwrap());
    let options = Options {
        targets: targets.collect(),
        ..Options::default()
    };
    let summary = Arc::new(script()).count(options).await.unwrap();
    assert_eq!(summary.warnings.len(), 20);
}

#[test_case("g1"; "no type")]
#[test_case("group:g1"; "a colon")]
#[test_case("bid:r:group"; "no id")]
#[test_case("bid:r:a/b/c"; "three parts")]
#[test_case("bid:r:a/"; "empty part")]
#[test_case("bid:r:a/b\\"; "escape at the end")]
fn what_names_no_resource_is_refused(bid: &str) {
    assert!(bid.parse::<crate::runner::sync::Target>().is_err());
}

#[test]
fn a_type_and_an_id_are_enough() {
    let [plain, bid] =
        ["group/g1", "bid:r:group/g1"].map(str::parse::<crate::runner::sync::Target>);
    assert_eq!(plain.unwrap(), bid.unwrap());
}

#[tokio::test]
async fn resources_found_in_grants_are_stored() {
    let mut script = script();
    let grant = Grant {
        annotations: vec![mark(InsertResourceGrants {})],
        ..grant("sub:found:m", "user:u1")
    };
    script
        .grants
        .insert(("sub/s1".into(), String::new()), page(vec![grant]));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    Arc::new(script)
        .write(&file, Options::default())
        .await
        .unwrap();
    crate::c1z::Reader::open(&file, &crate::c1z::Bounds::default())
        .unwrap()
        .resource(&id("sub", "found"))
        .unwrap();
}

#[tokio::test]
async fn broken_references_warn_or_fail_a_strict_sync() {
    let mut script = script();
    let rows = vec![grant("group:g1:nosuch", "user:nobody")];
    script
        .grants
        .insert(("group/g1".into(), String::new()), page(rows));
    let script = Arc::new(script);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    let summary = script.write(&file, Options::default()).await.unwrap();
    assert_eq!(summary.warnings.len(), 2, "{:?}", summary.warnings);
    assert!(summary.warnings[0].contains("I8") && summary.warnings[1].contains("I9"));
    let strict = Options {
        strict: true,
        ..Options::default()
    };
    assert!(
        script
            .write(&file, strict)
            .await
            .unwrap_err()
            .to_string()
            .contains("I8")
    );
}
