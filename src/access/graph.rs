//! How entitlements lead to each other, and the paths from one to another.
//!
//! A grant of E to a group that is expandable through S means that everyone who holds S also holds
//! E: the nesting leads from S to E. A shallow nesting only counts for those who hold S directly.

use std::collections::{BTreeMap, HashMap, VecDeque};

/// The number of an entitlement in a [`Graph`].
pub(super) type Node = usize;

/// Entitlements, each of which leads to the next. The first one is held directly.
pub(super) type Path = Vec<Node>;

/// Paths between two entitlements that are listed at most. In an org whose groups contain each other
/// there are more of them than anybody reads. The shortest ones come first.
const MOST_PATHS: usize = 20;

/// One nesting, seen from one of its ends.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Nesting {
    /// The other end.
    end: Node,
    is_shallow: bool,
    /// The types of principals that it counts for; all if empty.
    principal_types: Vec<String>,
}

impl Nesting {
    fn counts_for(&self, principal_type: &str) -> bool {
        let mut types = self.principal_types.iter();
        self.principal_types.is_empty() || types.any(|kind| kind == principal_type)
    }
}

/// All nestings of a sync.
#[derive(Debug, Default)]
pub(super) struct Graph {
    ids: Vec<String>,
    nodes: HashMap<String, Node>,
    onwards: Vec<Vec<Nesting>>,
    back: Vec<Vec<Nesting>>,
}

/// Paths by the entitlement at their far end, shortest first, and whether some are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Paths {
    pub(super) by_end: BTreeMap<Node, Vec<Path>>,
    pub(super) are_cut: bool,
}

/// In which direction nestings are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Onwards,
    Back,
}

impl Graph {
    /// The number of an entitlement that leads to another or that another leads to.
    pub(super) fn node(&self, id: &str) -> Option<Node> {
        self.nodes.get(id).copied()
    }

    /// The entitlement with this number.
    pub(super) fn id(&self, node: Node) -> &str {
        self.ids.get(node).map_or("", String::as_str)
    }

    /// Adds a nesting.
    pub(super) fn nest(
        &mut self,
        from: &str,
        to: &str,
        is_shallow: bool,
        principal_types: &[String],
    ) {
        let (from, to) = (self.number(from), self.number(to));
        let nesting = |end| Nesting {
            end,
            is_shallow,
            principal_types: principal_types.to_vec(),
        };
        if let (Some(onwards), Some(back)) = (self.onwards.get_mut(from), self.back.get_mut(to)) {
            onwards.push(nesting(to));
            back.push(nesting(from));
        }
    }

    fn number(&mut self, id: &str) -> Node {
        if let Some(node) = self.nodes.get(id) {
            return *node;
        }
        let node = self.ids.len();
        self.ids.push(id.to_owned());
        self.nodes.insert(id.to_owned(), node);
        self.onwards.push(Vec::new());
        self.back.push(Vec::new());
        node
    }

    /// The paths of a principal that holds `first` directly, by what they lead to; the path of
    /// `first` alone included.
    pub(super) fn onwards(&self, first: Node, principal_type: &str) -> Paths {
        self.search(first, principal_type, Direction::Onwards)
    }

    /// The paths that lead to `last`, by what a principal must hold directly.
    pub(super) fn back(&self, last: Node, principal_type: &str) -> Paths {
        self.search(last, principal_type, Direction::Back)
    }

    /// Breadth first, so that the shortest paths are found first and every end is found, however many
    /// paths there are: of each entitlement no more than [`MOST_PATHS`] are followed.
    fn search(&self, start: Node, principal_type: &str, direction: Direction) -> Paths {
        let mut found = Paths::default();
        let mut open = VecDeque::from([vec![start]]);
        let mut followed: HashMap<Node, usize> = HashMap::new();
        while let Some(path) = open.pop_front() {
            let Some(last) = path.last().copied() else {
                continue;
            };
            let times = followed.entry(last).or_default();
            if *times >= MOST_PATHS {
                found.are_cut = true;
                continue;
            }
            *times += 1;
            found.add(last, &path, direction);
            for nesting in self.nestings(last, direction) {
                if !nesting.counts_for(principal_type) || path.contains(&nesting.end) {
                    continue;
                }
                let mut longer = path.clone();
                longer.push(nesting.end);
                match (nesting.is_shallow, direction) {
                    (false, _) => open.push_back(longer),
                    (true, Direction::Onwards) if path.len() == 1 => open.push_back(longer),
                    (true, Direction::Onwards) => {}
                    // It counts for those who hold this one directly, so nothing leads here.
                    (true, Direction::Back) => found.add(nesting.end, &longer, direction),
                }
            }
        }
        found
    }

