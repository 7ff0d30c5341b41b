//! From table rows to the pages of a listing, each bounded by its encoded size.
//!
//! A batch from Salesforce may hold more than fits into a reply. The rest is kept for the host's
//! next call, and while the host stores its pages the next batches are already on their way.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::beginning::{Beginning, begin};
use super::context::ReadContext;
use super::org::{Batch, Opened};
use super::page_fill::PageFill;
use super::read_ahead::{Next, Place, ReadAhead, Slot, Slots, Start};
use super::sync_memory::SyncMemory;
use super::table::{BEGINNING, PAGE, Row, Table};
use super::way::keep;
use crate::baton::{Cursor, EncodedSize, Error, Kind, Page, PageRequest, PageToken, Quota, Result};
use crate::connector::error::ReadError;
use crate::salesforce::SalesforceId;

/// The position of a plain listing.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct Position {
    /// The resource type that is listed.
    of: String,
    pub(in crate::connector) after: SalesforceId,
    /// Behind which row the listing begins again if the rows that follow are not at hand: they come
    /// in no order, so `after` does not tell which ones they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<SalesforceId>,
}

impl Cursor for Position {}

impl Position {
    /// Reads the position of a listing of `of`; `None` is the beginning.
    pub(in crate::connector) fn read(of: &str, page: &PageRequest) -> Result<Option<Self>> {
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
        Ok(Some(position))
    }
}

/// Reads the rows of one table for the pages of a listing.
pub(in crate::connector) struct Listing<R> {
    context: Arc<ReadContext>,
    /// Distinguishes listings that have the same row type.
    name: &'static str,
    rows: std::marker::PhantomData<fn() -> R>,
}

/// What to read for one page.
pub(in crate::connector) struct Reading<'a> {
    pub(in crate::connector) table: &'a Table,
    /// Distinguishes this reading from others of the same table, such as another span.
    pub(in crate::connector) part: String,
    pub(in crate::connector) after: Option<SalesforceId>,
    /// Behind which row to begin again if the rows after `after` are not at hand: see [`Read::from`].
    from: Option<SalesforceId>,
    pub(in crate::connector) page: &'a PageRequest,
    /// Whether to fetch the next batches while the host stores this page.
    pub(in crate::connector) is_ahead: bool,
    /// Whether rows may come in no order: from a query job, or from what the last sync kept.
    may_be_unordered: bool,
}

impl<'a> Reading<'a> {
    pub(in crate::connector) fn new(
        table: &'a Table,
        page: &'a PageRequest,
        after: Option<SalesforceId>,
    ) -> Self {
        Self {
            table,
            part: String::new(),
            after,
            from: None,
            page,
            is_ahead: true,
            may_be_unordered: false,
        }
    }

    /// Lets rows come in no order. Only for listings whose positions keep [`Read::from`], which is
    /// `from` here.
    #[must_use]
    pub(in crate::connector) fn or_unordered(mut self, from: Option<SalesforceId>) -> Self {
        self.from = from;
        self.may_be_unordered = true;
        self
    }

    /// The listing of this position.
    pub(in crate::connector) fn at(
        table: &'a Table,
        page: &'a PageRequest,
        position: Option<&Position>,
    ) -> Self {
        let after = position.map(|position| position.after);
        let from = position.and_then(|position| position.from);
        Self::new(table, page, after).or_unordered(from)
    }

    /// Behind which row to read if the rows that follow are not at hand; `None` is the beginning.
    fn begins_behind(&self) -> Option<SalesforceId> {
        match self.from {
            Some(from) => (from != BEGINNING).then_some(from),
            None => self.after,
        }
    }

    #[must_use]
    pub(in crate::connector) fn part(mut self, part: String) -> Self {
        self.part = part;
        self
    }
}

