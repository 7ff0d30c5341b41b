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

/// The number of cells of a page.
fn cells(page: &[u8]) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(part(page, 3)?)))
}

/// A page from the begin of a cell on.
fn cell(page: &[u8], place: usize) -> Option<&[u8]> {
    let header = page::header_of(*page.first()?);
    let start = part(page, header + POINTER * place)?;
    page.get(usize::from(u16::from_be_bytes(start))..)
}

/// The page below the last cell of a page that has some below.
fn rightmost(page: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(part(page, LEAF_HEADER)?))
}

fn wrong() -> io::Error {
    io::Error::other("the pages of a table are not as expected")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests;
