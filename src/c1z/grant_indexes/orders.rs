//! Orders of rows: strings get ranks, and rows are sorted by the ranks of their strings.

use std::cmp::Ordering;

use super::dictionary::Groups;
use super::grants::Grants;
use crate::c1z::schema::GrantIndex;

/// The place of each group of strings in an order. Equal ones have the same rank.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    of: Vec<u32>,
    distinct: usize,
}

impl Ranks {
    /// Ranks of groups in the order that `compare` says.
    fn of<const N: usize>(
        groups: &Groups<N>,
        compare: impl Fn([&[u8]; N], [&[u8]; N]) -> Ordering,
    ) -> Self {
        Self::by(groups.len(), |a, b| compare(groups.get(a), groups.get(b)))
    }

    /// The order of these ranks, and among equal ones that of `others`.
    fn and(&self, others: &Self) -> Self {
        let both = |number| (self.get(number), others.get(number));
        Self::by(self.of.len(), |a, b| both(a).cmp(&both(b)))
    }

    fn by(count: usize, compare: impl Fn(u32, u32) -> Ordering) -> Self {
        let mut sorted: Vec<u32> = (0..).take(count).collect();
        sorted.sort_unstable_by(|a, b| compare(*a, *b));
        let mut ranks = Self {
            of: vec![0; count],
            distinct: 0,
        };
        for same in sorted.chunk_by(|a, b| compare(*a, *b).is_eq()) {
            for number in same {
                if let Some(rank) = ranks.of.get_mut(*number as usize) {
                    *rank = u32::try_from(ranks.distinct).unwrap_or(u32::MAX);
                }
            }
            ranks.distinct += 1;
        }
        ranks
    }

    pub(super) fn get(&self, number: u32) -> u32 {
        self.of.get(number as usize).copied().unwrap_or_default()
    }
}

/// The orders of all strings of the rows. Principals are numbered by type and id.
#[derive(Debug)]
pub(super) struct AllRanks {
    /// By type and id of the resource.
    pub(super) resource: Ranks,
    pub(super) entitlement: Ranks,
    pub(super) entitlement_sync: Ranks,
    /// By the entitlement's id with a colon behind it, as it is in the ids of grants.
    id_begin: Ranks,
    /// The same, then by sync.
    pub(super) id_begin_sync: Ranks,
    /// By type and id of the principal with a colon between them, as it is in the ids of grants.
    /// `None` if that is the order of their numbers.
    id_end: Option<Ranks>,
}

impl AllRanks {
    pub(super) fn new(rows: &Grants) -> Self {
        let (ends, principals) = (&rows.end_names, &rows.principal_names);
        let numbers = || (0..).take(principals.len());
        let is_by_number = numbers()
            .map(|number| principals.joined(number))
            .is_sorted();
        let id_begin = Ranks::of(ends, |[_, _, a, _], [_, _, b, _]| {
            joined([a, b""], [b, b""])
        });
        let sync = Ranks::of(ends, |[_, _, _, a], [_, _, _, b]| a.cmp(b));
        Self {
            resource: Ranks::of(ends, |a, b| a.get(..2).cmp(&b.get(..2))),
            entitlement: Ranks::of(ends, |[_, _, a, _], [_, _, b, _]| a.cmp(b)),
            entitlement_sync: Ranks::of(ends, |a, b| a.get(2..).cmp(&b.get(2..))),
            id_begin_sync: id_begin.and(&sync),
            id_begin,
            id_end: (!is_by_number).then(|| Ranks::of(principals, joined)),
        }
    }

