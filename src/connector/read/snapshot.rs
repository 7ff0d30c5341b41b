//! What one phase of a sync reads and a later phase needs: ids and a few facts about each.
//!
//! A [`Collector`] grows while the host pages through a listing and becomes a [`Snapshot`] at its
//! end. If the host resumed in the middle, or asks for the later phase only, the rows are read
//! again. Snapshots serve listings only; no decision to write depends on them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OnceCell};
use tokio::time::timeout;

use crate::salesforce::SalesforceId;

/// Rows by id, in the order of the ids' bytes. Salesforce sorts ids differently, so this order is
/// valid in this process only.
#[derive(Debug)]
pub(in crate::connector) struct Snapshot<E>(Vec<(SalesforceId, E)>);

impl<E> Snapshot<E> {
    pub(in crate::connector) fn new(mut rows: Vec<(SalesforceId, E)>) -> Self {
        rows.sort_unstable_by(|a, b| a.0.cmp_bytes(&b.0));
        rows.dedup_by(|a, b| a.0 == b.0);
        rows.shrink_to_fit();
        Self(rows)
    }

    pub(in crate::connector) fn get(&self, id: &SalesforceId) -> Option<&E> {
        let place = self.0.binary_search_by(|row| row.0.cmp_bytes(id)).ok()?;
        self.0.get(place).map(|row| &row.1)
    }

    /// The row at this place of [`Self::iter`].
    pub(in crate::connector) fn at(&self, place: u32) -> Option<&E> {
        self.0.get(usize::try_from(place).ok()?).map(|row| &row.1)
    }

    pub(in crate::connector) fn contains(&self, id: &SalesforceId) -> bool {
        self.get(id).is_some()
    }

    pub(in crate::connector) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rows after the id `after`; all rows if it is `None`.
    pub(in crate::connector) fn after(&self, after: Option<&SalesforceId>) -> &[(SalesforceId, E)] {
        let from = after.map_or(0, |after| {
            self.0.partition_point(|row| row.0.cmp_bytes(after).is_le())
        });
        self.0.get(from..).unwrap_or_default()
    }

    pub(in crate::connector) fn iter(&self) -> std::slice::Iter<'_, (SalesforceId, E)> {
        self.0.iter()
    }

    /// The bytes that it occupies, without what the rows point to.
    #[cfg(test)]
    pub(in crate::connector) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<(SalesforceId, E)>()
    }
}

/// How far the listing has been read without a gap.
enum Reach {
    Start,
    Until(SalesforceId),
}

struct Growing<E> {
    rows: Vec<(SalesforceId, E)>,
    reach: Reach,
    has_begun: bool,
}

/// Collects the rows of a listing until it is complete.
pub(in crate::connector) struct Collector<E> {
    growing: Mutex<Growing<E>>,
    snapshot: OnceCell<Arc<Snapshot<E>>>,
    progress: Notify,
}

impl<E> Default for Collector<E> {
    fn default() -> Self {
        Self {
            growing: Mutex::new(Growing {
                rows: Vec::new(),
                reach: Reach::Start,
                has_begun: false,
            }),
            snapshot: OnceCell::new(),
            progress: Notify::new(),
        }
    }
}

impl<E: Send + Sync> Collector<E> {
    /// Says that a page of the listing is being read, so that [`Self::wait`] waits for it.
    pub(in crate::connector) fn begin(&self) {
        let mut growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        growing.has_begun = true;
    }

    /// Waits for the end of a listing that has begun, as long as a page comes within `patience`.
    pub(in crate::connector) async fn wait(&self, patience: Duration) {
        loop {
            let progress = self.progress.notified();
            let has_begun = {
                let growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
                growing.has_begun
            };
            let is_done = self.snapshot.get().is_some();
            if is_done || !has_begun || timeout(patience, progress).await.is_err() {
                return;
            }
        }
    }

