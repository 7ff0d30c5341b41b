//! The graph of entitlements, and the order in which to visit them.

use std::collections::{BTreeSet, HashMap};

/// Which holders of one entitlement also hold another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// Only direct holders.
    is_shallow: bool,
    /// Only principals of these types, if set.
    kinds: Option<BTreeSet<String>>,
}

impl Edge {
    pub(super) fn new(is_shallow: bool, kinds: Vec<String>) -> Self {
        let kinds = (!kinds.is_empty()).then(|| kinds.into_iter().collect());
        Self { is_shallow, kinds }
    }

    /// Whether it applies to a principal; `kind` returns the principal's resource type.
    pub(super) fn admits<'a>(&self, kind: impl FnOnce() -> &'a str, is_direct: bool) -> bool {
        (is_direct || !self.is_shallow)
            && self
                .kinds
                .as_ref()
                .is_none_or(|kinds| kinds.contains(kind()))
    }

    /// Merges another edge between the same ends: the result admits what either admits.
    fn widen(&mut self, other: Self) {
        self.is_shallow &= other.is_shallow;
        self.kinds = match (self.kinds.take(), other.kinds) {
            (Some(mut kinds), Some(others)) => {
                kinds.extend(others);
                Some(kinds)
            }
            _ => None,
        };
    }
}

/// Entitlements as numbers, and the edges between them.
#[derive(Debug, Default)]
pub(super) struct Graph {
    names: Vec<String>,
    numbers: HashMap<String, usize>,
    /// For each entitlement with incoming edges, type and id of its resource.
    on: Vec<Option<(String, String)>>,
    /// The outgoing edges of each entitlement.
    out: Vec<Vec<usize>>,
    /// The incoming edges of each entitlement.
    into: Vec<Vec<(usize, Edge)>>,
}

impl Graph {
    /// Adds an edge from one entitlement to another, which is on the resource `on`.
    pub(super) fn add(&mut self, source: &str, target: &str, on: (String, String), edge: Edge) {
        let (source, target) = (self.number(source), self.number(target));
        if let Some(place) = self.on.get_mut(target) {
            *place = Some(on);
        }
        let (Some(into), Some(out)) = (self.into.get_mut(target), self.out.get_mut(source)) else {
            return;
        };
        if let Some((_, known)) = into.iter_mut().find(|(from, _)| *from == source) {
            known.widen(edge);
        } else {
            into.push((source, edge));
            out.push(target);
        }
    }

    /// The number of entitlements.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Type and id of the resource of an entitlement, if it has incoming edges.
    pub(super) fn resource(&self, node: usize) -> Option<&(String, String)> {
        self.on.get(node)?.as_ref()
    }

    /// Whether it has outgoing edges.
    pub(super) fn leads_on(&self, node: usize) -> bool {
        self.out.get(node).is_some_and(|out| !out.is_empty())
    }

    pub(super) fn name(&self, node: usize) -> &str {
        self.names.get(node).map_or("", String::as_str)
    }

    pub(super) fn sources_of(&self, node: usize) -> impl Iterator<Item = (usize, &Edge)> {
        self.into
            .get(node)
            .into_iter()
            .flatten()
            .map(|(source, edge)| (*source, edge))
    }

    /// The strongly connected components in topological order.
    pub(super) fn components(&self) -> Vec<Vec<usize>> {
        let mut search = Search {
            graph: self,
            next: 1,
            order: vec![0; self.names.len()],
            low: vec![0; self.names.len()],
            is_open: vec![false; self.names.len()],
            open: Vec::new(),
            found: Vec::new(),
        };
        for node in 0..self.names.len() {
            search.visit(node);
        }
        // The search closes a component after all components that it leads to.
        search.found.reverse();
        search.found
    }

    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len();
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        self.on.push(None);
        self.out.push(Vec::new());
        self.into.push(Vec::new());
        number
    }
}

/// Tarjan's algorithm with an explicit stack: a long chain of groups would overflow the thread's.
struct Search<'a> {
    graph: &'a Graph,
    next: usize,
    /// The order in which nodes were found; 0 if not yet.
    order: Vec<usize>,
    /// The earliest open node that each node leads back to.
    low: Vec<usize>,
    is_open: Vec<bool>,
    open: Vec<usize>,
    found: Vec<Vec<usize>>,
}

#[expect(
    clippy::indexing_slicing,
    reason = "all vectors have one entry per node"
)]
impl Search<'_> {
    fn visit(&mut self, start: usize) {
        if self.order[start] != 0 {
            return;
        }
        let mut path = vec![(start, 0)];
        self.enter(start);
        while let Some((node, step)) = path.last_mut() {
            let node = *node;
            if let Some(&next) = self.graph.out[node].get(*step) {
                *step += 1;
                if self.order[next] == 0 {
                    self.enter(next);
                    path.push((next, 0));
                } else if self.is_open[next] {
                    self.low[node] = self.low[node].min(self.order[next]);
                }
                continue;
            }
            path.pop();
            if let Some(&(parent, _)) = path.last() {
                self.low[parent] = self.low[parent].min(self.low[node]);
            }
            if self.low[node] == self.order[node] {
                self.close(node);
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.order[node] = self.next;
        self.low[node] = self.next;
        self.next += 1;
        self.is_open[node] = true;
        self.open.push(node);
    }

    fn close(&mut self, root: usize) {
        let mut component = Vec::new();
        while let Some(node) = self.open.pop() {
            self.is_open[node] = false;
            component.push(node);
            if node == root {
                break;
            }
        }
        component.sort_unstable();
        self.found.push(component);
    }
}
