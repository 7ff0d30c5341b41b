//! Fills one page from rows in memory, up to what fits into a reply.

use crate::baton::{EncodedSize, Page, PageRequest, PageToken, REPLY_BUDGET};

/// The items of a page under construction.
pub(in crate::connector) struct PageFill<T> {
    items: Vec<T>,
    size: usize,
    most: usize,
}

impl<T: EncodedSize> PageFill<T> {
    /// An empty page for `request`.
    pub(in crate::connector) fn new(request: &PageRequest) -> Self {
        Self {
            items: Vec::new(),
            size: 0,
            most: request.rows(usize::MAX),
        }
    }

    /// Adds `item`. Returns whether the page is full now.
    ///
    /// One more item always fits: the largest one is far smaller than what the budget leaves below
    /// the limit of a reply.
    pub(in crate::connector) fn push(&mut self, item: T) -> bool {
        self.size += item.encoded_size();
        self.items.push(item);
        self.size >= REPLY_BUDGET || self.items.len() >= self.most
    }

    /// The items alone.
    pub(super) fn into_items(self) -> Vec<T> {
        self.items
    }

    /// The page, which continues at `next`.
    pub(in crate::connector) fn into_page(self, next: Option<PageToken>) -> Page<T> {
        Page {
            items: self.items,
            next,
            siblings: Vec::new(),
            quota: None,
        }
    }
}