/// A page of rows converted to items, and the id after which the listing continues.
pub(in crate::connector) struct Read<T> {
    pub(in crate::connector) items: Vec<T>,
    pub(in crate::connector) next: Option<SalesforceId>,
    /// Behind which row the listing begins again if the process ends: the rows come in no order.
    pub(in crate::connector) from: Option<SalesforceId>,
    /// Whether the rest is on its way.
    pub(in crate::connector) is_coming: bool,
    pub(in crate::connector) quota: Option<Quota>,
}

impl<T> Read<T> {
    /// The page of a listing of `of`.
    pub(in crate::connector) fn into_page(self, of: &str) -> Result<Page<T>> {
        let from = self.from;
        self.into_page_with(|after| {
            let of = of.to_owned();
            Position { of, after, from }.to_token()
        })
    }

    /// The page of a listing that writes its positions with `token`.
    pub(in crate::connector) fn into_page_with(
        self,
        token: impl FnOnce(SalesforceId) -> Result<PageToken>,
    ) -> Result<Page<T>> {
        Ok(Page {
            items: self.items,
            next: self.next.map(token).transpose()?,
            siblings: Vec::new(),
            quota: self.quota,
        })
    }
}

impl<R: Row> Listing<R> {
    pub(in crate::connector) fn new(context: &Arc<ReadContext>, name: &'static str) -> Self {
        Self {
            context: Arc::clone(context),
            name,
            rows: std::marker::PhantomData,
        }
    }

    /// Reads one page and converts each row to an item, or to none.
    pub(in crate::connector) async fn read<T: EncodedSize>(
        &self,
        reading: Reading<'_>,
        mut convert: impl FnMut(R) -> Result<Option<T>>,
    ) -> Result<Read<T>, ReadError> {
        let memory = self.context.memory(&reading.page.call);
        let (mut batch, is_coming) = self.batch(&reading, &memory).await?;
        let quota = batch.quota.take();
        let from = batch.from();
        let mut fill = PageFill::new(reading.page);
        let mut last = reading.after;
        let mut is_full = false;
        for row in batch.rows.by_ref() {
            last = Some(row.id());
            if let Some(item) = convert(row)? {
                is_full = fill.push(item);
                if is_full {
                    break;
                }
            }
        }
        let has_rest = is_full && batch.rows.len() > 0;
        let next = if has_rest {
            last
        } else if batch.is_last() {
            None
        } else {
            batch.last_id().or(last)
        };
        let goes_on = next.is_some() || !batch.is_last();
        if goes_on && (next, from) == (reading.after, reading.from) {
            return Err(empty_page(reading.table.object).into());
        }
        if has_rest && reading.page.call.sync.is_some() {
            let place = self.place(reading.part, last);
            memory.slot::<Slots<R>>().keep(place, Slot::Rest(batch));
        }
        let items = fill.into_items();
        Ok(Read {
            items,
            next,
            from: from.filter(|_| next.is_some()),
            is_coming,
            quota,
        })
    }

    /// Starts to fetch the batches after `after`, which the host will ask for. Outside a sync
    /// nobody knows whether it will, so nothing is fetched.
    pub(super) fn read_ahead(
        &self,
        table: &Table,
        page: &PageRequest,
        part: String,
        after: Option<SalesforceId>,
    ) {
        let start = Start {
            after,
            next: Next::Nothing,
            keeper: None,
        };
        self.start(&Reading::new(table, page, after).part(part), start);
    }

    /// Starts to read a table from its beginning, because a later phase of the sync will list it. Only
    /// for listings whose positions keep [`Read::from`]. With a row cache nothing is read here: it asks
    /// about all tables at once.
    pub(in crate::connector) fn foresee(&self, table: &Table, page: &PageRequest) {
        if !self.context.foresees(page) {
            return;
        }
        let Some(part) = beginning(table) else {
            return;
        };
        let slots = self.context.memory(&page.call).slot::<Slots<R>>();
        if slots.has(&self.place(part.clone(), None)) {
            return;
        }
        let start = Start {
            after: None,
            next: Next::Beginning,
            keeper: None,
        };
        self.start(&Reading::new(table, page, None).part(part), start);
    }

