//! The holders of an entitlement, direct and indirect, as numbers.

use std::collections::HashMap;

use hashbrown::DefaultHashBuilder;
use indexmap::{IndexMap, IndexSet};

use super::graph::{Edge, Graph};
use crate::runner::grant_index::GrantIndex;

/// The holders of one entitlement. Millions may hold it, but in few different ways.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Each principal with the number of its way.
    principals: IndexMap<u32, u32, DefaultHashBuilder>,
    ways: IndexSet<Way, DefaultHashBuilder>,
}

/// How a principal holds an entitlement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Way {
    /// The connector sent a grant.
    is_stored: bool,
    is_direct: bool,
    /// The entitlements it comes from, and whether the principal holds them directly.
    sources: Vec<(u32, bool)>,
}

/// What one change makes of ways, by their number before and by what is different in the change.
type Changes = HashMap<(Option<u32>, bool), u32, DefaultHashBuilder>;

impl Held {
    /// The sources of a principal's grant; empty if it is only direct.
    pub(super) fn sources_of(&self, principal: u32) -> &[(u32, bool)] {
        let way = self.principals.get(&principal);
        way.and_then(|way| self.way(*way))
            .map_or(&[], |way| &way.sources)
    }

    /// The principals without a stored grant, with their sources.
    pub(super) fn derived(&self) -> impl Iterator<Item = (u32, &[(u32, bool)])> {
        let principals = self.principals.iter();
        principals.filter_map(|(principal, way)| {
            let way = self.way(*way).filter(|way| !way.is_stored)?;
            Some((*principal, &*way.sources))
        })
    }

    fn way(&self, number: u32) -> Option<&Way> {
        self.ways.get_index(number as usize)
    }

    /// Changes how a principal holds it. Returns whether that is different now.
    fn change(
        &mut self,
        principal: u32,
        is_direct: bool,
        changes: &mut Changes,
        change: impl FnOnce(&mut Way),
    ) -> bool {
        let before = self.principals.get(&principal).copied();
        let after = *changes.entry((before, is_direct)).or_insert_with(|| {
            let way = before.and_then(|way| self.ways.get_index(way as usize));
            let mut way = way.cloned().unwrap_or_default();
            change(&mut way);
            // There are fewer ways than principals, whose numbers fit.
            u32::try_from(self.ways.insert_full(way).0).unwrap_or(u32::MAX)
        });
        self.principals.insert(principal, after);
        before != Some(after)
    }

    fn holders(&self) -> impl Iterator<Item = Holder> {
        self.principals.iter().map(|(principal, way)| Holder {
            principal: *principal,
            is_direct: self.way(*way).is_some_and(|way| way.is_direct),
        })
    }
}

/// A principal that holds an entitlement.
#[derive(Clone, Copy, Debug)]
struct Holder {
    principal: u32,
    is_direct: bool,
}

/// The holders of the entitlements of a graph. Entitlements without outgoing edges are not kept.
pub(super) struct Holders<'a> {
    graph: &'a Graph,
    kept: Vec<Vec<Holder>>,
}

impl<'a> Holders<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        Self {
            graph,
            kept: vec![Vec::new(); graph.len()],
        }
    }

    /// Keeps the holders of an entitlement, if it has outgoing edges.
    pub(super) fn keep(&mut self, node: usize, held: &Held) {
        if let Some(kept) = self.kept.get_mut(node)
            && self.graph.leads_on(node)
        {
            *kept = held.holders().collect();
        }
    }

    /// Finds the holders of the entitlements of a component. All components that lead to it must be
    /// kept already.
    pub(super) fn settle(&self, component: &[usize], index: &GrantIndex) -> Vec<(usize, Held)> {
        let mut settled: Vec<_> = component
            .iter()
            .map(|&node| (node, self.flow_in(node, component, index)))
            .collect();
        // Within a cycle, holders are passed around until nothing changes. It terminates because
        // each round only adds.
        let mut is_settled = settled.len() < 2;
        while !is_settled {
            is_settled = true;
            for at in 0..settled.len() {
                is_settled &= !self.flow_around(&mut settled, at, component, index);
            }
        }
        settled
    }

    /// The stored grants of an entitlement, and its holders through other components.
    fn flow_in(&self, node: usize, component: &[usize], index: &GrantIndex) -> Held {
        let mut held = Held::default();
        let stored = index.entitlement(self.graph.name(node)).into_iter();
        let mut changes = Changes::default();
        for row in stored.flat_map(|entitlement| index.grants_of(entitlement)) {
            let is_direct = index.is_direct(row);
            held.change(row.principal, is_direct, &mut changes, |way| {
                way.is_stored = true;
                way.is_direct |= is_direct;
            });
        }
        let mut flow = Flow::into(self.graph, node, component, index);
        for (source, edge) in self.graph.sources_of(node) {
            if !component.contains(&source) {
                let from = self.kept.get(source).map_or(&[][..], Vec::as_slice);
                flow.run(source, edge, from, &mut held);
            }
        }
        held
    }

    /// Adds the holders through other entitlements of the cycle. Returns whether any were new.
    fn flow_around(
        &self,
        members: &mut [(usize, Held)],
        at: usize,
        component: &[usize],
        index: &GrantIndex,
    ) -> bool {
        let Some(node) = members.get(at).map(|(node, _)| *node) else {
            return false;
        };
        let mut flow = Flow::into(self.graph, node, component, index);
        for (source, edge) in self.graph.sources_of(node) {
            // An edge from an entitlement to itself adds nothing.
            let Some((_, from)) = members
                .iter()
                .find(|(member, _)| *member == source && *member != node)
            else {
                continue;
            };
            let from: Vec<_> = from.holders().collect();
            if let Some((_, held)) = members.get_mut(at) {
                flow.run(source, edge, &from, held);
            }
        }
        flow.is_news
    }
}

/// Adds holders to one entitlement.
struct Flow<'a> {
    index: &'a GrantIndex,
    /// The principal to leave out: in a cycle, a group would become its own member.
    own: Option<u32>,
    is_news: bool,
}

impl<'a> Flow<'a> {
    fn into(graph: &Graph, node: usize, component: &[usize], index: &'a GrantIndex) -> Self {
        let own = graph
            .resource(node)
            .filter(|_| component.len() > 1)
            .and_then(|(kind, id)| index.resource(kind, id));
        Self {
            index,
            own,
            is_news: false,
        }
    }

    /// Makes the holders of the source holders of the target.
    fn run(&mut self, source: usize, edge: &Edge, from: &[Holder], held: &mut Held) {
        let Ok(source) = u32::try_from(source) else {
            return;
        };
        let mut changes = Changes::default();
        for holder in from {
            let kind = || self.index.resource_id(holder.principal).0;
            if Some(holder.principal) == self.own || !edge.admits(kind, holder.is_direct) {
                continue;
            }
            let is_direct = holder.is_direct;
            self.is_news |= held.change(holder.principal, is_direct, &mut changes, |way| {
                if way.sources.iter().all(|(known, _)| *known != source) {
                    way.sources.push((source, is_direct));
                }
            });
        }
    }
}