    /// Adds one page of the listing: the rows after `after`, and the id at which the listing
    /// continues (`None` at its end). A page out of order adds nothing, for example one that the
    /// host requested twice.
    pub(in crate::connector) fn extend(
        &self,
        after: Option<&SalesforceId>,
        rows: Vec<(SalesforceId, E)>,
        next: Option<&SalesforceId>,
    ) {
        let mut growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        let follows = match (&growing.reach, after) {
            (Reach::Start, None) => true,
            (Reach::Until(reached), Some(after)) => reached == after,
            _ => false,
        };
        if !follows {
            return;
        }
        growing.rows.extend(rows);
        if let Some(next) = next {
            growing.reach = Reach::Until(*next);
        } else {
            let rows = std::mem::take(&mut growing.rows);
            // The first listing of a sync counts; a second one changes nothing.
            let _ = self.snapshot.set(Arc::new(Snapshot::new(rows)));
        }
        self.progress.notify_waiters();
    }

    /// All rows, if the listing was completed in this process.
    pub(in crate::connector) fn peek(&self) -> Option<Arc<Snapshot<E>>> {
        self.snapshot.get().cloned()
    }

    /// All rows. Calls `read` if the listing was not completed in this process.
    pub(in crate::connector) async fn all<F, X>(&self, read: F) -> Result<Arc<Snapshot<E>>, X>
    where
        F: Future<Output = Result<Vec<(SalesforceId, E)>, X>>,
    {
        self.snapshot
            .get_or_try_init(|| async { Ok(Arc::new(Snapshot::new(read.await?))) })
            .await
            .cloned()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn id(text: &str) -> SalesforceId {
        text.parse().unwrap()
    }

    async fn ids(known: &Collector<()>, otherwise: &[&str]) -> Vec<String> {
        let read = async {
            Ok::<_, Infallible>(
                otherwise
                    .iter()
                    .map(|text| (id(text), ()))
                    .collect::<Vec<_>>(),
            )
        };
        let all = known.all(read).await.unwrap();
        all.iter()
            .map(|row| row.0.to_string().chars().take(15).collect())
            .collect()
    }

    const A: &str = "005Hp0000000001";
    const B: &str = "005Hp0000000002";
    const C: &str = "005Hp0000000003";

    #[tokio::test]
    async fn a_whole_listing_is_not_read_again() {
        let known = Collector::default();
        known.extend(None, vec![(id(B), ())], Some(&id(B)));
        known.extend(Some(&id(B)), vec![(id(A), ())], None);
        assert_eq!(ids(&known, &[C]).await, [A, B]);
    }

    #[tokio::test]
    async fn a_page_asked_for_twice_counts_once() {
        let known = Collector::default();
        known.extend(None, vec![(id(A), ())], Some(&id(A)));
        known.extend(None, vec![(id(A), ())], Some(&id(A)));
        known.extend(Some(&id(A)), vec![(id(B), ())], None);
        assert_eq!(ids(&known, &[C]).await, [A, B]);
    }

    #[tokio::test]
    async fn a_listing_resumed_in_the_middle_is_read_anew() {
        let known = Collector::default();
        known.extend(Some(&id(A)), vec![(id(B), ())], None);
        assert_eq!(ids(&known, &[A, B]).await, [A, B]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_the_listing_that_is_under_way() {
        let known = Arc::new(Collector::default());
        known.begin();
        known.extend(None, vec![(id(A), ())], Some(&id(A)));
        let patience = Duration::from_secs(20);
        let waiting = tokio::spawn({
            let known = Arc::clone(&known);
            async move { known.wait(patience).await }
        });
        for _ in 0..3 {
            tokio::time::sleep(patience / 2).await;
            assert!(!waiting.is_finished());
            known.progress.notify_waiters();
        }
        known.extend(Some(&id(A)), vec![(id(B), ())], None);
        waiting.await.unwrap();
        assert_eq!(ids(&known, &[C]).await, [A, B]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_listing_that_does_not_come() {
        let known = Collector::<()>::default();
        known.wait(Duration::MAX).await;
        known.begin();
        known.wait(Duration::from_secs(20)).await;
        assert!(known.peek().is_none());
    }

    #[test]
    fn rows_after_an_id_need_not_contain_it() {
        let snapshot = Snapshot::new(vec![(id(C), ()), (id(A), ())]);
        assert_eq!(snapshot.after(Some(&id(B))).len(), 1);
        assert_eq!(snapshot.after(Some(&id(A))).len(), 1);
        assert_eq!(snapshot.after(None).len(), 2);
        assert!(!snapshot.contains(&id(B)));
    }
}
