//! Pages of a database, written without SQLite: all of an index, or the last rows of a table.
//!
//! Both are b-trees: of records in ascending order, and of rows by their number. The format: sections
//! 1.3, 1.6 and 2 of <https://www.sqlite.org/fileformat2.html>.

pub(super) mod index;
mod page;
pub(super) mod record;
pub(super) mod table;
pub(super) mod trees;
pub(super) mod turns;

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests;

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