    /// The rank of a principal in the ids of grants.
    pub(super) fn id_end(&self, principal: u32) -> u32 {
        match &self.id_end {
            Some(ranks) => ranks.get(principal),
            None => principal,
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
pub(super) fn has_prefixes(rows: &Grants) -> bool {
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

/// A row in the order of an index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// The number of its end.
    pub(super) end: u32,
    pub(super) principal: u32,
    /// Its place among all rows.
    pub(super) place: u32,
}

/// Rows that are sorted at once, where all of them would take too much memory.
const WINDOW: usize = 1 << 20;

/// Calls `each` with all rows in the order of an index. The number of the row orders those that are
/// equal otherwise.
pub(super) fn visit<E>(
    kind: GrantIndex,
    grants: &Grants,
    ranks: &AllRanks,
    mut each: impl FnMut(Entry) -> Result<(), E>,
) -> Result<(), E> {
    let ends = |ranks| Sorting {
        numbers: &grants.ends,
        ranks: Some(ranks),
        distinct: ranks.distinct,
        window: WINDOW,
    };
    let principals = Sorting {
        numbers: &grants.principals,
        ranks: None,
        distinct: grants.principal_names.len(),
        window: WINDOW,
    };
    let entry = |place| grants.entry(place);
    match kind {
        GrantIndex::External => {
            let sorting = ends(&ranks.id_begin_sync);
            let is_same = |a, b| ranks.id_begin.get(a) == ranks.id_begin.get(b);
            then_principals(grants, sorting, is_same, |one| ranks.id_end(one), each)
        }
        GrantIndex::EntitlementPrincipal => {
            let sorting = ends(&ranks.entitlement);
            let is_same = |a, b| ranks.entitlement.get(a) == ranks.entitlement.get(b);
            then_principals(grants, sorting, is_same, |one| one, each)
        }
        GrantIndex::Resource => ends(&ranks.resource).visit(|place| each(entry(place))),
        GrantIndex::EntitlementSync => {
            ends(&ranks.entitlement_sync).visit(|place| each(entry(place)))
        }
        GrantIndex::Principal => principals.visit(|place| each(entry(place))),
    }
}

/// Visits rows entitlement by entitlement, each with its rows in the order of their principals, as
/// `rank` says. `is_same` says whether two ends are of one entitlement.
fn then_principals<E>(
    grants: &Grants,
    sorting: Sorting<'_>,
    is_same: impl Fn(u32, u32) -> bool,
    rank: impl Fn(u32) -> u32,
    mut each: impl FnMut(Entry) -> Result<(), E>,
) -> Result<(), E> {
    let mut hand_on = |group: &mut Vec<Entry>| {
        // Stable, so the order by ends stays for those of one principal.
        group.sort_by_key(|entry| rank(entry.principal));
        let done = group.iter().try_for_each(|entry| each(*entry));
        group.clear();
        done
    };
    let mut group: Vec<Entry> = Vec::new();
    sorting.visit(|place| {
        let entry = grants.entry(place);
        if let Some(first) = group.first()
            && !is_same(first.end, entry.end)
        {
            hand_on(&mut group)?;
        }
        group.push(entry);
        Ok(())
    })?;
    hand_on(&mut group)
}

/// Rows that are sorted by counting how many there are of each rank.
pub(super) struct Sorting<'a> {
    /// What each row has, as a number.
    pub(super) numbers: &'a [u32],
    /// The ranks of numbers. `None` if they are ranks themselves.
    pub(super) ranks: Option<&'a Ranks>,
    pub(super) distinct: usize,
    /// Of more rows, those of some ranks are sorted at a time.
    pub(super) window: usize,
}

impl Sorting<'_> {
    /// Calls `each` with the places of all rows. Those of the same rank stay in their order.
    pub(super) fn visit<E>(self, mut each: impl FnMut(u32) -> Result<(), E>) -> Result<(), E> {
        let rank = |number: &u32| match self.ranks {
            Some(ranks) => ranks.get(*number) as usize,
            None => *number as usize,
        };
        // Where the rows of each rank begin.
        let mut begins = vec![0_u32; self.distinct + 1];
        for number in self.numbers {
            if let Some(count) = begins.get_mut(rank(number) + 1) {
                *count += 1;
            }
        }
        let mut before = 0;
        for begin in &mut begins {
            before += *begin;
            *begin = before;
        }
        let (mut from, mut order) = (0, Vec::new());
        while let Some(base) = begins.get(from).copied() {
            let fits = |begin: &u32| begin.saturating_sub(base) as usize <= self.window;
            let to = begins.partition_point(fits).saturating_sub(1).max(from + 1);
            let Some(behind) = begins.get(to) else { break };
            order.clear();
            order.resize((*behind - base) as usize, 0);
            for (place, number) in (0..).zip(self.numbers) {
                let rank = rank(number);
                if (from..to).contains(&rank)
                    && let Some(next) = begins.get_mut(rank)
                    && let Some(to) = order.get_mut((*next - base) as usize)
                {
                    *to = place;
                    *next += 1;
                }
            }
            order.iter().try_for_each(|place| each(*place))?;
            from = to;
        }
        Ok(())
    }
}
