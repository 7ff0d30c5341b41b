//! Expansion against its definition, applied again and again until nothing changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;

use super::expansion::{Held, direct, held, inside, with};
use super::rows::*;
use crate::c1z::{Options, Writer};
use crate::runner::sink::{FileSink, Sink};

const GROUPS: [&str; 5] = ["a", "b", "c", "d", "e"];
const USERS: [&str; 3] = ["u", "v", "w"];

/// How an inner group's members become members of the outer one.
#[derive(Clone, Debug)]
struct Nesting {
    is_shallow: bool,
    /// The types of principals that it lets through; empty for all.
    kinds: Vec<String>,
}

/// An org of groups, each with one entitlement.
#[derive(Clone, Debug)]
struct Org {
    /// By outer and inner group.
    nestings: BTreeMap<(usize, usize), Nesting>,
    /// Group and user.
    members: BTreeSet<(usize, usize)>,
}

fn orgs() -> impl Strategy<Value = Org> {
    let kinds = prop_oneof![
        4 => Just(vec![]),
        1 => Just(vec!["user".to_owned()]),
        1 => Just(vec!["group".to_owned()]),
        1 => Just(vec!["user".to_owned(), "group".to_owned()]),
    ];
    let nesting = (prop::bool::weighted(0.2), kinds)
        .prop_map(|(is_shallow, kinds)| Nesting { is_shallow, kinds });
    let nestings = btree_map((0..GROUPS.len(), 0..GROUPS.len()), nesting, 0..9);
    let members = btree_set((0..GROUPS.len(), 0..USERS.len()), 0..7);
    (nestings, members).prop_map(|(nestings, members)| Org { nestings, members })
}

/// How a principal holds a group's entitlement.
#[derive(Clone, Debug, Default, PartialEq)]
struct Way {
    is_stored: bool,
    /// The groups that it comes from, and whether it is stored there.
    sources: BTreeMap<usize, bool>,
}

impl Org {
    /// Whether nestings lead from group `from` to group `to`.
    fn leads(&self, from: usize, to: usize) -> bool {
        let mut reached = BTreeSet::from([from]);
        for _ in GROUPS {
            for (outer, inner) in self.nestings.keys() {
                if reached.contains(inner) {
                    reached.insert(*outer);
                }
            }
        }
        reached.contains(&to)
    }

    fn is_in_a_cycle(&self, group: usize) -> bool {
        let mut others = (0..GROUPS.len()).filter(|other| *other != group);
        others.any(|other| self.leads(group, other) && self.leads(other, group))
    }

    /// Who holds what: applies every nesting until nothing changes.
    fn holders(&self) -> BTreeMap<(usize, String), Way> {
        let stored = || Way {
            is_stored: true,
            ..Way::default()
        };
        let mut all: BTreeMap<(usize, String), Way> = BTreeMap::new();
        for (group, user) in &self.members {
            all.insert((*group, format!("user {}", USERS[*user])), stored());
        }
        for (outer, inner) in self.nestings.keys() {
            all.insert((*outer, format!("group {}", GROUPS[*inner])), stored());
        }
        loop {
            let before = all.clone();
            for ((outer, inner), nesting) in &self.nestings {
                let own = format!("group {}", GROUPS[*outer]);
                for ((group, principal), way) in &before {
                    let kind = principal.split(' ').next().unwrap().to_owned();
                    let is_admitted = group == inner
                        && outer != inner
                        && (way.is_stored || !nesting.is_shallow)
                        && (nesting.kinds.is_empty() || nesting.kinds.contains(&kind));
                    // Around a cycle, a group does not become its own member.
                    let is_own = *principal == own && self.is_in_a_cycle(*outer);
                    if is_admitted && !is_own {
                        let held = all.entry((*outer, principal.clone())).or_default();
                        held.sources.insert(*inner, way.is_stored);
                    }
                }
            }
            if all == before {
                return all;
            }
        }
    }

    /// The same as [`held`] reads from a file.
    fn expected(&self) -> Held {
        let shown = |((group, principal), mut way): ((usize, String), Way)| {
            let mark = if way.is_stored { "" } else { "*" };
            if way.is_stored && !way.sources.is_empty() {
                way.sources.insert(group, true);
            }
            let sources = way.sources.iter().map(|(source, is_direct)| {
                let mark = if *is_direct { "=" } else { "" };
                format!("{mark}{}", GROUPS[*source])
            });
            let principal = principal.split(' ').nth(1).unwrap();
            (
                format!("{} <- {principal}", GROUPS[group]),
                format!("{mark}{}", sources.collect::<Vec<_>>().join(" ")),
            )
        };
        self.holders().into_iter().map(shown).collect()
    }

    /// Writes the org into a file and expands it there.
    async fn write(&self, file: &Path) {
        let sink = FileSink::new(Writer::create(file, &Options::default()).unwrap());
        let entitlements = GROUPS.map(|group| entitlement("group", group, "m"));
        sink.put_entitlements(entitlements.to_vec()).await.unwrap();
        let members = self.members.iter();
        let members = members.map(|(group, user)| direct(GROUPS[*group], USERS[*user]));
        let nestings = self.nestings.iter().map(|((outer, inner), nesting)| {
            with(inside(GROUPS[*outer], GROUPS[*inner]), |expandable| {
                expandable.shallow = nesting.is_shallow;
                expandable.resource_type_ids.clone_from(&nesting.kinds);
            })
        });
        let grants = members.chain(nestings).collect();
        sink.put_grants(grants).await.unwrap();
        sink.dangling().await.unwrap();
        sink.expand().await.unwrap();
        sink.index().await.unwrap();
        Arc::new(sink).finish().await.unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn expansion_finds_what_its_definition_says(org in orgs()) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("sync.c1z");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(org.write(&file));
        prop_assert_eq!(held(&file), org.expected());
    }
}
