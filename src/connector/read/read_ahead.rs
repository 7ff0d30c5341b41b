//! Batches kept for the host's next call, or read ahead of it in the background.
//!
//! They save time and calls, nothing depends on them: if they are gone, the position alone finds
//! the rows again. They are part of the sync's memory and are dropped with it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::org::{Batch, Org};
use super::table::{PAGE, Row, Table};
use crate::salesforce::{Error, SalesforceId};

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
    /// Holds one batch while the next ones are fetched.
    pub(super) batches: mpsc::Receiver<Batch<R>>,
    task: JoinHandle<()>,
}

impl<R: Row> ReadAhead<R> {
    pub(super) fn start(org: Arc<Org>, table: Table, start: Start) -> Self {
        let (sender, batches) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            // An error here is not the host's error: the channel closes, and the host's next call
            // reads the same batch again.
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
pub(in crate::connector) enum Pace {
    /// One batch after the other: other cursors read other parts of the table meanwhile.
    Single,
    /// Two batches at a time, if there are rows for both.
    Double,
}

/// Where to start reading ahead, and how.
#[derive(Clone, Copy)]
pub(super) struct Start {
    pub(super) after: Option<SalesforceId>,
    /// How many rows follow, as far as known.
    pub(super) behind: usize,
    pub(super) pace: Pace,
}

/// Reads batch after batch, until the last one or until nobody takes them.
async fn walk<R: Row>(
    org: &Org,
    table: &Table,
    mut start: Start,
    batches: &mpsc::Sender<Batch<R>>,
) -> Result<(), Error> {
    loop {
        let (first, second) = if start.pace == Pace::Double && start.behind > PAGE {
            let (first, second) = org.read_two(table, start.after).await?;
            // Salesforce sends shorter batches, or the table is changing.
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
