//! Lists that are cut when they become too long for a page.

/// A table of the page. If it is cut, all of its rows are in a file beside it.
#[derive(Debug)]
pub(super) struct List<T> {
    /// The part of the file's name that says what is in it.
    pub(super) topic: &'static str,
    pub(super) rows: Vec<T>,
    /// How many rows the page shows.
    pub(super) most: usize,
    /// The name of the file with all rows, if one was written.
    pub(super) file: Option<String>,
}

impl<T> List<T> {
    pub(super) fn new(topic: &'static str, rows: Vec<T>, most: usize) -> Self {
        Self {
            topic,
            rows,
            most,
            file: None,
        }
    }

    /// The rows that the page shows.
    pub(super) fn shown(&self) -> &[T] {
        self.rows.get(..self.most).unwrap_or(&self.rows)
    }

    pub(super) fn total(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn is_cut(&self) -> bool {
        self.total() > self.most
    }
}
