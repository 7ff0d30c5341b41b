//! A page that is being filled.

use std::io::{self, Write as _};

use super::turns::Pages;
use super::{INDEX_INTERIOR, INTERIOR_HEADER, LEAF_HEADER, POINTER, TABLE_INTERIOR};

/// The size of the header of a page of this type.
pub(super) fn header_of(kind: u8) -> usize {
    match kind {
        INDEX_INTERIOR | TABLE_INTERIOR => INTERIOR_HEADER,
        _ => LEAF_HEADER,
    }
}

/// Pointers are added from its beginning, cells from its end.
#[derive(Debug)]
pub(super) struct Page {
    bytes: Vec<u8>,
    kind: u8,
    cells: usize,
    /// Where the last cell begins.
    content: usize,
}

impl Page {
    /// An empty page of a type.
    pub(super) fn new(size: usize, kind: u8) -> Self {
        Self {
            bytes: vec![0; size],
            kind,
            cells: 0,
            content: size,
        }
    }

    pub(super) fn kind(&self) -> u8 {
        self.kind
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells == 0
    }

    /// Adds a cell of `size` bytes and returns it to be written, if there is room for it.
    pub(super) fn add(&mut self, size: usize) -> io::Result<Option<&mut [u8]>> {
        let pointer = header_of(self.kind) + POINTER * self.cells;
        let start = self.content.checked_sub(size);
        let Some(start) = start.filter(|start| *start >= pointer + POINTER) else {
            return Ok(None);
        };
        part(&mut self.bytes, pointer)?.write_all(&two_bytes(start)?)?;
        self.cells += 1;
        self.content = start;
        let cell = self.bytes.get_mut(start..start + size);
        cell.map(Some).ok_or_else(misplaced)
    }

    /// `length` bytes of the last cell, from its byte `at` on.
    pub(super) fn last(&self, at: usize, length: usize) -> io::Result<&[u8]> {
        let start = self.content + at;
        let bytes = self.bytes.get(start..start + length);
        bytes.ok_or_else(misplaced)
    }

    /// Takes the last cell out, which has this size.
    pub(super) fn pop(&mut self, size: usize) {
        self.content += size;
        self.cells -= 1;
    }

    /// Hands the page on, which is empty afterwards. Returns its number.
    pub(super) fn hand_on(&mut self, rightmost: u32, pages: &mut Pages<'_>) -> io::Result<u32> {
        self.complete(rightmost)?;
        let number = pages.put(&mut self.bytes)?;
        self.cells = 0;
        self.content = self.bytes.len();
        Ok(number)
    }

    fn complete(&mut self, rightmost: u32) -> io::Result<()> {
        let size_of_header = header_of(self.kind);
        let (cells, content) = (two_bytes(self.cells)?, two_bytes(self.content)?);
        let mut header = part(&mut self.bytes, 0)?;
        // No free blocks and no free bytes between cells.
        header.write_all(&[self.kind, 0, 0])?;
        header.write_all(&cells)?;
        header.write_all(&content)?;
        header.write_all(&[0])?;
        if size_of_header == INTERIOR_HEADER {
            header.write_all(&rightmost.to_be_bytes())?;
        }
        let pointers_end = size_of_header + POINTER * self.cells;
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
    io::Error::other("a page does not hold what it should")
}
