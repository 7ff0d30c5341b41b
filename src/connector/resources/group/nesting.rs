//! Groups that contain each other.
//!
//! A member of one group of such a cycle is a member of all of them. Hosts cannot expand a cycle:
//! they drop its edges with a warning, and lose the access behind them. So the connector resolves
//! cycles itself. Grants of nestings within a cycle are not expandable, and each group gets implied
//! memberships for the members that only its companions list.

use std::collections::{HashMap, HashSet};

use crate::salesforce::SalesforceId;

/// The cycles among the groups of an org; usually none.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    /// Each group of a cycle, with the number of its cycle.
    cycle_of: HashMap<SalesforceId, usize>,
    /// The members that each group of a cycle has only through its companions, sorted by the bytes of
    /// their ids.
    lacking: HashMap<SalesforceId, Vec<SalesforceId>>,
}

impl Nesting {
    /// Finds the cycles among `edges`, each a group and a group in it.
    pub(super) fn find(edges: &[(SalesforceId, SalesforceId)]) -> Self {
        let edges = within_cycles(edges);
        let mut inside: HashMap<SalesforceId, Vec<SalesforceId>> = HashMap::new();
        for (group, member) in edges {
            inside.entry(group).or_default().push(member);
        }
        let reached: HashMap<SalesforceId, HashSet<SalesforceId>> = inside
            .keys()
            .map(|group| (*group, reach(*group, &inside)))
            .collect();
        let mut nesting = Self::default();
        let mut cycles = 0;
        for (group, reached_from_group) in &reached {
            if nesting.cycle_of.contains_key(group) {
                continue;
            }
            let mutual = |other: &&SalesforceId| {
                reached
                    .get(other)
                    .is_some_and(|reached| reached.contains(group))
            };
            let companions: Vec<SalesforceId> =
                reached_from_group.iter().filter(mutual).copied().collect();
            // A group that reaches itself only by way of others is among its own companions.
            nesting
                .cycle_of
                .extend(companions.iter().map(|companion| (*companion, cycles)));
            cycles += 1;
        }
        nesting
    }

    /// The groups of all cycles, whose members must be known.
    pub(super) fn groups(&self) -> Vec<SalesforceId> {
        self.cycle_of.keys().copied().collect()
    }

    /// Adds the members that are listed in the groups of the cycles.
    pub(super) fn settle(&mut self, members: &[(SalesforceId, SalesforceId)]) {
        let mut direct: HashMap<SalesforceId, HashSet<SalesforceId>> = HashMap::new();
        let mut common: HashMap<usize, HashSet<SalesforceId>> = HashMap::new();
        for (group, member) in members {
            let Some(cycle) = self.cycle_of.get(group) else {
                continue;
            };
            direct.entry(*group).or_default().insert(*member);
            if self.cycle_of.get(member) != Some(cycle) {
                common.entry(*cycle).or_default().insert(*member);
            }
        }
        for (group, cycle) in &self.cycle_of {
            let has = |member: &&SalesforceId| {
                direct
                    .get(group)
                    .is_some_and(|direct| direct.contains(*member))
            };
            let mut lacking: Vec<SalesforceId> = common
                .get(cycle)
                .into_iter()
                .flatten()
                .filter(|m| !has(m))
                .copied()
                .collect();
            lacking.sort_unstable_by(SalesforceId::cmp_bytes);
            self.lacking.insert(*group, lacking);
        }
    }

    /// Whether both groups belong to one cycle, so hosts must not expand the nesting.
    pub(super) fn is_cycle(&self, group: SalesforceId, member: SalesforceId) -> bool {
        let cycle = self.cycle_of.get(&group);
        cycle.is_some() && cycle == self.cycle_of.get(&member)
    }

