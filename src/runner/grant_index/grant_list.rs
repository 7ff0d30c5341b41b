//! The grants of one entitlement, in two to six bytes each.
//!
//! Each grant is written as its difference from the one before. Rows are numbered in the order in
//! which they come, and principals often come in the same order for several entitlements, so most
//! differences are small.

use prost::encoding::{decode_varint, encode_varint};

/// One stored grant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::runner) struct Row {
    /// A resource's number.
    pub(in crate::runner) principal: u32,
    /// The number of its row.
    pub(in crate::runner) id: i64,
    /// Whether its id is not made of entitlement and principal as usual.
    pub(super) is_odd: bool,
}

/// The most bytes that a row takes: two numbers.
const MOST_BYTES: usize = 2 * 10;

/// Grants in the order in which they are stored.
#[derive(Debug, Default)]
pub(super) struct GrantList {
    bytes: Vec<u8>,
    last: Row,
}

impl GrantList {
    /// Adds a grant, whose row must have a larger number than those before.
    pub(super) fn push(&mut self, row: Row) {
        if self.bytes.capacity() - self.bytes.len() < MOST_BYTES {
            // An eighth more: a vector that doubles is half empty on average.
            let more = (self.bytes.len() / 8).max(MOST_BYTES);
            self.bytes.reserve_exact(more);
        }
        let step = (row.id - self.last.id).cast_unsigned();
        encode_varint(step << 1 | u64::from(row.is_odd), &mut self.bytes);
        let step = i64::from(row.principal) - i64::from(self.last.principal);
        encode_varint(zigzag(step), &mut self.bytes);
        self.last = row;
    }

    pub(super) fn iter(&self) -> Rows<'_> {
        Rows {
            rest: &self.bytes,
            last: Row::default(),
        }
    }

    /// Removes the grants for which `is_kept` is false.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&Row) -> bool) {
        if self.iter().all(|row| is_kept(&row)) {
            return;
        }
        let mut kept = Self::default();
        for row in self.iter().filter(is_kept) {
            kept.push(row);
        }
        *self = kept;
    }

    /// The bytes that it occupies.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes.capacity()
    }
}

/// The grants of a list.
#[derive(Debug, Default)]
pub(super) struct Rows<'a> {
    rest: &'a [u8],
    last: Row,
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let first = decode_varint(&mut self.rest).ok()?;
        let second = decode_varint(&mut self.rest).ok()?;
        let principal = i64::from(self.last.principal) + unzigzag(second);
        self.last = Row {
            principal: u32::try_from(principal).ok()?,
            id: self.last.id + (first >> 1).cast_signed(),
            is_odd: first & 1 == 1,
        };
        Some(self.last)
    }
}

/// Numbers near zero become small numbers: 0, -1, 1, -2, 2 become 0, 1, 2, 3, 4.
fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;

    fn list(rows: &[Row]) -> GrantList {
        let mut list = GrantList::default();
        for row in rows {
            list.push(*row);
        }
        list
    }

    proptest! {
        #[test]
        fn rows_are_found_again(rows in btree_map(1..i64::MAX, any::<(u32, bool)>(), 0..50)) {
            let row = |(id, (principal, is_odd))| Row { principal, id, is_odd };
            let rows: Vec<Row> = rows.into_iter().map(row).collect();
            prop_assert_eq!(list(&rows).iter().collect::<Vec<_>>(), rows);
        }

        #[test]
        fn what_is_retained_keeps_its_order(principals in vec(0..9_u32, 0..50), odd in any::<bool>()) {
            let row = |(id, principal)| Row { principal, id, is_odd: odd };
            let mut rows: Vec<Row> = (1..).zip(principals).map(row).collect();
            let mut list = list(&rows);
            list.retain(|row| row.principal % 3 > 0);
            rows.retain(|row| row.principal % 3 > 0);
            prop_assert_eq!(list.iter().collect::<Vec<_>>(), rows);
        }
    }
}