    fn start(&self, reading: &Reading<'_>, start: Start) {
        if reading.page.call.sync.is_none() {
            return;
        }
        let place = self.place(reading.part.clone(), start.after);
        let org = Arc::clone(&self.context.org);
        let coming = ReadAhead::start(org, reading.table.clone(), start);
        let memory = self.context.memory(&reading.page.call);
        memory.slot::<Slots<R>>().keep(place, Slot::Coming(coming));
    }

    fn place(&self, part: String, after: Option<SalesforceId>) -> Place {
        Place {
            listing: self.name,
            part,
            after,
        }
    }

    /// The next rows, and whether the batches that follow are on their way.
    async fn batch(
        &self,
        reading: &Reading<'_>,
        memory: &SyncMemory,
    ) -> Result<(Batch<R>, bool), ReadError> {
        if let Some(batch) = self.kept(reading, memory).await {
            return Ok((batch, true));
        }
        let org = &self.context.org;
        let (table, after) = (reading.table, reading.begins_behind());
        // Outside a sync nothing is kept, so no more is read than the page holds.
        let is_in_sync = reading.page.call.sync.is_some();
        let mut keeper = None;
        let read = if is_in_sync && reading.after.is_none() && reading.may_be_unordered {
            match Box::pin(begin(&self.context, memory, table)).await {
                Ok(Beginning::Read(mut opened, kept)) => {
                    keeper = keep(&mut opened.batch, kept).await;
                    Ok(opened)
                }
                Ok(Beginning::Known(rows, keeper)) => {
                    let next = Next::Known(rows);
                    let start = Start {
                        after,
                        next,
                        keeper: Some(keeper),
                    };
                    self.start(reading, start);
                    if let Some(batch) = self.kept(reading, memory).await {
                        return Ok((batch, true));
                    }
                    org.open(table, after).await
                }
                Err(error) => Err(error),
            }
        } else if is_in_sync {
            org.open(table, after).await
        } else {
            let rows = reading.page.rows(PAGE);
            org.read_some(table, after, rows).await.map(Opened::alone)
        };
        let Opened { batch, rest, more } = read.map_err(ReadError::Salesforce)?;
        let next = if reading.may_be_unordered {
            Next::behind(org, table, rest, more)
        } else {
            Next::Query(rest)
        };
        let by_job = matches!(next, Next::Job(_));
        let is_wanted = is_in_sync && (by_job || reading.is_ahead);
        let after = batch.last_id().filter(|_| is_wanted && !batch.is_last());
        if after.is_some() {
            let start = Start {
                after,
                next,
                keeper,
            };
            self.start(reading, start);
        }
        Ok((batch, after.is_some()))
    }

    /// The batch of this position, if it was kept or is on its way.
    async fn kept(&self, reading: &Reading<'_>, memory: &SyncMemory) -> Option<Batch<R>> {
        reading.page.call.sync.as_ref()?;
        let slots = memory.slot::<Slots<R>>();
        let place = self.place(reading.part.clone(), reading.after);
        let slot = match slots.take(&place) {
            None if reading.after.is_none() => {
                slots.take(&self.place(beginning(reading.table)?, None))?
            }
            slot => slot?,
        };
        match slot {
            Slot::Rest(batch) => Some(batch),
            Slot::Coming(mut coming) => {
                let batch = coming.batches.recv().await?;
                if let (false, Some(last)) = (batch.is_last(), batch.last_id()) {
                    let place = self.place(place.part, Some(last));
                    slots.keep(place, Slot::Coming(coming));
                }
                Some(batch)
            }
        }
    }
}

/// The part of a listing that is a whole table from its beginning on: the query, whatever time it is.
fn beginning(table: &Table) -> Option<String> {
    let table = table.clone().at(Timestamp::UNIX_EPOCH);
    table.select(None).to_soql().ok()
}

/// Salesforce announced more rows and sent none.
fn empty_page(object: &str) -> Error {
    let text = format!("Salesforce sent an empty page of {object} that is not the last");
    Error::new(Kind::Unavailable, text)
}
