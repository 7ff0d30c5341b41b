//! The pages of several trees, made side by side and written in turns: a page of each, then the next
//! page of each that has more.

use std::io::{self, Write};
use std::mem;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, ScopedJoinHandle};

/// The byte of a database that SQLite locks. The page that has it is never used.
const LOCK_BYTE: u64 = 1 << 30;
/// Pages of an index that wait for their turn.
const WAITING: usize = 16;

/// The order of pages behind a database, which is that of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::c1z) struct Turns {
    /// The number of the last page of the database.
    before: u32,
    page_size: u32,
    /// How many pages each index has.
    pages: Vec<u32>,
}

impl Turns {
    /// Those of indexes with so many pages, behind the page with the number `before`.
    pub(in crate::c1z) fn new(before: u32, page_size: u32, pages: Vec<u32>) -> io::Result<Self> {
        let turns = Self {
            before,
            page_size,
            pages,
        };
        // One may be left out.
        let last = u64::from(before) + turns.total() + 1;
        if last < u64::from(u32::MAX) {
            Ok(turns)
        } else {
            Err(io::Error::other("the database has too many pages"))
        }
    }

    /// The number of a page of an index; both are counted from 0.
    fn number(&self, index: usize, page: u32) -> u32 {
        let of_earlier_turns = self.pages.iter().map(|count| u64::from(page.min(*count)));
        let of_this_turn = self.pages.iter().take(index).filter(|count| page < **count);
        self.nth(of_earlier_turns.sum::<u64>() + of_this_turn.count() as u64 + 1)
    }

    /// The number of the page of an index that is made last, its root.
    pub(in crate::c1z) fn root(&self, index: usize) -> u32 {
        let pages = self.pages.get(index).copied().unwrap_or_default();
        self.number(index, pages.saturating_sub(1))
    }

    /// The number of the last page.
    pub(in crate::c1z) fn last(&self) -> u32 {
        self.nth(self.total())
    }

    fn total(&self) -> u64 {
        self.pages.iter().map(|count| u64::from(*count)).sum()
    }

    /// The number of the `count`th page behind the database.
    fn nth(&self, count: u64) -> u32 {
        let number = u64::from(self.before) + count;
        let is_behind_it = number >= self.lock_page() && u64::from(self.before) < self.lock_page();
        u32::try_from(number + u64::from(is_behind_it)).unwrap_or(u32::MAX)
    }

    /// Whether the page before this one is left out.
    fn is_behind_lock_page(&self, number: u32) -> bool {
        u64::from(self.before) < self.lock_page() && u64::from(number) == self.lock_page() + 1
    }

    fn lock_page(&self) -> u64 {
        lock_page(self.page_size as usize)
    }

    /// Writes the pages. `make` makes those of an index, on a thread of its own.
    pub(in crate::c1z) fn write(
        &self,
        make: impl Fn(usize, &mut Pages<'_>) -> io::Result<()> + Sync,
        to: &mut impl Write,
    ) -> io::Result<()> {
        let make = &make;
        thread::scope(|scope| {
            let (mut indexes, mut threads) = (Vec::new(), Vec::new());
            for index in 0..self.pages.len() {
                let (to, pages) = sync_channel(WAITING);
                let (buffers, written) = channel();
                indexes.push(Made { pages, buffers });
                let mut pages = Pages {
                    turns: self,
                    index,
                    count: 0,
                    to,
                    written,
                };
                let make_all = move || make(index, &mut pages);
                threads.push(thread::Builder::new().spawn_scoped(scope, make_all)?);
            }
            let written = self.merge(&indexes, to);
            drop(indexes);
            let ends = threads.into_iter().map(ScopedJoinHandle::join);
            let ends = ends.map(|end| end.unwrap_or_else(|panic| resume_unwind(panic)));
            let mut failed = ends.filter_map(Result::err);
            // A page that nobody takes, or that is missing, only follows from another error.
            match failed.find(|error| error.kind() != io::ErrorKind::BrokenPipe) {
                Some(error) => Err(error),
                None => written,
            }
        })
    }

    fn merge(&self, indexes: &[Made], to: &mut impl Write) -> io::Result<()> {
        let wrong = || io::Error::other("the pages of an index are not those that were counted");
        let most = self.pages.iter().max().copied().unwrap_or_default();
        for turn in 0..most {
            for (index, (made, count)) in indexes.iter().zip(&self.pages).enumerate() {
                if turn >= *count {
                    continue;
                }
                let page = made.pages.recv().map_err(|_| wrong())?;
                if self.is_behind_lock_page(self.number(index, turn)) {
                    to.write_all(&vec![0; page.len()])?;
                }
                to.write_all(&page)?;
                // Nobody takes it after the last page.
                let _ = made.buffers.send(page);
            }
        }
        let has_more = indexes.iter().any(|made| made.pages.recv().is_ok());
        if has_more { Err(wrong()) } else { Ok(()) }
    }
}

/// The pages of one index as they are made. They go back when they are written.
struct Made {
    pages: Receiver<Vec<u8>>,
    buffers: Sender<Vec<u8>>,
}

/// The number of the page that is never used.
pub(super) fn lock_page(page_size: usize) -> u64 {
    LOCK_BYTE / page_size as u64 + 1
}

/// Takes the pages of one index.
#[derive(Debug)]
pub(in crate::c1z) struct Pages<'a> {
    turns: &'a Turns,
    index: usize,
    count: u32,
    to: SyncSender<Vec<u8>>,
    written: Receiver<Vec<u8>>,
}

impl Pages<'_> {
    /// Hands a page on, and puts another one of its size in its place, whatever that contains.
    /// Returns the number of the page.
    pub(super) fn put(&mut self, page: &mut Vec<u8>) -> io::Result<u32> {
        let number = self.turns.number(self.index, self.count);
        self.count += 1;
        let other = self.written.try_recv();
        let other = other.unwrap_or_else(|_| vec![0; page.len()]);
        self.to
            .send(mem::replace(page, other))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(number)
    }
}
