//! Orders of rows: strings get ranks, and rows are sorted by the ranks of their strings.

use std::cmp::Ordering;

use super::dictionary::Groups;
use super::rows::Rows;

/// The place of each group of strings in an order. Equal ones have the same rank.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    of: Vec<u32>,
    distinct: u32,
}

impl Ranks {
    /// Ranks of groups in the order that `compare` says.
    fn of<const N: usize>(
        groups: &Groups<N>,
        compare: impl Fn([&[u8]; N], [&[u8]; N]) -> Ordering,
    ) -> Self {
        let compare = |a: &u32, b: &u32| compare(groups.get(*a), groups.get(*b));
        let mut sorted: Vec<u32> = (0..).take(groups.len()).collect();
        sorted.sort_unstable_by(compare);
        let mut ranks = vec![0; sorted.len()];
        let (mut distinct, mut last) = (0, None);
        for number in sorted {
            if last.is_none_or(|last| compare(&last, &number).is_ne()) {
                distinct += 1;
            }
            last = Some(number);
            if let Some(rank) = ranks.get_mut(number as usize) {
                *rank = distinct - 1;
            }
        }
        Self {
            of: ranks,
            distinct,
        }
    }

    fn get(&self, number: u32) -> u32 {
        self.of.get(number as usize).copied().unwrap_or_default()
    }
}

/// The ranks of all strings of the rows.
#[derive(Debug)]
pub(super) struct AllRanks {
    /// By type and id of the resource.
    pub(super) resource: Ranks,
    pub(super) entitlement: Ranks,
    pub(super) entitlement_sync: Ranks,
    /// By the entitlement's id with a colon behind it, as it is in the ids of grants.
    pub(super) id_begin: Ranks,
    pub(super) sync: Ranks,
    /// By type and id of the principal.
    pub(super) principal: Ranks,
    /// The same with a colon between them, as it is in the ids of grants.
    pub(super) id_end: Ranks,
}

impl AllRanks {
    pub(super) fn new(rows: &Rows) -> Self {
        let (ends, principals) = (&rows.end_names, &rows.principal_names);
        Self {
            resource: Ranks::of(ends, |a, b| a.get(..2).cmp(&b.get(..2))),
            entitlement: Ranks::of(ends, |[_, _, a, _], [_, _, b, _]| a.cmp(b)),
            entitlement_sync: Ranks::of(ends, |a, b| a.get(2..).cmp(&b.get(2..))),
            id_begin: Ranks::of(ends, |[_, _, a, _], [_, _, b, _]| {
                joined([a, b""], [b, b""])
            }),
            sync: Ranks::of(ends, |[_, _, _, a], [_, _, _, b]| a.cmp(b)),
            principal: Ranks::of(principals, |a, b| a.cmp(&b)),
            id_end: Ranks::of(principals, joined),
        }
    }
}

/// Compares pairs as if there was a colon between their two parts.
fn joined(a: [&[u8]; 2], b: [&[u8]; 2]) -> Ordering {
    if a[0] == b[0] {
        return a[1].cmp(b[1]);
    }
    let bytes = |[first, second]: [&[u8]; 2]| [first, b":", second].concat();
    bytes(a).cmp(&bytes(b))
}

/// Whether an entitlement's id with a colon behind it is how another one's begins. Ids of grants
/// are then not in the order of their entitlements.
pub(super) fn has_prefixes(rows: &Rows) -> bool {
    let groups = &rows.end_names;
    let numbers = (0..).take(groups.len());
    let mut ids: Vec<_> = numbers.map(|number| groups.get(number)[2]).collect();
    ids.sort_unstable_by(|a, b| joined([a, b""], [b, b""]));
    ids.dedup();
    // Everything between an id and one that begins like it begins like it, too.
    ids.array_windows().any(|[id, next]| {
        let rest = next.strip_prefix(*id);
        rest.is_some_and(|rest| rest.starts_with(b":"))
    })
}

/// Numbers of the rows' strings, and the ranks that order them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'a> {
    pub(super) numbers: &'a [u32],
    pub(super) ranks: &'a Ranks,
}

impl Key<'_> {
    pub(super) fn get(&self, row: u32) -> u32 {
        let number = self.numbers.get(row as usize).copied();
        self.ranks.get(number.unwrap_or_default())
    }
}

/// Sorts rows, and keeps the room that it takes.
#[derive(Debug, Default)]
pub(super) struct Sorter {
    order: Vec<u32>,
    spare: Vec<u32>,
    places: Vec<u32>,
}

impl Sorter {
    /// The rows in the order of `keys`, of which the last one counts most. Equal rows stay in their
    /// order, so there is one pass for each key.
    pub(super) fn sort(&mut self, rows: usize, keys: &[Key<'_>]) -> &[u32] {
        self.order.clear();
        self.order.extend((0..).take(rows));
        self.spare.resize(rows, 0);
        for key in keys {
            self.pass(*key);
        }
        &self.order
    }

    /// Counts how many rows have each rank, and so knows where those of the next one begin.
    fn pass(&mut self, key: Key<'_>) {
        self.places.clear();
        self.places.resize(key.ranks.distinct as usize + 1, 0);
        let (mut is_sorted, mut last) = (true, 0);
        for row in &self.order {
            let rank = key.get(*row);
            is_sorted &= last <= rank;
            last = rank;
            if let Some(count) = self.places.get_mut(rank as usize + 1) {
                *count += 1;
            }
        }
        if is_sorted {
            return;
        }
        let mut before = 0;
        for place in &mut self.places {
            before += *place;
            *place = before;
        }
        for row in &self.order {
            let Some(place) = self.places.get_mut(key.get(*row) as usize) else {
                continue;
            };
            if let Some(to) = self.spare.get_mut(*place as usize) {
                *to = *row;
            }
            *place += 1;
        }
        std::mem::swap(&mut self.order, &mut self.spare);
    }
}
