//! Where the batches of a table go: to who lists them, and to what is kept for the next sync.

use tokio::sync::mpsc;

use super::org::Batch;
use super::row_cache::TableKeeper;
use super::table::Row;

pub(super) struct Way<R> {
    pub(super) batches: mpsc::Sender<Batch<R>>,
    pub(super) keeper: Option<TableKeeper>,
}

impl<R: Row> Way<R> {
    /// Returns whether more is wanted.
    pub(super) async fn send(&mut self, mut batch: Batch<R>) -> bool {
        self.keeper = keep(&mut batch, self.keeper.take()).await;
        self.batches.send(batch).await.is_ok()
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
