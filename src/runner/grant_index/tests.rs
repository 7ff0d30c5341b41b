//! The index against a list of all grants, and its size.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::GrantIndex;
use crate::c1z::test_rows as rows;
use crate::c1z::{Writer, rows::ends};
use crate::pb::connector::grant_sources::GrantSource;
use crate::pb::connector::{Grant, ResourceId};

/// Colons make different pairs of entitlement and principal look alike in a grant's id.
const ENTITLEMENTS: [&str; 4] = ["g:a:m", "g:a", "g:b:m", "g:b:m:user"];
const TARGETS: [(&str, &str); 3] = [("g", "a"), ("g", "b"), ("h", "a")];
const PRINCIPALS: [(&str, &str); 5] = [
    ("user", "u"),
    ("user", "v"),
    ("m", "user:u"),
    ("m:user", "u"),
    ("user", "user:u"),
];

fn grants() -> impl Strategy<Value = Vec<Grant>> {
    let usual = (select(&ENTITLEMENTS), select(&PRINCIPALS)).prop_map(|(on, (kind, id))| {
        // The entitlement is mostly on the same resource.
        (on, TARGETS[on.len() % 2], kind, id, None)
    });
    let any = (
        select(&ENTITLEMENTS),
        select(&TARGETS),
        select(&PRINCIPALS),
        prop_oneof![
            select(&["7", "8", "g:a:m:user:"][..]).prop_map(str::to_owned),
            (select(&ENTITLEMENTS), select(&PRINCIPALS))
                .prop_map(|(on, (kind, id))| format!("{on}:{kind}:{id}")),
        ],
    )
        .prop_map(|(on, target, (kind, id), text)| (on, target, kind, id, Some(text)));
    let parts = prop_oneof![6 => usual, 1 => any];
    let marked = (parts, prop::bool::weighted(0.2), prop::bool::weighted(0.2));
    let grant = marked.prop_map(|((on, target, kind, id, text), is_inherited, is_rich)| {
        let mut grant = rows::grant(
            &format!("{}:{}:m", target.0, target.1),
            &format!("{kind}:{id}"),
        );
        grant.entitlement.as_mut().unwrap().id = on.into();
        grant.principal.as_mut().unwrap().id = Some(rows::id(kind, id));
        grant.id = text.unwrap_or_else(|| format!("{on}:{kind}:{id}"));
        if is_inherited {
            let sources = &mut grant.sources.get_or_insert_default().sources;
            sources.insert("other".into(), GrantSource::default());
        }
        if is_rich {
            grant.principal.as_mut().unwrap().display_name = "Uma".into();
        }
        grant
    });
    vec(grant, 0..24)
}

/// What an index says of the grants of an entitlement: principal, row, and whether it is direct.
type Of = Vec<((String, String), i64, bool)>;

/// What an index says.
#[derive(Debug, Default, PartialEq)]
struct Said {
    grants: BTreeMap<String, Of>,
    targets: BTreeSet<(String, String)>,
    principals: BTreeSet<(String, String)>,
    /// Principals of which a grant shows more than the id, with the grant.
    shown: BTreeMap<(String, String), i64>,
    counts: BTreeMap<String, u64>,
}

fn owned((kind, id): (&str, &str)) -> (String, String) {
    (kind.to_owned(), id.to_owned())
}

/// Of grants with the same id, the last one counts.
fn without_duplicates(grants: &[Grant]) -> Vec<(i64, &Grant)> {
    let mut last = BTreeMap::new();
    let numbered: Vec<(i64, &Grant)> = (1..).zip(grants).collect();
    for (row, grant) in &numbered {
        last.insert(&grant.id, *row);
    }
    let mut kept = numbered;
    kept.retain(|(row, grant)| last[&grant.id] == *row);
    kept
}

/// What the index should say after `grants`.
fn expected(grants: &[Grant]) -> Said {
    let mut said = Said::default();
    for grant in grants {
        let (entitlement, ..) = ends(grant).unwrap();
        said.grants.entry(entitlement.id.clone()).or_default();
        let (_, on, _) = ends(grant).unwrap();
        said.counts.entry(on.resource_type.clone()).or_default();
    }
    let mut last_shown = BTreeMap::new();
    for (row, grant) in (1..).zip(grants) {
        let (.., principal) = ends(grant).unwrap();
        if !grant.principal.as_ref().unwrap().display_name.is_empty() {
            let principal = owned((&principal.resource_type, &principal.resource));
            last_shown.insert(principal, row);
        }
    }
    let kept = without_duplicates(grants);
    for (row, grant) in &kept {
        let (entitlement, on, principal) = ends(grant).unwrap();
        let principal = owned((&principal.resource_type, &principal.resource));
        let held = said.grants.get_mut(&entitlement.id).unwrap();
        held.push((principal.clone(), *row, grant.sources.is_none()));
        said.targets
            .insert(owned((&on.resource_type, &on.resource)));
        said.principals.insert(principal);
        *said.counts.get_mut(&on.resource_type).unwrap() += 1;
    }
    last_shown.retain(|_, shown| kept.iter().any(|(row, _)| row == shown));
    said.shown = last_shown;
    said
}

