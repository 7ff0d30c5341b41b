//! How the database file begins: <https://www.sqlite.org/fileformat2.html#the_database_header>.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::Why;

/// The size of the header in bytes.
pub(in crate::c1z) const SIZE: usize = 100;

/// The number of pages, in a header.
const PAGES: usize = 28;
/// The user version, a number of which SQLite makes no use.
const USER_VERSION: usize = 60;

/// What the header of a database says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) page_size: u32,
    pub(super) pages: u32,
    /// How many pages there were before the indexes of grants, 0 if that is not known. Another
    /// program may have changed the database since.
    pub(super) pages_before: u32,
    /// How many pages hold nothing.
    pub(super) free_pages: u32,
}

impl Head {
    /// Reads the header of a closed or committed database. An error if it is not of the kind that
    /// this program creates, or the file is not as long as it says.
    pub(super) fn read(database: &Path) -> Result<Self, Why> {
        let mut file = File::open(database)?;
        let length = file.metadata()?.len();
        let mut bytes = [0; SIZE];
        file.read_exact(&mut bytes)?;
        let head = Self::parse(&bytes).ok_or(Why::Format)?;
        if length != u64::from(head.page_size) * u64::from(head.pages) {
            return Err(Why::Format);
        }
        Ok(head)
    }

    pub(super) fn parse(bytes: &[u8; SIZE]) -> Option<Self> {
        let number = |at: usize| {
            let bytes = bytes.get(at..at + 4)?;
            Some(u32::from_be_bytes(bytes.try_into().ok()?))
        };
        let page_size = bytes.get(16..18)?;
        let page_size = match u16::from_be_bytes(page_size.try_into().ok()?) {
            1 => 0x1_0000,
            size => u32::from(size),
        };
        let is_ours = bytes.starts_with(b"SQLite format 3\0")
            && page_size.is_power_of_two()
            && page_size >= 512
            // Without a write-ahead log, and without reserved bytes at the end of pages.
            && bytes.get(18..21)? == [1, 1, 0]
            // The number of pages counts only if these are equal.
            && number(24)? == number(92)?
            // The schema format that has its own types for the integers 0 and 1.
            && number(44)? == 4
            // No pages that say where others are, for `auto_vacuum`.
            && number(52)? == 0
            // UTF-8.
            && number(56)? == 1;
        is_ours.then_some(Self {
            page_size,
            pages: number(PAGES)?,
            pages_before: number(USER_VERSION)?,
            free_pages: number(36)?,
        })
    }
}

/// Writes the number of all pages and that of the pages before the indexes into a header.
pub(super) fn set_pages(bytes: &mut [u8; SIZE], pages: u32, before: u32) -> io::Result<()> {
    for (at, number) in [(PAGES, pages), (USER_VERSION, before)] {
        let place = bytes.get_mut(at..at + 4);
        let place = place.ok_or_else(|| io::Error::other("a database's header is too short"))?;
        place.copy_from_slice(&number.to_be_bytes());
    }
    Ok(())
}
