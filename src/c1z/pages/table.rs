//! Pages with the last rows of a table.
//!
//! SQLite has written the rows before them. Its pages stay as they are: the root of that tree and the
//! new pages get a root above them.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;

use super::page::Page;
use super::turns::Pages;
use super::{
    CHILD, INTERIOR_HEADER, LEAF_HEADER, POINTER, TABLE_INTERIOR, TABLE_LEAF, record, wrong,
};

/// Numbers of rows have at most four bytes in a page.
const LARGEST_ID: u32 = (1 << 28) - 1;
/// The room for a page below: its number, its largest row number, and its pointer.
const BELOW: usize = CHILD + 4 + POINTER;
/// A tree cannot be higher in a database that has its number of pages in four bytes.
const HIGHEST: u32 = 32;

/// The rows of a table that SQLite has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::c1z) struct Stored {
    pub(in crate::c1z) root: u32,
    /// The number of the last row.
    pub(in crate::c1z) last_id: u32,
    /// How many levels of pages there are.
    height: u32,
}

impl Stored {
    /// Looks at the pages of a table. `None` if it is not as expected, or if it is empty: no page of a
    /// tree is.
    pub(in crate::c1z) fn read(
        database: &File,
        page_size: u32,
        root: u32,
        last_id: i64,
    ) -> io::Result<Option<Self>> {
        let Some(last_id) = u32::try_from(last_id)
            .ok()
            .filter(|id| (1..LARGEST_ID).contains(id))
        else {
            return Ok(None);
        };
        let (mut page, mut height) = (root, 1);
        while let Some(before) = page.checked_sub(1).filter(|_| height < HIGHEST) {
            let mut header = [0; INTERIOR_HEADER];
            let place = u64::from(before) * u64::from(page_size);
            database.read_exact_at(&mut header, place)?;
            let [kind, .., a, b, c, d] = header;
            match kind {
                TABLE_LEAF => {
                    return Ok(Some(Self {
                        root,
                        last_id,
                        height,
                    }));
                }
                // All leaves are equally deep.
                TABLE_INTERIOR => page = u32::from_be_bytes([a, b, c, d]),
                _ => break,
            }
            height += 1;
        }
        Ok(None)
    }
}

/// A row: the types of its values as a record begins with them, and the bytes of the values one behind
/// the other.
#[derive(Clone, Copy, Debug)]
pub(in crate::c1z) struct Row<'a> {
    pub(in crate::c1z) id: u32,
    pub(in crate::c1z) types: &'a [u8],
    pub(in crate::c1z) pieces: &'a [&'a [u8]],
}

impl Row<'_> {
    /// The size of its record in bytes.
    fn size(&self) -> usize {
        self.types.len() + self.pieces.iter().map(|piece| piece.len()).sum::<usize>()
    }

    fn cell_size(&self, record: usize) -> usize {
        record::varint_size(record) + record::varint_size(self.id as usize) + record
    }

    fn write(&self, record: usize, mut to: &mut [u8]) -> io::Result<()> {
        record::write_varint(record, &mut to)?;
        record::write_varint(self.id as usize, &mut to)?;
        to.write_all(self.types)?;
        self.pieces.iter().try_for_each(|piece| to.write_all(piece))
    }
}

/// Works out how many pages rows take.
#[derive(Debug)]
pub(in crate::c1z) struct Count {
    page_size: usize,
    leaves: u32,
    /// The room that is left in the last leaf.
    free: usize,
}

impl Count {
    pub(in crate::c1z) fn new(page_size: u32) -> Self {
        Self {
            page_size: page_size as usize,
            leaves: 0,
            free: 0,
        }
    }

    /// Adds the next row. `None` if it would not stay within its page.
    pub(in crate::c1z) fn add(&mut self, row: &Row<'_>) -> Option<()> {
        let record = row.size();
        let longest = self.page_size.checked_sub(35)?;
        if record > longest || row.id > LARGEST_ID {
            return None;
        }
        let size = POINTER + row.cell_size(record);
        if size > self.free {
            self.leaves = self.leaves.checked_add(1)?;
            self.free = self.page_size - LEAF_HEADER;
        }
        self.free -= size;
        Some(())
    }