    /// The members that `group` has only because it belongs to a cycle.
    pub(super) fn lacking(&self, group: SalesforceId) -> &[SalesforceId] {
        self.lacking
            .get(&group)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Whether there is any cycle.
    pub(super) fn has_cycles(&self) -> bool {
        !self.cycle_of.is_empty()
    }
}

/// Drops edges that cannot be part of a cycle, until only those remain that can.
fn within_cycles(edges: &[(SalesforceId, SalesforceId)]) -> Vec<(SalesforceId, SalesforceId)> {
    let mut edges = edges.to_vec();
    loop {
        let groups: HashSet<_> = edges.iter().map(|edge| edge.0).collect();
        let members: HashSet<_> = edges.iter().map(|edge| edge.1).collect();
        let before = edges.len();
        edges.retain(|(group, member)| members.contains(group) && groups.contains(member));
        if edges.len() == before {
            return edges;
        }
    }
}

fn reach(
    from: SalesforceId,
    inside: &HashMap<SalesforceId, Vec<SalesforceId>>,
) -> HashSet<SalesforceId> {
    let mut reached = HashSet::new();
    let mut open = vec![from];
    while let Some(group) = open.pop() {
        for member in inside.get(&group).into_iter().flatten() {
            if reached.insert(*member) {
                open.push(*member);
            }
        }
    }
    reached
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn group(number: u32) -> SalesforceId {
        format!("00GHp{number:010}").parse().unwrap()
    }

    fn edges(pairs: &[(u32, u32)]) -> Vec<(SalesforceId, SalesforceId)> {
        pairs
            .iter()
            .map(|(outer, inner)| (group(*outer), group(*inner)))
            .collect()
    }

    #[test]
    fn a_tree_of_groups_has_no_cycle() {
        let nesting = Nesting::find(&edges(&[(1, 2), (1, 3), (2, 4), (3, 4)]));
        assert!(!nesting.has_cycles());
    }

    #[test]
    fn groups_between_two_cycles_belong_to_neither() {
        let nesting = Nesting::find(&edges(&[
            (1, 2),
            (2, 1),
            (2, 3),
            (3, 4),
            (4, 5),
            (5, 4),
            (6, 6),
        ]));
        assert!(nesting.is_cycle(group(1), group(2)));
        assert!(nesting.is_cycle(group(4), group(5)));
        assert!(nesting.is_cycle(group(6), group(6)));
        assert!(!nesting.is_cycle(group(2), group(3)));
        assert!(!nesting.is_cycle(group(1), group(4)));
        assert_eq!(nesting.groups().len(), 5);
    }

    #[test]
    fn each_group_of_a_cycle_gets_what_it_lacks() {
        let mut nesting = Nesting::find(&edges(&[(1, 2), (2, 1)]));
        nesting.settle(&edges(&[(1, 2), (2, 1), (1, 7), (2, 7), (2, 8), (9, 5)]));
        assert_eq!(nesting.lacking(group(1)), [group(8)]);
        assert_eq!(nesting.lacking(group(2)), []);
    }

    /// What can be reached from `from` by way of `pairs`.
    fn reached(pairs: &[(u32, u32)], from: u32) -> BTreeSet<u32> {
        let mut reached = BTreeSet::new();
        let mut open = vec![from];
        while let Some(group) = open.pop() {
            for (_, member) in pairs.iter().filter(|(outer, _)| *outer == group) {
                if reached.insert(*member) {
                    open.push(*member);
                }
            }
        }
        reached
    }

    proptest! {
        /// Members 1 to 6 are groups, the others are users.
        #[test]
        fn without_cycles_every_group_has_the_same_users(
            pairs in prop::collection::btree_set((1_u32..=6, 1_u32..=10), 0..25),
        ) {
            let is_group = |member: u32| member <= 6;
            let pairs: Vec<_> = pairs.into_iter().collect();
            let nestings: Vec<_> = pairs.iter().filter(|pair| is_group(pair.1)).copied().collect();
            let mut nesting = Nesting::find(&edges(&nestings));
            nesting.settle(&edges(&pairs));

            let is_cycle = |(outer, inner): (u32, u32)| {
                reached(&pairs, outer).contains(&inner) && reached(&pairs, inner).contains(&outer)
            };
            let mut acyclic = Vec::new();
            for pair in &pairs {
                let found = nesting.is_cycle(group(pair.0), group(pair.1));
                prop_assert_eq!(found, is_cycle(*pair), "{:?}", pair);
                acyclic.extend((!found).then_some(*pair));
            }
            for outer in 1..=6 {
                let lacking = nesting.lacking(group(outer));
                let members = (1..=10).filter(|member| lacking.contains(&group(*member)));
                acyclic.extend(members.map(|member| (outer, member)));
            }
            for outer in 1..=6 {
                let users = |pairs: &[(u32, u32)]| {
                    let reached = reached(pairs, outer).into_iter();
                    reached.filter(|member| !is_group(*member)).collect::<Vec<_>>()
                };
                prop_assert_eq!(users(&acyclic), users(&pairs), "group {}", outer);
                prop_assert!(!reached(&acyclic, outer).contains(&outer), "group {}", outer);
            }
        }
    }
}