fn said(index: &GrantIndex) -> Said {
    let grants = index.entitlements().map(|name| {
        let number = index.entitlement(name).unwrap();
        let of = index.grants_of(number).map(|row| {
            let principal = owned(index.resource_id(row.principal));
            (principal, row.id, index.is_direct(row))
        });
        (name.to_owned(), of.collect())
    });
    let shown = PRINCIPALS.iter().filter_map(|&(kind, id)| {
        let row = index.shown_in(index.resource(kind, id)?)?;
        Some((owned((kind, id)), row))
    });
    Said {
        grants: grants.collect(),
        targets: index.targets().map(owned).collect(),
        principals: index.principals().map(owned).collect(),
        shown: shown.collect(),
        counts: index.counts().clone(),
    }
}

/// Stores grants as a sync does.
async fn index(grants: Vec<Grant>) -> GrantIndex {
    let writer = Writer::scratch().unwrap();
    let index = Arc::new(Mutex::new(GrantIndex::default()));
    let noting = Arc::clone(&index);
    let note = move |id, grant: &Grant| noting.lock().note(id, grant);
    writer.put_grants(grants, note).await.unwrap();
    let dropping = Arc::clone(&index);
    writer
        .with(move |connection, stamp| dropping.lock().drop_duplicates(connection, stamp))
        .await
        .unwrap();
    drop(writer);
    Arc::into_inner(index).unwrap().into_inner()
}

/// The entitlements, principals and ids of what an expansion could derive: every pair that is not
/// stored.
fn derivable(grants: &[Grant]) -> BTreeMap<String, (&'static str, ResourceId)> {
    let kept = without_duplicates(grants);
    let ends: Vec<_> = kept.iter().map(|(_, grant)| ends(grant).unwrap()).collect();
    let mut ids = BTreeMap::new();
    for (.., principal) in &ends {
        for entitlement in ENTITLEMENTS {
            let is_stored = ends
                .iter()
                .any(|(other, _, holder)| other.id == entitlement && holder == principal);
            if !is_stored {
                let (kind, id) = (&principal.resource_type, &principal.resource);
                let pair = (entitlement, ResourceId::clone(principal));
                ids.insert(format!("{entitlement}:{kind}:{id}"), pair);
            }
        }
    }
    ids
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_index_says_what_a_list_of_all_grants_says(grants in grants()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut index = runtime.block_on(index(grants.clone()));
        prop_assert_eq!(said(&index), expected(&grants));

        let stored: BTreeSet<String> = without_duplicates(&grants)
            .into_iter()
            .map(|(_, grant)| grant.id.clone())
            .collect();
        let derived = derivable(&grants);
        for (entitlement, principal) in derived.values() {
            let number = index.resource(&principal.resource_type, &principal.resource);
            index.note_derived(entitlement, number.unwrap());
        }
        if derived.keys().any(|id| stored.contains(id)) {
            prop_assert!(index.may_have_duplicates());
        }
    }
}

#[test]
fn usual_ids_of_different_pairs_are_no_duplicates() {
    let mut index = GrantIndex::default();
    for (id, principal) in (1..).zip(["user:u", "user:v", "group:u"]) {
        index.note(id, &rows::grant("group:a:m", principal));
    }
    index.note_derived("group:b:m", index.resource("user", "u").unwrap());
    assert!(!index.may_have_duplicates());
    index.note(4, &rows::grant("group:a:m", "user:v"));
    assert!(index.may_have_duplicates());
}

/// A tenth of the largest org that the memory of a sync is planned for: nine grants a user. The users
/// come in order for their profiles and roles, and in no order for their permission sets.
#[test]
fn the_index_takes_few_bytes_a_grant() {
    const USERS: u32 = 100_000;
    let mut index = GrantIndex::default();
    let mut rows = 1..;
    let mut note = |on: String, user: u32| {
        let grant = rows::grant(&on, &format!("user:005Hp{user:010}AAA"));
        index.note(rows.next().unwrap(), &grant);
    };
    for user in 0..USERS {
        note(format!("profile:00eHp{:010}AAA:assigned", user % 40), user);
        note(format!("role:00EHp{:010}AAA:assigned", user % 400), user);
    }
    for number in 0..7 * USERS {
        // A prime step visits every user, far from the one before.
        let user = (u64::from(number) * 61_681) % u64::from(USERS);
        let set = number * 7 / USERS * 50 + number % 50;
        let user = u32::try_from(user).unwrap();
        note(format!("permission:0PSHp{set:010}AAA:assigned"), user);
    }
    assert_eq!(index.counts().values().sum::<u64>(), 9 * u64::from(USERS));
    let lists: usize = index.grants.iter().map(|held| held.grants.bytes()).sum();
    let grants = 9 * USERS as usize;
    assert!(lists <= 5 * grants, "{lists} bytes for {grants} grants");
    let all = index.bytes();
    assert!(all <= 10 * grants, "{all} bytes for {grants} grants");
}
