//! The pages of an index, written without SQLite.
//!
//! An index is a b-tree of records in ascending order. It is built from its leaves: when a page is
//! full, its last record goes up into the page above, with the number of the full page. So every
//! record is in the tree once, and no page is empty. The format: sections 1.3, 1.6 and 2 of
//! <https://www.sqlite.org/fileformat2.html>.

pub(super) mod record;
pub(super) mod trees;
pub(super) mod turns;

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests;

use std::io::{self, Write};
use std::mem;

use turns::Pages;

/// Types of pages.
const INTERIOR: u8 = 2;
const LEAF: u8 = 10;
const INTERIOR_HEADER: usize = 12;
const LEAF_HEADER: usize = 8;
/// The number of a page below.
const CHILD: usize = 4;
/// The place of a cell in its page.
const POINTER: usize = 2;
/// A smaller cell takes this room, because freed ones are chained.
const LEAST_CELL: usize = 4;

/// The longest record, in bytes, that stays within its page.
pub(super) fn longest(page_size: u32) -> usize {
    (page_size as usize).saturating_sub(12) * 64 / 255 - 23
}

/// Works out how many pages an index takes, from the sizes of its records.
#[derive(Debug)]
pub(super) struct Count {
    page_size: usize,
    pages: u32,
    levels: Vec<Room>,
}

impl Count {
    pub(super) fn new(page_size: u32) -> Self {
        let page_size = page_size as usize;
        Self {
            page_size,
            pages: 0,
            levels: vec![Room::of(page_size, LEAF_HEADER)],
        }
    }

    /// Adds a record of `size` bytes.
    pub(super) fn add(&mut self, size: usize) -> io::Result<()> {
        let mut size = size;
        for depth in 0.. {
            let header = if depth == 0 {
                LEAF_HEADER
            } else {
                INTERIOR_HEADER
            };
            if depth == self.levels.len() {
                self.levels.push(Room::of(self.page_size, header));
            }
            let Some(level) = self.levels.get_mut(depth) else {
                break;
            };
            if level.take(header, size) {
                break;
            }
            let up = level.last;
            *level = Room::of(self.page_size, header);
            level.take(header, size);
            self.pages = more_pages(self.pages, 1)?;
            size = up;
        }
        Ok(())
    }

    /// The number of its pages. The root is the last one.
    pub(super) fn finish(self) -> io::Result<u32> {
        more_pages(self.pages, self.levels.len())
    }
}

fn more_pages(pages: u32, more: usize) -> io::Result<u32> {
    let more = u32::try_from(more).ok();
    let pages = more.and_then(|more| pages.checked_add(more));
    pages.ok_or_else(|| io::Error::other("an index has too many pages"))
}

/// The room that is left in a page.
#[derive(Clone, Copy, Debug)]
struct Room {
    free: usize,
    /// The size of the last record.
    last: usize,
}

impl Room {
    fn of(page_size: usize, header: usize) -> Self {
        Self {
            free: page_size - header,
            last: 0,
        }
    }

    /// Whether there was room for a record.
    fn take(&mut self, header: usize, size: usize) -> bool {
        let rest = self.free.checked_sub(POINTER + cell_size(header, size));
        if let Some(rest) = rest {
            *self = Self {
                free: rest,
                last: size,
            };
        }
        rest.is_some()
    }
}

fn cell_size(header: usize, record: usize) -> usize {
    (child_size(header) + record::varint_size(record) + record).max(LEAST_CELL)
}

fn child_size(header: usize) -> usize {
    if header == INTERIOR_HEADER { CHILD } else { 0 }
}

/// Makes the pages of an index as its records come.
#[derive(Debug)]
pub(super) struct Builder<'a, 'turns> {
    pages: &'a mut Pages<'turns>,
    page_size: usize,
    longest: usize,
    levels: Vec<Page>,
    /// The record that looks for a place, and the one that it displaces.
    carried: Vec<u8>,
    displaced: Vec<u8>,
}

impl<'a, 'turns> Builder<'a, 'turns> {
    pub(super) fn new(page_size: u32, pages: &'a mut Pages<'turns>) -> Self {
        let longest = longest(page_size);
        let page_size = page_size as usize;
        Self {
            pages,
            page_size,
            longest,
            levels: vec![Page::new(page_size, LEAF_HEADER)],
            carried: Vec::new(),
            displaced: Vec::new(),
        }
    }

    /// Adds a record, which comes after all those before.
    pub(super) fn add(&mut self, record: &[u8]) -> io::Result<()> {
        if record.len() > self.longest {
            return Err(io::Error::other("a record is too long for its page"));
        }
        let fits = match self.levels.first_mut() {
            Some(leaf) => leaf.add(0, record)?,
            None => false,
        };
        if fits { Ok(()) } else { self.split(record) }
    }

