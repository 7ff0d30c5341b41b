//! Where the batches of a table go: to who lists them, and to what is kept for the next sync.

use tokio::sync::mpsc;

use super::org::Batch;
use super::row_cache::TableKeeper;
use super::table::Row;

pub(super) struct Way<R> {
    pub(super) batches: mpsc::Sender<Batch<R>>,
    keeper: Option<TableKeeper>,
    /// How many batches must have room before one is sent.
    room: usize,
}

impl<R: Row> Way<R> {
    pub(super) fn new(batches: mpsc::Sender<Batch<R>>, keeper: Option<TableKeeper>) -> Self {
        Self {
            batches,
            keeper,
            room: 1,
        }
    }

    /// Returns whether more is wanted.
    pub(super) async fn send(&mut self, mut batch: Batch<R>) -> bool {
        self.keeper = keep(&mut batch, self.keeper.take()).await;
        let room = self.batches.reserve_many(self.room).await;
        let place = room.ok().and_then(|mut room| room.next());
        place.map(|place| place.send(batch)).is_some()
    }

    /// Waits until everything is taken; from now on, only one batch waits at a time. Returns whether
    /// more is wanted.
    pub(super) async fn until_taken(&mut self) -> bool {
        self.room = self.batches.max_capacity();
        self.batches.reserve_many(self.room).await.is_ok()
    }
}

/// Keeps the next rows of a table. Returns the keeper, unless these were the last ones.
pub(super) async fn keep<R: Row>(
    batch: &mut Batch<R>,
    keeper: Option<TableKeeper>,
) -> Option<TableKeeper> {
    let (texts, taken) = batch.take_texts();
    let mut keeper = keeper?;
    keeper.push(texts, taken).await;
    if batch.is_last() {
        keeper.finish();
        return None;
    }
    Some(keeper)
}
