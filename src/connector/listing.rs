//! From table rows to the pages of a listing: bounded by bytes, some batches read ahead.
//!
//! A batch from Salesforce may hold more than fits into a reply. The rest is kept for the host's
//! next call, and while the host stores its pages the next batches are already on their way. Both
//! are conveniences: if they are gone, the position alone finds the rows again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::error::wrap_listing;
use super::table::{Batch, Org, PAGE, Row, TWO_PAGES, Table};
use crate::baton::{
    Cursor, EncodedSize, Error, Id, Page, PageRequest, PageToken, Quota, REPLY_BUDGET, Result,
};
use crate::salesforce::{self, SalesforceId};

/// Batches kept or on their way, over all syncs: what 16 parallel cursors need.
const SLOTS: usize = 32;

/// The position of a plain listing.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Position {
    /// The resource type that is listed.
    of: String,
    after: SalesforceId,
}

impl Cursor for Position {}

impl Position {
    /// Reads the position of a listing of `of`; `None` is the beginning.
    pub(super) fn read(of: &str, page: &PageRequest) -> Result<Option<SalesforceId>> {
        let Some(token) = &page.token else {
            return Ok(None);
        };
        let position = Self::from_token(token)?;
        if position.of != of {
            return Err(Error::invalid(format!(
                "page_token belongs to a listing of {}, not of {of}",
                position.of
            )));
        }
        Ok(Some(position.after))
    }

    pub(super) fn token(of: &str, after: SalesforceId) -> Result<PageToken> {
        Self {
            of: of.to_owned(),
            after,
        }
        .to_token()
    }
}

/// Where a batch belongs: which sync, which part of which table, behind which row.
#[derive(Clone, PartialEq)]
struct Place {
    sync: Id,
    part: String,
    after: Option<SalesforceId>,
}

enum Slot<R> {
    Rest(Batch<R>),
    Coming(ReadAhead<R>),
}

/// The batches behind a place, read in the background; dropping it ends that.
struct ReadAhead<R> {
    /// Holds one batch while the next ones are fetched.
    batches: mpsc::Receiver<Batch<R>>,
    task: JoinHandle<()>,
}

impl<R: Row> ReadAhead<R> {
    fn start(org: Arc<Org>, table: Table, start: Start) -> Self {
        let (sender, batches) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            // What fails here is not the host's failure: the channel closes, and the read is done
            // again when the host asks for it.
            let _ = walk(&org, &table, start, &sender).await;
        });
        Self { batches, task }
    }
}

impl<R> Drop for ReadAhead<R> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How to read ahead.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// One batch after the other: others read other parts of the table at the same time.
    Single,
    /// Two at a time, where there are rows for both.
    Double,
}

/// Where to begin to read ahead, and how.
#[derive(Clone, Copy)]
struct Start {
    after: Option<SalesforceId>,
    /// How many rows there are, as far as it is known.
    behind: usize,
    pace: Pace,
}

/// Reads batch after batch, until the last one or until nobody wants them.
async fn walk<R: Row>(
    org: &Org,
    table: &Table,
    mut start: Start,
    batches: &mpsc::Sender<Batch<R>>,
) -> Result<(), salesforce::Error> {
    loop {
        let (first, second) = if start.pace == Pace::Double && start.behind > PAGE {
            let (first, second) = org.read_two(table, start.after).await?;
            // The server sends shorter batches, or the table is changing.
            if second.is_none() {
                start.pace = Pace::Single;
            }
            (first, second)
        } else {
            (org.read(table, start.after).await?, None)
        };
        for batch in std::iter::once(first).chain(second) {
            start.after = batch.last_id();
            start.behind = batch.behind;
            let is_end = batch.is_last() || start.after.is_none();
            if batches.send(batch).await.is_err() || is_end {
                return Ok(());
            }
        }
    }
}

/// Reads one table for many listings.
pub(super) struct Listing<R> {
    org: Arc<Org>,
    slots: Mutex<VecDeque<(Place, Slot<R>)>>,
}

/// What to read for one page.
pub(super) struct Reading<'a> {
    pub(super) table: &'a Table,
    /// Tells this reading from others of the same table, such as another shard.
    pub(super) part: String,
    pub(super) after: Option<SalesforceId>,
    pub(super) page: &'a PageRequest,
    /// The next batches are to be fetched while the host stores this page.
    pub(super) ahead: Option<Pace>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        table: &'a Table,
        page: &'a PageRequest,
        after: Option<SalesforceId>,
    ) -> Self {
        Self {
            table,
            part: String::new(),
            after,
            page,
            ahead: Some(Pace::Double),
        }
    }

    #[must_use]
    pub(super) fn part(mut self, part: String) -> Self {
        self.part = part;
        self
    }
}

/// A page of rows turned into something else, and the id to go on behind.
pub(super) struct Read<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<SalesforceId>,
    pub(super) quota: Option<Quota>,
}

impl<T> Read<T> {
    /// The page of a listing of `of`.
    pub(super) fn into_page(self, of: &str) -> Result<Page<T>> {
        let next = self
            .next
            .map(|after| Position::token(of, after))
            .transpose()?;
        Ok(Page {
            items: self.items,
            next,
            siblings: Vec::new(),
            quota: self.quota,
        })
    }
}

