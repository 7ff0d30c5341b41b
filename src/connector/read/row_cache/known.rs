//! The rows of a table as they are now, made of the rows that are kept and of those that changed.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::file::{Chunk, RowFile};
use super::rows::{Columns, Facts, page, rows};
use crate::salesforce::{Error, PageText, Quota, Response, SalesforceId};

/// What is known of a table without reading it again.
pub(in crate::connector::read) enum Known {
    /// The first page, read a moment ago.
    Page(Response<PageText>),
    /// The org does not show the object, as a moment ago.
    Refused(Error),
    /// All rows, in no order.
    Rows(KnownRows),
}

/// All rows of a table, a page at a time.
pub(in crate::connector::read) struct KnownRows {
    pub(super) kept: Kept,
    /// The rows that the kept ones lack.
    pub(super) fresh: std::vec::IntoIter<PageText>,
    /// Salesforce's time when all rows were last read, not only compared.
    pub(in crate::connector::read) complete_at: Timestamp,
    /// The day's calls, as last heard.
    pub(in crate::connector::read) quota: Option<Quota>,
}

/// The rows of a file that still count.
pub(super) struct Kept {
    pub(super) file: Arc<RowFile>,
    pub(super) chunks: std::vec::IntoIter<Chunk>,
    pub(super) gone: Arc<Gone>,
    /// The last row of the chunk before: chunks overlap by a row.
    pub(super) last: Option<SalesforceId>,
}

/// Which kept rows do not count any more.
#[derive(Debug)]
pub(super) struct Gone {
    pub(super) columns: Columns,
    /// Rows that changed or left the table.
    pub(super) rows: HashSet<SalesforceId>,
    /// All rows of these groups were read again.
    pub(super) groups: HashSet<SalesforceId>,
    /// Rows that ended before.
    pub(super) now: Timestamp,
}

/// A chunk cannot be used any more, although it could be a moment ago.
#[derive(Debug, thiserror::Error)]
#[error("the rows that are kept cannot be read any more")]
pub(in crate::connector::read) struct LostRows;

impl Gone {
    /// Whether a kept row counts.
    pub(super) fn keeps(&self, facts: &Facts) -> bool {
        !self.rows.contains(&facts.id)
            && facts.ends.is_none_or(|end| end > self.now)
            && facts
                .group
                .is_none_or(|group| !self.groups.contains(&group))
    }
}

impl Kept {
    /// The next chunk: its rows that count, and what tells which ones they are. This blocks.
    pub(super) fn next<T>(
        &mut self,
        each: impl FnOnce(&[(&RawValue, Facts)]) -> T,
    ) -> Option<Result<T, LostRows>> {
        let chunk = self.chunks.next()?;
        Some(self.read(chunk, each))
    }

    fn read<T>(
        &mut self,
        chunk: Chunk,
        each: impl FnOnce(&[(&RawValue, Facts)]) -> T,
    ) -> Result<T, LostRows> {
        let text = self.file.read(chunk).map_err(|_| LostRows)?;
        let mut kept = Vec::new();
        for row in rows(&text).map_err(|_| LostRows)? {
            let facts = self.gone.columns.read(row).map_err(|_| LostRows)?;
            let is_repeated = self.last.replace(facts.id) == Some(facts.id);
            if !is_repeated && self.gone.keeps(&facts) {
                kept.push((row, facts));
            }
        }
        Ok(each(&kept))
    }
}

impl KnownRows {
    /// The next page; `None` after the last one.
    pub(in crate::connector::read) async fn next(
        mut self,
    ) -> Option<(Self, Result<PageText, LostRows>)> {
        // Decompressing and comparing a page takes longer than other tasks should wait.
        let next = tokio::task::spawn_blocking(move || {
            let page = self.page()?;
            Some((self, page))
        });
        next.await.ok().flatten()
    }

    fn page(&mut self) -> Option<Result<PageText, LostRows>> {
        let made = self.kept.next(|kept| {
            let kept: Vec<_> = kept.iter().map(|(row, _)| *row).collect();
            page(&kept).ok_or(LostRows)
        });
        match made {
            Some(made) => Some(made.and_then(|page| page)),
            None => self.fresh.next().map(Ok),
        }
    }

    /// Whether [`Self::next`] returned the last page.
    pub(in crate::connector::read) fn is_at_end(&self) -> bool {
        self.kept.chunks.len() == 0 && self.fresh.len() == 0
    }
}
