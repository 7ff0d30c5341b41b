//! Orders of rows: strings get ranks, and rows are sorted by the ranks of their strings.

use std::cmp::Ordering;

use super::dictionary::Groups;
use super::rows::Grants;
use crate::c1z::schema::GrantIndex;

/// The place of each group of strings in an order. Equal ones have the same rank.
#[derive(Debug, Default)]
pub(super) struct Ranks(Vec<u32>);

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
        Self(ranks)
    }

    pub(super) fn get(&self, number: u32) -> u32 {
        self.0.get(number as usize).copied().unwrap_or_default()
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
    pub(super) id_begin: Ranks,
    pub(super) sync: Ranks,
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
        Self {
            resource: Ranks::of(ends, |a, b| a.get(..2).cmp(&b.get(..2))),
            entitlement: Ranks::of(ends, |[_, _, a, _], [_, _, b, _]| a.cmp(b)),
            entitlement_sync: Ranks::of(ends, |a, b| a.get(2..).cmp(&b.get(2..))),
            id_begin: Ranks::of(ends, |[_, _, a, _], [_, _, b, _]| {
                joined([a, b""], [b, b""])
            }),
            sync: Ranks::of(ends, |[_, _, _, a], [_, _, _, b]| a.cmp(b)),
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
    /// The number of its end; 0 in the order of principals, which is not by ends.
    pub(super) end: u32,
    pub(super) principal: u32,
    /// Its place among all rows.
    pub(super) place: u32,
}

/// Rows that are sorted at once, where all of them would take too much memory.
const WINDOW: usize = 4 << 20;

/// Calls `each` with all rows in the order of an index. The number of the row orders those that are
/// equal otherwise.
pub(super) fn visit<E>(
    kind: GrantIndex,
    grants: &Grants,
    ranks: &AllRanks,
    each: impl FnMut(Entry) -> Result<(), E>,
) -> Result<(), E> {
    let of_one = &Ranks::default();
    let ends = |by| Ends { grants, by };
    match kind {
        GrantIndex::External => ends([&ranks.id_begin, &ranks.sync])
            .then_principals(|principal| ranks.id_end(principal), each),
        GrantIndex::EntitlementPrincipal => {
            ends([&ranks.entitlement, of_one]).then_principals(|principal| principal, each)
        }
        GrantIndex::Resource => ends([&ranks.resource, of_one]).then_rows(each),
        GrantIndex::EntitlementSync => ends([&ranks.entitlement_sync, of_one]).then_rows(each),
        GrantIndex::Principal => by_principal(grants, WINDOW, each),
    }
}

/// Rows that are ordered by their ends first, and so need not be sorted all at once.
struct Ends<'a> {
    grants: &'a Grants,
    by: [&'a Ranks; 2],
}

impl Ends<'_> {
    /// The runs of rows in the order of their ends; those of the same ranks in their order.
    fn runs(&self) -> Vec<u32> {
        let runs = &self.grants.runs;
        let mut sorted: Vec<u32> = (0..).take(runs.len()).collect();
        sorted.sort_by_key(|run| self.by.map(|ranks| ranks.get(runs.end(*run))));
        sorted
    }

    fn entries(&self, run: u32) -> impl Iterator<Item = Entry> {
        let Grants {
            runs, principals, ..
        } = self.grants;
        let end = runs.end(run);
        let places = runs.places(run, principals.len());
        let of_run = principals.get(places.start as usize..places.end as usize);
        let rows = places.zip(of_run.unwrap_or_default());
        rows.map(move |(place, principal)| Entry {
            end,
            principal: *principal,
            place,
        })
    }

    fn then_rows<E>(self, mut each: impl FnMut(Entry) -> Result<(), E>) -> Result<(), E> {
        let mut runs = self.runs().into_iter();
        runs.try_for_each(|run| self.entries(run).try_for_each(&mut each))
    }

    /// Rows whose ends have the same first rank are ordered by `rank` of their principals, then by
    /// the second rank of their ends.
    fn then_principals<E>(
        self,
        rank: impl Fn(u32) -> u32,
        mut each: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        let runs = &self.grants.runs;
        let [first, _] = self.by;
        let (sorted, mut group) = (self.runs(), Vec::new());
        for of_one in sorted.chunk_by(|a, b| first.get(runs.end(*a)) == first.get(runs.end(*b))) {
            group.clear();
            group.extend(of_one.iter().flat_map(|run| self.entries(*run)));
            // Stable, and quick if there are few runs that are sorted already.
            group.sort_by_key(|entry| rank(entry.principal));
            group.iter().try_for_each(|entry| each(*entry))?;
        }
        Ok(())
    }
}

/// All rows in the order of their principals, by counting how many each one has. Of more than
/// `window` rows, those of some principals are sorted at a time.
pub(super) fn by_principal<E>(
    grants: &Grants,
    window: usize,
    mut each: impl FnMut(Entry) -> Result<(), E>,
) -> Result<(), E> {
    // Where the rows of each principal begin.
    let mut places = vec![0_u32; grants.principal_names.len() + 1];
    for principal in &grants.principals {
        if let Some(count) = places.get_mut(*principal as usize + 1) {
            *count += 1;
        }
    }
    let mut before = 0;
    for place in &mut places {
        before += *place;
        *place = before;
    }
    let (mut from, mut order) = (0, Vec::new());
    while let Some(base) = places.get(from).copied() {
        let fits = |place: &u32| place.saturating_sub(base) as usize <= window;
        let to = places.partition_point(fits).saturating_sub(1).max(from + 1);
        let Some(behind) = places.get(to) else { break };
        order.clear();
        order.resize((*behind - base) as usize, 0);
        for (place, principal) in (0..).zip(&grants.principals) {
            let principal = *principal as usize;
            if (from..to).contains(&principal)
                && let Some(next) = places.get_mut(principal)
                && let Some(to) = order.get_mut((*next - base) as usize)
            {
                *to = place;
                *next += 1;
            }
        }
        // Each place is now where the rows of the next principal begin.
        let mut begin = 0;
        for (principal, end) in (0..).zip(&places).take(to).skip(from) {
            let end = (*end - base) as usize;
            for place in order.get(begin..end).unwrap_or_default() {
                each(Entry {
                    end: 0,
                    principal,
                    place: *place,
                })?;
            }
            begin = end;
        }
        from = to;
    }
    Ok(())
}