impl<R: Row> Listing<R> {
    pub(super) fn new(org: Arc<Org>) -> Self {
        Self {
            org,
            slots: Mutex::default(),
        }
    }

    /// Reads one page and turns each row into zero or more items.
    pub(super) async fn read<T: EncodedSize>(
        &self,
        reading: Reading<'_>,
        mut turn: impl FnMut(R) -> Result<Option<T>>,
    ) -> Result<Read<T>, Trouble> {
        let mut batch = self.batch(&reading).await?;
        let most = reading.page.rows(usize::MAX);
        let quota = batch.quota.take();
        let mut items = Vec::new();
        let mut size = 0;
        let mut last = reading.after;
        let mut is_full = false;
        for row in batch.rows.by_ref() {
            let id = row.id();
            if let Some(item) = turn(row)? {
                size += item.encoded_size();
                items.push(item);
            }
            last = Some(id);
            // The next row is not known yet; the largest one is far smaller than the room that
            // the budget leaves below the limit.
            if size >= REPLY_BUDGET || items.len() >= most {
                is_full = true;
                break;
            }
        }
        let has_rest = is_full && batch.rows.len() > 0;
        let next = if has_rest || !batch.is_last() {
            last
        } else {
            None
        };
        if next.is_some() && next == reading.after {
            // More was promised, and nothing came.
            return Err(Trouble::Own(Error::new(
                crate::baton::Kind::Unavailable,
                format!(
                    "Salesforce sent an empty page of {} that is not the last",
                    reading.table.object
                ),
            )));
        }
        if let (true, Some(sync)) = (has_rest, &reading.page.call.sync) {
            let place = Place {
                sync: sync.clone(),
                part: reading.part,
                after: last,
            };
            self.keep(place, Slot::Rest(batch));
        }
        Ok(Read { items, next, quota })
    }

    /// Starts to fetch batches that the host will ask for, behind `after`. Outside a sync nobody
    /// knows whether it will.
    pub(super) fn read_ahead(
        &self,
        table: Table,
        page: &PageRequest,
        part: String,
        after: Option<SalesforceId>,
    ) {
        let start = Start {
            after,
            behind: 0,
            pace: Pace::Single,
        };
        self.start(table, page, part, start);
    }

    fn start(&self, table: Table, page: &PageRequest, part: String, start: Start) {
        let Some(sync) = page.call.sync.clone() else {
            return;
        };
        let after = start.after;
        let coming = ReadAhead::start(Arc::clone(&self.org), table, start);
        self.keep(Place { sync, part, after }, Slot::Coming(coming));
    }

    /// Forgets what is kept for `sync`, or everything.
    pub(super) fn forget(&self, sync: Option<&Id>) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|(place, _)| sync.is_some_and(|sync| *sync != place.sync));
    }

    /// The rows to go on with; what comes behind them is on its way afterwards.
    async fn batch(&self, reading: &Reading<'_>) -> Result<Batch<R>, Trouble> {
        let place = reading.page.call.sync.as_ref().map(|sync| Place {
            sync: sync.clone(),
            part: reading.part.clone(),
            after: reading.after,
        });
        if let Some(place) = place {
            match self.take(&place) {
                Some(Slot::Rest(batch)) => return Ok(batch),
                Some(Slot::Coming(mut coming)) => {
                    if let Some(batch) = coming.batches.recv().await {
                        if let (false, Some(last)) = (batch.is_last(), batch.last_id()) {
                            let after = Some(last);
                            self.keep(Place { after, ..place }, Slot::Coming(coming));
                        }
                        return Ok(batch);
                    }
                }
                None => {}
            }
        }
        // Outside a sync nothing is kept, so no more is read than the page holds.
        let (rows, count) = match (&reading.page.call.sync, reading.ahead) {
            (Some(_), Some(Pace::Double)) => (PAGE, TWO_PAGES),
            (Some(_), _) => (PAGE, 1),
            (None, _) => (reading.page.rows(PAGE), 1),
        };
        let batch = self
            .org
            .read_some(reading.table, reading.after, rows, count)
            .await
            .map_err(Trouble::Salesforce)?;
        if let (Some(pace), false, Some(last)) = (reading.ahead, batch.is_last(), batch.last_id()) {
            let start = Start {
                after: Some(last),
                behind: batch.behind,
                pace,
            };
            let (table, part) = (reading.table.clone(), reading.part.clone());
            self.start(table, reading.page, part, start);
        }
        Ok(batch)
    }

    fn take(&self, place: &Place) -> Option<Slot<R>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let index = slots.iter().position(|(other, _)| other == place)?;
        slots.remove(index).map(|(_, slot)| slot)
    }

    fn keep(&self, place: Place, slot: Slot<R>) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|(other, _)| *other != place);
        slots.push_back((place, slot));
        while slots.len() > SLOTS {
            slots.pop_front();
        }
    }
}

/// Why a page could not be read. Kept apart, because an object that the org does not show is not a
/// failure of the listing.
#[derive(Debug)]
pub(super) enum Trouble {
    Salesforce(salesforce::Error),
    Own(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Own(error)
    }
}

impl Trouble {
    /// The error of a listing; `doing` says what was being done.
    pub(super) fn in_listing(self, doing: impl Into<String>) -> Error {
        match self {
            Self::Own(error) => error,
            Self::Salesforce(error) => wrap_listing(doing, error),
        }
    }
}
