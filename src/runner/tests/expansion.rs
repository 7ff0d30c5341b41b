//! Who holds what after nesting is followed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::connector::{Script, page};
use super::rows::*;
use crate::c1z::{Bounds, Reader, annotation};
use crate::pb::connector::*;
use crate::runner::error::Result;
use crate::runner::summary::Summary;
use crate::runner::sync::Options;

/// `entitlement <- principal` with its sources, an `=` on the direct ones, and a `*` on a derived
/// grant.
pub(super) type Held = BTreeMap<String, String>;

async fn expand(grants: Vec<Grant>) -> Result<(Held, Summary)> {
    expand_all(script(grants)).await
}

async fn expand_all(script: Script) -> Result<(Held, Summary)> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    let summary = Arc::new(script).write(&file, Options::default()).await?;
    Ok((held(&file), summary))
}

/// A connector with these grants and the groups that they name.
fn script(grants: Vec<Grant>) -> Script {
    let ids: std::collections::BTreeSet<_> = grants
        .iter()
        .flat_map(|grant| {
            let (entitlement, on, principal) = crate::c1z::rows::ends(grant).unwrap();
            let principal =
                (principal.resource_type == "group").then(|| principal.resource.clone());
            [
                Some(on.resource.clone()),
                principal,
                entitlement.id.strip_prefix("-").map(Into::into),
            ]
        })
        .flatten()
        .collect();
    let mut script = Script {
        types: vec![kind("group", vec![]), kind("user", vec![])],
        ..Script::default()
    };
    let groups = ids.iter().map(|id| resource("group", id, vec![])).collect();
    script
        .resources
        .insert(("group".into(), String::new()), page(groups));
    for id in &ids {
        script.entitlements.insert(
            (format!("group/{id}"), String::new()),
            page(vec![entitlement("group", id, "m")]),
        );
    }
    let first = ids.first().unwrap();
    script
        .grants
        .insert((format!("group/{first}"), String::new()), page(grants));
    script
}

pub(super) fn held(file: &std::path::Path) -> Held {
    let reader = Reader::open(file, &Bounds::default()).unwrap();
    reader
        .grant_ids()
        .iter()
        .map(|id| {
            let grant = reader.grant(id).unwrap();
            let (entitlement, _, principal) = crate::c1z::rows::ends(&grant).unwrap();
            let of = entitlement.id.split(':').nth(1).unwrap();
            let mut sources: Vec<_> = grant
                .sources
                .iter()
                .flat_map(|sources| &sources.sources)
                .map(|(source, how)| {
                    let source = source.split(':').nth(1).unwrap();
                    if how.is_direct {
                        format!("={source}")
                    } else {
                        source.to_owned()
                    }
                })
                .collect();
            sources.sort_by_key(|source| source.trim_start_matches('=').to_owned());
            let is_derived = annotation::has::<GrantImmutable>(&grant.annotations);
            let mark = if is_derived { "*" } else { "" };
            (
                format!("{of} <- {}", principal.resource),
                format!("{mark}{}", sources.join(" ")),
            )
        })
        .collect()
}

pub(super) fn direct(group: &str, user: &str) -> Grant {
    grant(&format!("group:{group}:m"), &format!("user:{user}"))
}

/// `inner` is a member of `outer`, and so is everyone in it.
pub(super) fn inside(outer: &str, inner: &str) -> Grant {
    nested(
        &format!("group:{outer}:m"),
        &format!("group:{inner}"),
        &[&format!("group:{inner}:m")],
    )
}

pub(super) fn with(mut grant: Grant, change: impl FnOnce(&mut GrantExpandable)) -> Grant {
    let mut expandable: GrantExpandable = annotation::first(&grant.annotations).unwrap();
    change(&mut expandable);
    grant.annotations = vec![mark(expandable)];
    grant
}

fn expected(rows: &[(&str, &str)]) -> Held {
    rows.iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test]
async fn members_of_an_inner_group_are_members_of_the_outer_one() {
    let (held, summary) = expand(vec![inside("a", "b"), direct("b", "u")])
        .await
        .unwrap();
    assert_eq!(
        held,
        expected(&[("a <- b", ""), ("b <- u", ""), ("a <- u", "*=b")])
    );
    assert_eq!(summary.derived_grants, 1);
    assert_eq!(summary.rows["group"].grants, 3);
}

#[tokio::test]
async fn nesting_goes_all_the_way() {
    let grants = vec![inside("a", "b"), inside("b", "c"), direct("c", "u")];
    let (held, _) = expand(grants).await.unwrap();
    assert_eq!(
        held,
        expected(&[
            ("a <- b", ""),
            ("b <- c", ""),
            ("c <- u", ""),
            ("b <- u", "*=c"),
            ("a <- u", "*b"),
            ("a <- c", "*=b"),
        ])
    );
}

#[tokio::test]
async fn a_grant_that_is_given_and_inherited_lists_itself() {
    let grants = vec![inside("a", "b"), direct("b", "u"), direct("a", "u")];
    let (held, summary) = expand(grants).await.unwrap();
    assert_eq!(held["a <- u"], "=a =b");
    assert_eq!(summary.derived_grants, 0);
}

#[tokio::test]
async fn a_diamond_lists_both_ways() {
    let grants = vec![
        inside("top", "left"),
        inside("top", "right"),
        inside("left", "low"),
        inside("right", "low"),
        direct("low", "u"),
        direct("right", "u"),
    ];
    let (held, _) = expand(grants).await.unwrap();
    assert_eq!(held["left <- u"], "*=low");
    assert_eq!(held["right <- u"], "=low =right");
    assert_eq!(held["top <- u"], "*left =right");
}

