//! Batches kept for the host's next call, or read ahead of it in the background.
//!
//! They save time and calls, nothing depends on them: if they are gone, the position alone finds
//! the rows again. They are part of the sync's memory and are dropped with it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::debug;

use super::bulk;
use super::cursor::{End, walk_on};
use super::org::{Batch, Org, Rest};
use super::row_cache::{KnownRows, TableKeeper};
use super::table::{FEW_PAGES, PAGE, Row, Table};
use super::way::Way;
use crate::connector::error::quota;
use crate::salesforce::{Error, SalesforceId};
use crate::trace;

/// Batches kept or on their way, for one row type of one sync: enough for 16 parallel cursors.
const SLOTS: usize = 32;

/// Where a batch belongs: which part of which listing, after which row.
#[derive(Clone, PartialEq)]
pub(super) struct Place {
    pub(super) listing: &'static str,
    pub(super) part: String,
    pub(super) after: Option<SalesforceId>,
}

pub(super) enum Slot<R> {
    /// What did not fit into the last page.
    Rest(Batch<R>),
    Coming(ReadAhead<R>),
}

/// The batches of one row type that a sync holds.
pub(super) struct Slots<R>(Mutex<VecDeque<(Place, Slot<R>)>>);

impl<R> Default for Slots<R> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<R> Slots<R> {
    pub(super) fn take(&self, place: &Place) -> Option<Slot<R>> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = slots.iter().position(|(other, _)| other == place)?;
        slots.remove(index).map(|(_, slot)| slot)
    }

    pub(super) fn has(&self, place: &Place) -> bool {
        let slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.iter().any(|(other, _)| other == place)
    }

    pub(super) fn keep(&self, place: Place, slot: Slot<R>) {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|(other, _)| *other != place);
        slots.push_back((place, slot));
        while slots.len() > SLOTS {
            slots.pop_front();
        }
    }
}

/// The batches after a place, read in the background. Dropping it stops the reading.
pub(super) struct ReadAhead<R> {
    /// Holds what is read while more is fetched.
    pub(super) batches: mpsc::Receiver<Batch<R>>,
    task: JoinHandle<()>,
}

impl<R: Row> ReadAhead<R> {
    pub(super) fn start(org: Arc<Org>, table: Table, start: Start) -> Self {
        // One batch waits while the next ones are fetched. A table that a later phase lists waits as
        // a whole, about 100 bytes a row, unless it is large: then its first page does.
        let waiting = match start.next {
            Next::Beginning => FEW_PAGES,
            _ => 1,
        };
        let (sender, batches) = mpsc::channel(waiting);
        let walk = async move {
            // An error here is not the host's error: the channel closes, and the host's next call
            // reads the same batch again.
            let _ = walk(&org, &table, start, sender).await;
        };
        let task = tokio::spawn(trace::carried(walk));
        Self { batches, task }
    }
}

impl<R> Drop for ReadAhead<R> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Where to start reading ahead, and how.
pub(super) struct Start {
    pub(super) after: Option<SalesforceId>,
    pub(super) next: Next,
    /// Keeps the rows for the next sync.
    pub(super) keeper: Option<TableKeeper>,
}

/// What is known of the batches that follow.
pub(super) enum Next {
    /// Nothing, not even what comes first.
    Beginning,
    /// Nothing: a new query tells where its pages are.
    Nothing,
    /// Where the query goes on that has read what comes before. If that is not known, one batch is
    /// read after the other.
    Query(Option<Rest>),
    /// So many that a query job reads them, if that works; else as with `Query`.
    Job(Option<Rest>),
    /// All rows.
    Known(KnownRows),
}

impl Next {
    /// What follows the first batch of a table whose rows may come in no order.
    pub(super) fn behind(org: &Org, table: &Table, rest: Option<Rest>, more: u64) -> Self {
        if org.jobs.is_for(table.object, more) {
            Self::Job(rest)
        } else {
            Self::Query(rest)
        }
    }
}

/// Sends the first batch of a table. Returns its last row and what follows, if more is wanted; of a
/// large table that is when somebody has taken the batch.
async fn first<R: Row>(
    org: &Org,
    table: &Table,
    way: &mut Way<R>,
) -> Result<Option<(SalesforceId, Next)>, Error> {
    let opened = org.open(table, None).await?;
    let (last, is_last) = (opened.batch.last_id(), opened.batch.is_last());
    // Who lists the table reports a page that leads nowhere.
    let is_usable = is_last || last.is_some();
    if !is_usable || !way.send(opened.batch).await || is_last {
        return Ok(None);
    }
    let is_large = opened.more > (FEW_PAGES * PAGE) as u64;
    if is_large && !way.until_taken().await {
        return Ok(None);
    }
    let next = Next::behind(org, table, opened.rest, opened.more);
    Ok(last.map(|last| (last, next)))
}

/// Reads batch after batch, until the last one or until nobody takes them.
async fn walk<R: Row>(
    org: &Arc<Org>,
    table: &Table,
    start: Start,
    batches: mpsc::Sender<Batch<R>>,
) -> Result<(), Error> {
    let mut way = Way::new(batches, start.keeper);
    let mut after = start.after;
    let mut may_lead = matches!(start.next, Next::Nothing);
    let mut next = start.next;
    if let Next::Beginning = next {
        match first(org, table, &mut way).await? {
            Some((last, behind)) => (after, next) = (Some(last), behind),
            None => return Ok(()),
        }
    }
    let mut rest = match (next, after) {
        (Next::Known(rows), _) => return pass_on(org, table.object, rows, way).await,
        (Next::Job(rest), Some(from)) => {
            if bulk::read(org, table, from, &way.batches).await {
                return Ok(());
            }
            rest
        }
        (Next::Query(rest) | Next::Job(rest), _) => rest,
        (Next::Beginning | Next::Nothing, _) => None,
    };
    loop {
        if let (Some(rest), Some(last)) = (rest.take(), after) {
            match walk_on(rest, org, table.object, last, &mut way).await {
                End::Reached => return Ok(()),
                End::Lost { last, led } => (after, may_lead) = (Some(last), led),
            }
        }
        let batch = if may_lead {
            let opened = org.open(table, after).await?;
            (rest, may_lead) = (opened.rest, false);
            opened.batch
        } else {
            org.read(table, after).await?
        };
        after = batch.last_id();
        let is_end = batch.is_last() || after.is_none();
        if !way.send(batch).await || is_end {
            return Ok(());
        }
    }
}

/// Sends the rows that are known.
async fn pass_on<R: Row>(
    org: &Org,
    object: &'static str,
    mut rows: KnownRows,
    mut way: Way<R>,
) -> Result<(), Error> {
    while let Some((following, page)) = rows.next().await {
        rows = following;
        let Ok(page) = page else {
            debug!(
                sf.object = object,
                "the kept rows are damaged; reading them again"
            );
            return Ok(());
        };
        let mut batch = org.known_batch(object, page, rows.is_at_end())?;
        batch.quota = rows.quota.take().as_ref().map(quota);
        // A listing does not go on behind a batch without rows.
        let is_useful = batch.is_last() || batch.last_id().is_some();
        if is_useful && !way.send(batch).await {
            return Ok(());
        }
    }
    Ok(())
}
