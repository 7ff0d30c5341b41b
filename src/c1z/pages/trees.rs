//! Finds out whether pages are those of certain indexes, all of them and nothing else.

use super::turns::lock_page;
use super::{INDEX_INTERIOR, INDEX_LEAF, cell, cells, part, rightmost};

/// The last pages of a database, looked at one after the other.
///
/// If each of them is a page of an index, and each is a root or below exactly one that comes after it,
/// then they can be cut off together with these indexes.
#[derive(Debug)]
pub(in crate::c1z) struct Trees {
    /// The number of the page before them.
    before: u32,
    page_size: usize,
    /// For each page, whether the one above it is known.
    has_parent: Vec<bool>,
    /// Something is among them that should not be there.
    is_wrong: bool,
}

impl Trees {
    /// Those behind the page with the number `before`.
    pub(in crate::c1z) fn new(before: u32, page_size: u32) -> Self {
        Self {
            before,
            page_size: page_size as usize,
            has_parent: Vec::new(),
            is_wrong: false,
        }
    }

    /// Looks at the pages that come next.
    pub(in crate::c1z) fn add(&mut self, pages: &[u8]) {
        for page in pages.chunks(self.page_size) {
            let number = u64::from(self.before) + self.has_parent.len() as u64 + 1;
            let is_left_out = number == lock_page(self.page_size);
            self.is_wrong |= !is_left_out && self.look_at(page).is_none();
            self.has_parent.push(is_left_out);
        }
    }

    /// Whether they are the indexes with these roots, and end with the page `last`.
    pub(in crate::c1z) fn are(mut self, roots: &[u32], last: u32) -> bool {
        let are_there = roots.iter().all(|root| self.below(*root).is_some());
        are_there
            && !self.is_wrong
            && u64::from(self.before) + self.has_parent.len() as u64 == u64::from(last)
            && self.has_parent.iter().all(|has_parent| *has_parent)
    }

    /// `None` if it is not a page of an index, or one below it is not as it should be.
    fn look_at(&mut self, page: &[u8]) -> Option<()> {
        if page.len() != self.page_size {
            return None;
        }
        match *page.first()? {
            INDEX_LEAF => Some(()),
            INDEX_INTERIOR => {
                for place in 0..cells(page)? {
                    self.below(u32::from_be_bytes(part(cell(page, place)?, 0)?))?;
                }
                self.below(rightmost(page)?)
            }
            _ => None,
        }
    }

    /// A page that is below another one or a root. `None` if it has not been looked at, or is known
    /// already.
    fn below(&mut self, page: u32) -> Option<()> {
        let place = page.checked_sub(self.before)?.checked_sub(1)?;
        let has_parent = self.has_parent.get_mut(place as usize)?;
        (!std::mem::replace(has_parent, true)).then_some(())
    }
}