#[tokio::test]
async fn everyone_in_a_cycle_has_every_membership_of_it() {
    let grants = vec![
        inside("a", "b"),
        inside("b", "c"),
        inside("c", "a"),
        direct("a", "u"),
        direct("b", "v"),
        inside("out", "a"),
        inside("c", "in"),
        direct("in", "w"),
    ];
    let (held, _) = expand(grants).await.unwrap();
    for group in ["a", "b", "c", "out"] {
        for user in ["u", "v", "w"] {
            assert!(
                held.contains_key(&format!("{group} <- {user}")),
                "{group} {user}: {held:?}"
            );
        }
    }
    assert!(!held.contains_key("in <- u"));
    assert!(!held.contains_key("a <- a"), "{held:?}");
    assert_eq!(held["b <- w"], "*c");
}

#[tokio::test]
async fn a_loop_to_itself_changes_nothing() {
    let (held, _) = expand(vec![inside("a", "a"), direct("a", "u")])
        .await
        .unwrap();
    assert_eq!(held, expected(&[("a <- a", ""), ("a <- u", "")]));
}

/// A group may come to hold something else of its own, without a circle.
#[tokio::test]
async fn a_group_can_get_another_entitlement_of_its_own() {
    let lead = nested("group:a:lead", "group:b", &["group:b:m"]);
    let mut script = script(vec![inside("b", "a"), lead]);
    let both = ["m", "lead"].map(|slug| entitlement("group", "a", slug));
    script
        .entitlements
        .insert(("group/a".into(), String::new()), page(both.to_vec()));
    let (held, _) = expand_all(script).await.unwrap();
    assert_eq!(
        held,
        expected(&[("b <- a", ""), ("a <- b", ""), ("a <- a", "*=b")])
    );
}

#[tokio::test]
async fn shallow_nesting_stops_after_one_step() {
    let grants = vec![
        with(inside("a", "b"), |nesting| nesting.shallow = true),
        inside("b", "c"),
        direct("b", "near"),
        direct("c", "far"),
        direct("c", "near"),
    ];
    let (held, _) = expand(grants).await.unwrap();
    assert_eq!(held["a <- near"], "*=b");
    assert!(!held.contains_key("a <- far"));
    assert!(held.contains_key("b <- far"));
}

#[tokio::test]
async fn only_the_named_types_of_principals_flow_through() {
    let users = |nesting: &mut GrantExpandable| nesting.resource_type_ids = vec!["user".into()];
    let grants = vec![
        with(inside("a", "b"), users),
        inside("b", "c"),
        direct("c", "u"),
    ];
    let (held, _) = expand(grants).await.unwrap();
    assert!(held.contains_key("a <- u"));
    assert!(!held.contains_key("a <- c"));
}

#[tokio::test]
async fn of_two_grants_with_one_id_the_last_counts() {
    let replaced = grant("group:a:m", "group:b");
    let (held, summary) = expand(vec![inside("a", "b"), direct("b", "u"), replaced])
        .await
        .unwrap();
    assert_eq!(held, expected(&[("a <- b", ""), ("b <- u", "")]));
    assert_eq!(summary.rows["group"].grants, 2);
}

#[tokio::test]
async fn a_derived_grant_replaces_one_that_took_its_id() {
    let mut odd = direct("z", "v");
    odd.id = direct("a", "u").id;
    let (held, summary) = expand(vec![inside("a", "b"), direct("b", "u"), odd])
        .await
        .unwrap();
    assert_eq!(held["a <- u"], "*=b");
    assert_eq!(summary.rows["group"].grants, 3);
}

#[tokio::test]
async fn what_the_connector_calls_inherited_is_not_direct() {
    let mut inherited = direct("b", "u");
    let sources = &mut inherited.sources.get_or_insert_default().sources;
    sources.insert("group:c:m".into(), <_>::default());
    let shallow = with(inside("a", "b"), |nesting| nesting.shallow = true);
    let grants = vec![shallow, inside("d", "b"), inherited, direct("c", "v")];
    let (held, _) = expand(grants).await.unwrap();
    assert!(!held.contains_key("a <- u"), "{held:?}");
    assert_eq!(held["d <- u"], "*b");
}

#[tokio::test]
async fn a_source_that_is_direct_in_one_way_is_direct() {
    let mut told = direct("a", "u");
    let sources = &mut told.sources.get_or_insert_default().sources;
    sources.insert("group:b:m".into(), <_>::default());
    let (held, _) = expand(vec![inside("a", "b"), direct("b", "u"), told])
        .await
        .unwrap();
    assert_eq!(held["a <- u"], "=b");
}

#[tokio::test]
async fn a_derived_grant_shows_its_principal_as_the_connector_does() {
    let mut named = direct("b", "u");
    named.principal.as_mut().unwrap().display_name = "Uma".into();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    let script = script(vec![inside("a", "b"), named]);
    Arc::new(script)
        .write(&file, Options::default())
        .await
        .unwrap();
    let derived = Reader::open(&file, &Bounds::default())
        .unwrap()
        .grant("group:a:m:user:u");
    assert_eq!(derived.unwrap().principal.unwrap().display_name, "Uma");
}

#[tokio::test]
async fn a_nesting_through_an_unknown_entitlement_is_left_out() {
    let nesting = nested("group:a:m", "group:b", &["group:b:nosuch"]);
    let (held, summary) = expand(vec![nesting, direct("b", "u")]).await.unwrap();
    assert!(!held.contains_key("a <- u"));
    assert!(
        summary
            .warnings
            .iter()
            .any(|warning| warning.contains("1 nestings"))
    );
}

#[tokio::test]
async fn a_nesting_through_someone_elses_entitlement_fails() {
    let nesting = nested("group:a:m", "group:b", &["group:a:m"]);
    let error = expand(vec![nesting]).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("did not match grant principal id"),
        "{error}"
    );
}
