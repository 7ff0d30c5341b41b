//! Which rows of the overlap were delivered, small enough for a cursor.
//!
//! A few rows are a list of hashes. Many rows are an invertible Bloom lookup table (Goodrich and
//! Mitzenmacher, 2011): its size does not depend on the number of rows, and if nearly all rows of a
//! later read are in it, it tells the few that are not.

use sha2::{Digest as _, Sha256};

use crate::salesforce::SalesforceId;

/// Bytes of a hash.
const HASH: usize = 5;
/// So many hashes are a list.
const FEW: usize = 480;
/// Cells in each of the three parts of the table.
const PART: usize = 128;
const CELLS: usize = 3 * PART;
/// Bytes of a cell: a count and a sum of hashes.
const CELL: usize = 2 + HASH;

/// The rows that were delivered.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sent {
    Few(Vec<u64>),
    Many(Table),
}

/// A table of many rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    rows: u32,
    cells: Vec<Cell>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cell {
    count: u16,
    sum: u64,
}

impl Default for Sent {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Sent {
    /// The rows with these ids.
    pub(super) fn of(ids: impl IntoIterator<Item = SalesforceId>) -> Self {
        let mut sent = Self::default();
        ids.into_iter().for_each(|id| sent.insert(&id));
        sent
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(hashes) => hashes.len(),
            Self::Many(table) => table.rows as usize,
        }
    }

    pub(super) fn insert(&mut self, id: &SalesforceId) {
        let hash = hash(id);
        match self {
            Self::Few(hashes) if hashes.len() < FEW => hashes.push(hash),
            Self::Few(hashes) => {
                let mut table = Table::of(hashes);
                table.insert(hash);
                *self = Self::Many(table);
            }
            Self::Many(table) => table.insert(hash),
        }
    }

    /// The places of the rows that were not delivered, among all rows of the overlap. `None` if that
    /// cannot be told: too many rows were added.
    pub(super) fn missing(&self, ids: &[SalesforceId]) -> Option<Vec<usize>> {
        match self {
            Self::Few(hashes) => {
                let mut sorted = hashes.clone();
                sorted.sort_unstable();
                let is_sent = |id| sorted.binary_search(&hash(id)).is_ok();
                let places = ids.iter().enumerate().filter(|(_, id)| !is_sent(id));
                Some(places.map(|(place, _)| place).collect())
            }
            Self::Many(table) => table.missing(ids),
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Few(hashes) => {
                out.push(0);
                for hash in hashes {
                    write_hash(*hash, out);
                }
            }
            Self::Many(table) => {
                out.push(1);
                out.extend(table.rows.to_be_bytes());
                for cell in &table.cells {
                    out.extend(cell.count.to_be_bytes());
                    write_hash(cell.sum, out);
                }
            }
        }
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        match kind {
            0 if rest.len() % HASH == 0 && rest.len() <= FEW * HASH => {
                Some(Self::Few(rest.chunks(HASH).map(read_hash).collect()))
            }
            1 => {
                let (rows, cells) = rest.split_at_checked(4)?;
                let cell = |bytes: &[u8]| {
                    let (count, sum) = bytes.split_at_checked(2)?;
                    Some(Cell {
                        count: u16::from_be_bytes(count.try_into().ok()?),
                        sum: read_hash(sum),
                    })
                };
                let cells: Option<Vec<_>> = cells.chunks(CELL).map(cell).collect();
                let table = Table {
                    rows: u32::from_be_bytes(rows.try_into().ok()?),
                    cells: cells?,
                };
                (table.cells.len() == CELLS).then_some(Self::Many(table))
            }
            _ => None,
        }
    }
}

impl Table {
    fn empty() -> Self {
        Self {
            rows: 0,
            cells: vec![Cell::default(); CELLS],
        }
    }

    fn of(hashes: &[u64]) -> Self {
        let mut table = Self::empty();
        for hash in hashes {
            table.insert(*hash);
        }
        table
    }

    fn insert(&mut self, hash: u64) {
        self.rows = self.rows.saturating_add(1);
        self.change(hash, 1);
    }

    fn remove(&mut self, hash: u64) {
        self.rows = self.rows.saturating_sub(1);
        self.change(hash, u16::MAX);
    }

