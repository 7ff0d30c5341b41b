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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::Duration;

    use super::super::table::{BEGINNING, IdRow};
    use super::*;

    fn batch() -> Batch<IdRow> {
        Batch::unordered(Vec::new(), Some(BEGINNING), false, BEGINNING)
    }

    /// How many batches wait after some time in which nobody takes any.
    async fn waiting(batches: &mpsc::Receiver<Batch<IdRow>>) -> usize {
        tokio::time::sleep(Duration::from_secs(1)).await;
        batches.len()
    }

    #[tokio::test(start_paused = true)]
    async fn a_small_table_waits_as_a_whole() {
        let (sender, batches) = mpsc::channel(3);
        let mut way = Way::new(sender, None);
        tokio::spawn(async move { while way.send(batch()).await {} });
        assert_eq!(waiting(&batches).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_table_waits_after_its_first_batch() {
        let (sender, mut batches) = mpsc::channel(3);
        let mut way = Way::new(sender, None);
        tokio::spawn(async move {
            let mut is_wanted = way.send(batch()).await && way.until_taken().await;
            while is_wanted {
                is_wanted = way.send(batch()).await;
            }
        });
        for _ in 0..3 {
            assert_eq!(waiting(&batches).await, 1);
            batches.recv().await.unwrap();
        }
    }

    #[tokio::test]
    async fn nobody_sends_what_nobody_takes() {
        let (sender, batches) = mpsc::channel(3);
        let mut way = Way::new(sender, None);
        assert!(way.send(batch()).await);
        drop(batches);
        assert!(!way.until_taken().await);
        assert!(!way.send(batch()).await);
    }
}
