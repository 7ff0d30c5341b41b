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

/// Rows that follow each other in an index.
#[derive(Debug)]
pub(super) enum Group<'a> {
    /// The places of rows with the same texts, in their order.
    Same(&'a [u32]),
    /// All rows of an entitlement, to be sorted.
    Entitlement(Unsorted<'a>),
}

/// The rows of an entitlement, in the order that those of one principal will have.
#[derive(Debug)]
pub(super) struct Unsorted<'a> {
    rows: &'a mut [Entry],
    /// The ranks of principals, if they are not in the order of their numbers.
    ranks: Option<&'a Ranks>,
}

impl<'a> Unsorted<'a> {
    pub(super) fn rows(&self) -> &[Entry] {
        self.rows
    }

    /// The rows in the order of their principals.
    pub(super) fn sort(self) -> &'a [Entry] {
        // Stable, so those of one principal stay in their order.
        match self.ranks {
            Some(ranks) => self.rows.sort_by_key(|row| ranks.get(row.principal)),
            None => self.rows.sort_by_key(|row| row.principal),
        }
        self.rows
    }
}

/// Rows that are sorted at once, where all of them would take too much memory.
const WINDOW: usize = 1 << 20;

/// Calls `each` with all rows in the order of an index. The number of the row orders those that are
/// equal otherwise.
pub(super) fn visit<E>(
    kind: GrantIndex,
    grants: &Grants,
    ranks: &AllRanks,
    mut each: impl FnMut(Group<'_>) -> Result<(), E>,
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
    match kind {
        GrantIndex::External => {
            let sorting = ends(&ranks.id_begin_sync);
            by_entitlement(
                grants,
                sorting,
                &ranks.id_begin,
                ranks.id_end.as_ref(),
                each,
            )
        }
        GrantIndex::EntitlementPrincipal => {
            let sorting = ends(&ranks.entitlement);
            by_entitlement(grants, sorting, &ranks.entitlement, None, each)
        }
        GrantIndex::Resource => ends(&ranks.resource).visit(|rows| each(Group::Same(rows))),
        GrantIndex::EntitlementSync => {
            ends(&ranks.entitlement_sync).visit(|rows| each(Group::Same(rows)))
        }
        GrantIndex::Principal => principals.visit(|rows| each(Group::Same(rows))),
    }
}

/// Visits rows entitlement by entitlement. Ends of one entitlement have the same rank in `entitlements`.
fn by_entitlement<E>(
    grants: &Grants,
    sorting: Sorting<'_>,
    entitlements: &Ranks,
    principals: Option<&Ranks>,
    mut each: impl FnMut(Group<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut hand_on = |rows: &mut Vec<Entry>| {
        let done = each(Group::Entitlement(Unsorted {
            rows,
            ranks: principals,
        }));
        rows.clear();
        done
    };
    let mut rows: Vec<Entry> = Vec::new();
    sorting.visit(|places| {
        let mut more = places.iter().map(|place| grants.entry(*place)).peekable();
        let entitlement = |row: &Entry| entitlements.get(row.end);
        if let (Some(row), Some(next)) = (rows.first(), more.peek())
            && entitlement(row) != entitlement(next)
        {
            hand_on(&mut rows)?;
        }
        rows.extend(more);
        Ok(())
    })?;
    hand_on(&mut rows)
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
    /// Calls `each` with the places of the rows of each rank that has some, in their order.
    pub(super) fn visit<E>(self, mut each: impl FnMut(&[u32]) -> Result<(), E>) -> Result<(), E> {
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
            // Now it says where they end.
            let mut rest = order.as_slice();
            let mut begin = base;
            for end in begins.get(from..to).unwrap_or_default() {
                let rows = rest.split_off(..(*end - begin) as usize);
                if let Some(rows) = rows.filter(|rows| !rows.is_empty()) {
                    each(rows)?;
                }
                begin = *end;
            }
            from = to;
        }
        Ok(())
    }
}
