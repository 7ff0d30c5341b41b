//! The pages of an index.
//!
//! An index is built from its leaves: when a page is full, its last record goes up into the page above,
//! with the number of the full page. So every record is in the tree once, and no page is empty.

use std::io::{self, Write as _};
use std::mem;

use super::page::{Page, header_of};
use super::turns::Pages;
use super::{CHILD, INDEX_INTERIOR, INDEX_LEAF, POINTER, record};

/// A smaller cell takes this room, because freed ones are chained.
const LEAST_CELL: usize = 4;

/// The longest record, in bytes, that stays within its page.
pub(in crate::c1z) fn longest(page_size: u32) -> usize {
    (page_size as usize).saturating_sub(12) * 64 / 255 - 23
}

/// Works out how many pages an index takes, from the sizes of its records.
#[derive(Debug)]
pub(in crate::c1z) struct Count {
    page_size: usize,
    pages: u32,
    levels: Vec<Room>,
}

impl Count {
    pub(in crate::c1z) fn new(page_size: u32) -> Self {
        let page_size = page_size as usize;
        Self {
            page_size,
            pages: 0,
            levels: vec![Room::of(page_size, INDEX_LEAF)],
        }
    }

    /// Adds a record of `size` bytes.
    pub(in crate::c1z) fn add(&mut self, size: usize) -> io::Result<()> {
        let mut size = size;
        for depth in 0.. {
            let kind = if depth == 0 {
                INDEX_LEAF
            } else {
                INDEX_INTERIOR
            };
            if depth == self.levels.len() {
                self.levels.push(Room::of(self.page_size, kind));
            }
            let Some(level) = self.levels.get_mut(depth) else {
                break;
            };
            if level.take(kind, size) {
                break;
            }
            let up = level.last;
            *level = Room::of(self.page_size, kind);
            level.take(kind, size);
            self.pages = more_pages(self.pages, 1)?;
            size = up;
        }
        Ok(())
    }

    /// Adds `count` records of `size` bytes each.
    pub(in crate::c1z) fn add_many(&mut self, size: usize, count: usize) -> io::Result<()> {
        let mut rest = count;
        while rest > 0 {
            if let Some(leaf) = self.levels.first_mut() {
                rest -= leaf.take_many(INDEX_LEAF, size, rest);
            }
            if rest > 0 {
                self.add(size)?;
                rest -= 1;
            }
        }
        Ok(())
    }

    /// The number of its pages. The root is the last one.
    pub(in crate::c1z) fn finish(self) -> io::Result<u32> {
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
    fn of(page_size: usize, kind: u8) -> Self {
        Self {
            free: page_size - header_of(kind),
            last: 0,
        }
    }

    /// Whether there was room for a record.
    fn take(&mut self, kind: u8, size: usize) -> bool {
        self.take_many(kind, size, 1) == 1
    }

    /// For how many of `count` records there was room.
    fn take_many(&mut self, kind: u8, size: usize, count: usize) -> usize {
        let each = POINTER + cell_size(kind, size);
        let fitting = count.min(self.free / each);
        if fitting > 0 {
            self.free -= fitting * each;
            self.last = size;
        }
        fitting
    }
}

fn cell_size(kind: u8, record: usize) -> usize {
    (child_size(kind) + record::varint_size(record) + record).max(LEAST_CELL)
}

fn child_size(kind: u8) -> usize {
    if kind == INDEX_INTERIOR { CHILD } else { 0 }
}

/// Makes the pages of an index as its records come.
#[derive(Debug)]
pub(in crate::c1z) struct Builder<'a, 'turns> {
    pages: &'a mut Pages<'turns>,
    page_size: usize,
    longest: usize,
    levels: Vec<Level>,
    /// The record that looks for a place, and the one that it displaces.
    carried: Vec<u8>,
    displaced: Vec<u8>,
}

impl<'a, 'turns> Builder<'a, 'turns> {
    pub(in crate::c1z) fn new(page_size: u32, pages: &'a mut Pages<'turns>) -> Self {
        let longest = longest(page_size);
        let page_size = page_size as usize;
        Self {
            pages,
            page_size,
            longest,
            levels: vec![Level::new(page_size, INDEX_LEAF)],
            carried: Vec::new(),
            displaced: Vec::new(),
        }
    }

    /// Adds a record, which comes after all those before.
    pub(in crate::c1z) fn add(&mut self, record: &[u8]) -> io::Result<()> {
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
                self.levels.push(Level::new(self.page_size, INDEX_INTERIOR));
            }
            let Some(level) = self.levels.get_mut(depth) else {
                break;
            };
            if level.add(child, &self.carried)? {
                break;
            }
            let rightmost = level.pop(&mut self.displaced)?;
            let number = level.page.hand_on(rightmost, self.pages)?;
            level.add(child, &self.carried)?;
            child = number;
            mem::swap(&mut self.carried, &mut self.displaced);
        }
        Ok(())
    }

    /// Hands on the pages that are not full. The root is the last one.
    pub(in crate::c1z) fn finish(mut self) -> io::Result<()> {
        let mut child = 0;
        for level in &mut self.levels {
            child = level.page.hand_on(child, self.pages)?;
        }
        Ok(())
    }
}

/// The page of a level that is being filled.
#[derive(Debug)]
struct Level {
    page: Page,
    /// The last cell's child and the size of its record.
    last: (u32, usize),
}

impl Level {
    fn new(page_size: usize, kind: u8) -> Self {
        Self {
            page: Page::new(page_size, kind),
            last: (0, 0),
        }
    }

    /// Whether there was room for the cell.
    fn add(&mut self, child: u32, record: &[u8]) -> io::Result<bool> {
        let kind = self.page.kind();
        let Some(mut cell) = self.page.add(cell_size(kind, record.len()))? else {
            return Ok(false);
        };
        if kind == INDEX_INTERIOR {
            cell.write_all(&child.to_be_bytes())?;
        }
        record::write_varint(record.len(), &mut cell)?;
        cell.write_all(record)?;
        self.last = (child, record.len());
        Ok(true)
    }

    /// Takes the last cell out. Returns its child.
    fn pop(&mut self, record: &mut Vec<u8>) -> io::Result<u32> {
        let (child, length) = self.last;
        let kind = self.page.kind();
        let start = child_size(kind) + record::varint_size(length);
        record.clear();
        record.extend_from_slice(self.page.last(start, length)?);
        self.page.pop(cell_size(kind, length));
        Ok(child)
    }
}