    /// Adds a hash to its cells with a count modulo 2^16, so that the maximum takes it away.
    fn change(&mut self, hash: u64, count: u16) {
        for place in places(hash) {
            if let Some(cell) = self.cells.get_mut(place) {
                cell.count = cell.count.wrapping_add(count);
                cell.sum ^= hash;
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| *cell == Cell::default())
    }

    /// What `all` has beyond this table.
    fn rest_of(&self, all: &[u64]) -> Self {
        let mut rest = Self::of(all);
        rest.rows = rest.rows.saturating_sub(self.rows);
        for (cell, own) in rest.cells.iter_mut().zip(&self.cells) {
            cell.count = cell.count.wrapping_sub(own.count);
            cell.sum ^= own.sum;
        }
        rest
    }

    fn missing(&self, ids: &[SalesforceId]) -> Option<Vec<usize>> {
        let hashes: Vec<u64> = ids.iter().map(hash).collect();
        let rest = self.rest_of(&hashes);
        newest(&rest, ids, &hashes).or_else(|| peel(rest, &hashes))
    }
}

/// Supposes that the rows that were added are those with the greatest ids, as Salesforce usually
/// gives them, and returns them if that is so. Any number of rows can be told in this way.
fn newest(rest: &Table, ids: &[SalesforceId], hashes: &[u64]) -> Option<Vec<usize>> {
    let mut places: Vec<usize> = (0..ids.len()).collect();
    places.sort_by(|a, b| match (ids.get(*a), ids.get(*b)) {
        (Some(a), Some(b)) => b.cmp_bytes(a),
        _ => std::cmp::Ordering::Equal,
    });
    places.truncate(rest.rows as usize);
    let mut rest = rest.clone();
    for place in &places {
        rest.remove(*hashes.get(*place)?);
    }
    places.sort_unstable();
    rest.is_empty().then_some(places)
}

/// Takes away one row after the other that is alone in a cell.
fn peel(mut rest: Table, hashes: &[u64]) -> Option<Vec<usize>> {
    let by_hash: std::collections::HashMap<u64, usize> = hashes.iter().copied().zip(0..).collect();
    let mut found = Vec::new();
    while let Some(hash) = rest.cells.iter().find_map(|cell| {
        let is_alone = cell.count == 1 && by_hash.contains_key(&cell.sum);
        is_alone.then_some(cell.sum)
    }) {
        found.push(*by_hash.get(&hash)?);
        if found.len() > hashes.len() {
            return None;
        }
        rest.remove(hash);
    }
    found.sort_unstable();
    rest.is_empty().then_some(found)
}

fn hash(id: &SalesforceId) -> u64 {
    let digest = Sha256::digest(id.as_bytes());
    read_hash(digest.get(..HASH).unwrap_or_default())
}

fn read_hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
}

fn write_hash(hash: u64, out: &mut Vec<u8>) {
    let bytes = hash.to_be_bytes();
    out.extend(bytes.get(bytes.len() - HASH..).unwrap_or_default());
}

/// The cells of a hash, one in each part of the table.
fn places(hash: u64) -> [usize; 3] {
    [0, 1, 2].map(|part: usize| {
        // The last step of SplitMix64, which spreads every bit of its input.
        let mut mixed = hash.wrapping_add((part as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "less than the parts have cells"
        )]
        let place = (mixed % PART as u64) as usize;
        part * PART + place
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use test_case::test_case;

    fn id(number: usize) -> SalesforceId {
        SalesforceId::read(&format!("0Ya{number:0>12}")).unwrap()
    }

    /// Numbers in an order of their own, each once.
    fn shuffled(count: usize) -> Vec<usize> {
        (0..count).map(|number| number * 7919 % count).collect()
    }

    #[test_case(10, 3; "a few rows")]
    #[test_case(400, 400; "a list, and as many again")]
    #[test_case(5_000, 200; "many rows, and some more of any id")]
    fn added_rows_are_told(sent: usize, added: usize) {
        let order = shuffled(sent + added);
        let (before, _) = order.split_at(sent);
        let known = Sent::of(before.iter().copied().map(id));
        let mut bytes = Vec::new();
        known.write(&mut bytes);
        assert!(bytes.len() < 2_800);
        let read = Sent::read(&bytes).unwrap();
        assert_eq!((read.len(), &read), (sent, &known));
        let mut all = order.clone();
        all.sort_unstable();
        let ids: Vec<_> = all.iter().copied().map(id).collect();
        let expected: Vec<_> = all
            .iter()
            .enumerate()
            .filter(|(_, number)| !before.contains(number))
            .map(|(place, _)| place)
            .collect();
        assert_eq!(read.missing(&ids), Some(expected));
    }

    #[test]
    fn thousands_of_newer_ids_are_told() {
        let known = Sent::of((0..4_000).map(id));
        let ids: Vec<_> = (0..9_000).rev().map(id).collect();
        let expected: Vec<_> = (0..5_000).collect();
        assert_eq!(known.missing(&ids), Some(expected));
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        let order = shuffled(6_000);
        let known = Sent::of(order.iter().copied().take(3_000).map(id));
        let ids: Vec<_> = (0..6_000).map(id).collect();
        assert_eq!(known.missing(&ids), None);
    }

    #[test]
    fn damaged_bytes_are_refused() {
        assert_eq!(Sent::read(&[]), None);
        assert_eq!(Sent::read(&[0, 1]), None);
        assert_eq!(Sent::read(&[1, 0, 0, 0, 1, 2]), None);
        assert_eq!(Sent::read(&[7]), None);
    }
}