    fn nestings(&self, node: Node, direction: Direction) -> &[Nesting] {
        let of = match direction {
            Direction::Onwards => &self.onwards,
            Direction::Back => &self.back,
        };
        of.get(node).map_or(&[], Vec::as_slice)
    }
}

impl Paths {
    fn add(&mut self, end: Node, path: &[Node], direction: Direction) {
        let path = match direction {
            Direction::Onwards => path.to_vec(),
            Direction::Back => path.iter().rev().copied().collect(),
        };
        let paths = self.by_end.entry(end).or_default();
        if paths.contains(&path) {
            return;
        }
        if paths.len() < MOST_PATHS {
            paths.push(path);
        } else {
            self.are_cut = true;
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    /// a → b → c → a, b ⇒ d (shallow), c → e for groups only
    fn graph() -> Graph {
        let mut graph = Graph::default();
        graph.nest("a", "b", false, &[]);
        graph.nest("b", "c", false, &[]);
        graph.nest("c", "a", false, &[]);
        graph.nest("b", "d", true, &[]);
        graph.nest("c", "e", false, &["group".to_owned()]);
        graph
    }

    fn shown(graph: &Graph, paths: &Paths) -> Vec<String> {
        let path = |path: &Path| path.iter().map(|node| graph.id(*node)).collect();
        let mut shown: Vec<String> = paths.by_end.values().flatten().map(path).collect();
        shown.sort();
        shown
    }

    fn onwards(graph: &Graph, id: &str, kind: &str) -> Vec<String> {
        shown(graph, &graph.onwards(graph.node(id).unwrap(), kind))
    }

    #[test]
    fn a_cycle_ends_and_a_shallow_nesting_counts_for_direct_holders_only() {
        let graph = graph();
        assert_eq!(onwards(&graph, "a", "user"), ["a", "ab", "abc"]);
        assert_eq!(onwards(&graph, "b", "user"), ["b", "bc", "bca", "bd"]);
    }

    #[test]
    fn both_directions_find_the_same_paths() {
        let graph = graph();
        for kind in ["user", "group"] {
            let all = 0..graph.ids.len();
            let of = |search: &dyn Fn(Node) -> Paths| {
                let mut found: Vec<String> = all
                    .clone()
                    .flat_map(|node| shown(&graph, &search(node)))
                    .collect();
                found.sort();
                found
            };
            let onwards = of(&|node| graph.onwards(node, kind));
            assert_eq!(onwards, of(&|node| graph.back(node, kind)), "{kind}");
        }
    }

    #[test]
    fn every_end_is_found_where_paths_are_too_many_to_list() {
        let mut graph = Graph::default();
        // Each of twelve layers has four ways to the next one: 4^12 paths.
        for layer in 0..12 {
            for way in 0..4 {
                graph.nest(&format!("n{layer}"), &format!("w{layer}{way}"), false, &[]);
                graph.nest(
                    &format!("w{layer}{way}"),
                    &format!("n{}", layer + 1),
                    false,
                    &[],
                );
            }
        }
        let (first, last) = (graph.node("n0").unwrap(), graph.node("n12").unwrap());
        let onwards = graph.onwards(first, "user");
        assert!(onwards.are_cut);
        assert_eq!(onwards.by_end.len(), 12 * 5 + 1);
        assert_eq!(onwards.by_end[&last].len(), MOST_PATHS);
        let back = graph.back(last, "user");
        assert!(back.are_cut);
        assert_eq!(back.by_end[&first].len(), MOST_PATHS);
    }
}
