//! Pages of a database, without SQLite: all of an index or the last rows of a table are written, the
//! rows of a table are read.
//!
//! Both are b-trees: of records in ascending order, and of rows by their number. The format: sections
//! 1.3, 1.6 and 2 of <https://www.sqlite.org/fileformat2.html>.

pub(super) mod index;
mod page;
pub(super) mod record;
pub(super) mod scan;
pub(super) mod table;
pub(super) mod trees;
pub(super) mod turns;

use std::io;

/// Types of pages.
const INDEX_INTERIOR: u8 = 2;
const INDEX_LEAF: u8 = 10;
const TABLE_INTERIOR: u8 = 5;
const TABLE_LEAF: u8 = 13;
const INTERIOR_HEADER: usize = 12;
const LEAF_HEADER: usize = 8;
/// The number of a page below.
const CHILD: usize = 4;
/// The place of a cell in its page.
const POINTER: usize = 2;

/// Bytes of a page, from its byte `at` on.
fn part<const N: usize>(page: &[u8], at: usize) -> Option<[u8; N]> {
    page.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn wrong() -> io::Error {
    io::Error::other("the pages of a table are not as expected")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests;