    /// Begins a page at each level that is full.
    fn split(&mut self, record: &[u8]) -> io::Result<()> {
        self.carried.clear();
        self.carried.extend_from_slice(record);
        let mut child = 0;
        for depth in 0.. {
            if depth == self.levels.len() {
                self.levels.push(Page::new(self.page_size, INTERIOR_HEADER));
            }
            let Some(page) = self.levels.get_mut(depth) else {
                break;
            };
            if page.add(child, &self.carried)? {
                break;
            }
            let rightmost = page.pop(&mut self.displaced)?;
            let number = hand_on(page, rightmost, self.pages)?;
            page.add(child, &self.carried)?;
            child = number;
            mem::swap(&mut self.carried, &mut self.displaced);
        }
        Ok(())
    }

    /// Hands on the pages that are not full. The root is the last one.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let mut child = 0;
        for page in &mut self.levels {
            child = hand_on(page, child, self.pages)?;
        }
        Ok(())
    }
}

/// Hands a page on, which is empty afterwards. Returns its number.
fn hand_on(page: &mut Page, rightmost: u32, pages: &mut Pages<'_>) -> io::Result<u32> {
    page.complete(rightmost)?;
    let number = pages.put(&page.bytes)?;
    page.clear();
    Ok(number)
}

/// A page that is being filled: pointers from its beginning, cells from its end.
#[derive(Debug)]
struct Page {
    bytes: Vec<u8>,
    header: usize,
    cells: usize,
    /// Where the last cell begins.
    content: usize,
    /// The last cell's child and record.
    last: (u32, usize),
}

impl Page {
    fn new(size: usize, header: usize) -> Self {
        Self {
            bytes: vec![0; size],
            header,
            cells: 0,
            content: size,
            last: (0, 0),
        }
    }

    fn clear(&mut self) {
        self.cells = 0;
        self.content = self.bytes.len();
    }

    /// Whether there was room for the cell.
    fn add(&mut self, child: u32, record: &[u8]) -> io::Result<bool> {
        let pointer = self.header + POINTER * self.cells;
        let size = cell_size(self.header, record.len());
        let start = self.content.checked_sub(size);
        let Some(start) = start.filter(|start| *start >= pointer + POINTER) else {
            return Ok(false);
        };
        let mut cell = part(&mut self.bytes, start)?;
        if self.header == INTERIOR_HEADER {
            cell.write_all(&child.to_be_bytes())?;
        }
        record::write_varint(record.len(), &mut cell)?;
        cell.write_all(record)?;
        part(&mut self.bytes, pointer)?.write_all(&two_bytes(start)?)?;
        self.cells += 1;
        self.content = start;
        self.last = (child, record.len());
        Ok(true)
    }

    /// Takes the last cell out. Returns its child.
    fn pop(&mut self, record: &mut Vec<u8>) -> io::Result<u32> {
        let (child, length) = self.last;
        let start = self.content + child_size(self.header) + record::varint_size(length);
        let popped = self.bytes.get(start..start + length);
        record.clear();
        record.extend_from_slice(popped.ok_or_else(misplaced)?);
        self.content += cell_size(self.header, length);
        self.cells -= 1;
        Ok(child)
    }

    fn complete(&mut self, rightmost: u32) -> io::Result<()> {
        let kind = if self.header == INTERIOR_HEADER {
            INTERIOR
        } else {
            LEAF
        };
        let (cells, content) = (two_bytes(self.cells)?, two_bytes(self.content)?);
        let mut header = part(&mut self.bytes, 0)?;
        // No free blocks and no free bytes between cells.
        header.write_all(&[kind, 0, 0])?;
        header.write_all(&cells)?;
        header.write_all(&content)?;
        header.write_all(&[0])?;
        if self.header == INTERIOR_HEADER {
            header.write_all(&rightmost.to_be_bytes())?;
        }
        let pointers_end = self.header + POINTER * self.cells;
        let gap = self.bytes.get_mut(pointers_end..self.content);
        gap.ok_or_else(misplaced)?.fill(0);
        Ok(())
    }
}

fn part(bytes: &mut [u8], from: usize) -> io::Result<&mut [u8]> {
    bytes.get_mut(from..).ok_or_else(misplaced)
}

/// A place in a page. That of the end of the largest page, 65,536, is written as 0.
fn two_bytes(place: usize) -> io::Result<[u8; 2]> {
    match place {
        0x1_0000 => Ok([0; 2]),
        place => Ok(u16::try_from(place).map_err(|_| misplaced())?.to_be_bytes()),
    }
}

fn misplaced() -> io::Error {
    io::Error::other("a page of an index does not hold what it should")
}