    /// The pages of these rows. `None` if they are too few for the tree of those before them.
    pub(in crate::c1z) fn finish(self, stored: Stored) -> Option<Layout> {
        let most = (self.page_size - INTERIOR_HEADER) / BELOW + 1;
        let mut layout = Layout {
            stored,
            page_size: self.page_size,
            leaves: self.leaves,
            above: Vec::new(),
        };
        let mut pages = self.leaves as usize;
        for height in 1.. {
            if height == stored.height {
                pages += 1;
            }
            if height > stored.height && pages == 1 {
                break;
            }
            if pages < 2 {
                return None;
            }
            pages = pages.div_ceil(most);
            layout.above.push(u32::try_from(pages).ok()?);
        }
        Some(layout)
    }
}

/// How many pages there are at which level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::c1z) struct Layout {
    pub(in crate::c1z) stored: Stored,
    page_size: usize,
    leaves: u32,
    /// The pages of the levels above the leaves, the new root the last one.
    above: Vec<u32>,
}

impl Layout {
    /// The number of all new pages. The root is the last one.
    pub(in crate::c1z) fn pages(&self) -> u32 {
        self.leaves.saturating_add(self.above.iter().sum())
    }
}

/// Makes the pages as the rows come.
#[derive(Debug)]
pub(in crate::c1z) struct Builder<'a, 'turns> {
    layout: &'a Layout,
    pages: &'a mut Pages<'turns>,
    leaf: Page,
    /// The last row of the leaf.
    last_id: u32,
    /// The finished leaves.
    below: Vec<Below>,
}

/// A finished page and its largest row number.
#[derive(Clone, Copy, Debug)]
struct Below {
    page: u32,
    last_id: u32,
}

impl<'a, 'turns> Builder<'a, 'turns> {
    pub(in crate::c1z) fn new(layout: &'a Layout, pages: &'a mut Pages<'turns>) -> Self {
        Self {
            layout,
            pages,
            leaf: Page::new(layout.page_size, TABLE_LEAF),
            last_id: 0,
            below: Vec::new(),
        }
    }

    /// Adds a row, which comes after all those before.
    pub(in crate::c1z) fn add(&mut self, row: &Row<'_>) -> io::Result<()> {
        let record = row.size();
        if !self.write(row, record)? {
            self.hand_on()?;
            if !self.write(row, record)? {
                return Err(io::Error::other("a row is too long for its page"));
            }
        }
        self.last_id = row.id;
        Ok(())
    }

    /// Whether there was room for the row.
    fn write(&mut self, row: &Row<'_>, record: usize) -> io::Result<bool> {
        let cell = self.leaf.add(row.cell_size(record))?;
        let written = cell.map(|cell| row.write(record, cell)).transpose()?;
        Ok(written.is_some())
    }

    fn hand_on(&mut self) -> io::Result<()> {
        let page = self.leaf.hand_on(0, self.pages)?;
        let last_id = self.last_id;
        self.below.push(Below { page, last_id });
        Ok(())
    }

    /// Hands the last leaf on, then the levels above the leaves.
    pub(in crate::c1z) fn finish(mut self) -> io::Result<()> {
        if !self.leaf.is_empty() {
            self.hand_on()?;
        }
        let Layout { stored, above, .. } = self.layout;
        for (height, count) in (1..).zip(above) {
            if height == stored.height {
                let (page, last_id) = (stored.root, stored.last_id);
                self.below.insert(0, Below { page, last_id });
            }
            self.level(*count as usize)?;
        }
        Ok(())
    }

    /// Makes `count` pages, each above about as many of those below.
    fn level(&mut self, count: usize) -> io::Result<()> {
        let below = std::mem::take(&mut self.below);
        let mut page = Page::new(self.layout.page_size, TABLE_INTERIOR);
        for place in 0..count {
            let begin_of = |place: usize| place * below.len() / count;
            let pages = below.get(begin_of(place)..begin_of(place + 1));
            let Some((last, others)) = pages.and_then(<[Below]>::split_last) else {
                return Err(wrong());
            };
            for other in others {
                let size = CHILD + record::varint_size(other.last_id as usize);
                let mut cell = page.add(size)?.ok_or_else(wrong)?;
                cell.write_all(&other.page.to_be_bytes())?;
                record::write_varint(other.last_id as usize, &mut cell)?;
            }
            self.below.push(Below {
                page: page.hand_on(last.page, self.pages)?,
                last_id: last.last_id,
            });
        }
        Ok(())
    }
}
