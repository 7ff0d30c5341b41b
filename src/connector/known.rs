//! What one phase of a sync read and a later phase needs: ids and the few ids they link to.
//!
//! A [`Known`] grows while the host pages through a listing and is sealed at its end. If the host
//! resumed in the middle, or asked for the later phase only, it is read anew. It serves listings
//! only; no decision to write ever looks in here.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::salesforce::SalesforceId;

/// Rows by id, in the order of their bytes. The server's own order is another one, so this one
/// means nothing outside this process.
#[derive(Debug)]
pub(super) struct Sealed<E>(Vec<(SalesforceId, E)>);

impl<E> Sealed<E> {
    pub(super) fn new(mut rows: Vec<(SalesforceId, E)>) -> Self {
        rows.sort_unstable_by(|a, b| a.0.cmp_bytes(&b.0));
        rows.dedup_by(|a, b| a.0 == b.0);
        rows.shrink_to_fit();
        Self(rows)
    }

    pub(super) fn get(&self, id: &SalesforceId) -> Option<&E> {
        let place = self.0.binary_search_by(|row| row.0.cmp_bytes(id)).ok()?;
        self.0.get(place).map(|row| &row.1)
    }

    pub(super) fn contains(&self, id: &SalesforceId) -> bool {
        self.get(id).is_some()
    }

    /// The rows behind `after`, all of them without it.
    pub(super) fn after(&self, after: Option<&SalesforceId>) -> &[(SalesforceId, E)] {
        let from = after.map_or(0, |after| {
            self.0.partition_point(|row| row.0.cmp_bytes(after).is_le())
        });
        self.0.get(from..).unwrap_or_default()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, (SalesforceId, E)> {
        self.0.iter()
    }
}

/// How far a listing has been read without a gap.
enum Reach {
    Start,
    Until(SalesforceId),
}

struct Growing<E> {
    rows: Vec<(SalesforceId, E)>,
    reach: Reach,
}

/// Rows that a listing is collecting, then all of them.
pub(super) struct Known<E> {
    growing: Mutex<Growing<E>>,
    sealed: OnceCell<Arc<Sealed<E>>>,
}

impl<E> Default for Known<E> {
    fn default() -> Self {
        Self {
            growing: Mutex::new(Growing {
                rows: Vec::new(),
                reach: Reach::Start,
            }),
            sealed: OnceCell::new(),
        }
    }
}

impl<E: Send + Sync> Known<E> {
    /// Takes in one page of the listing: the rows behind `after`, and where the listing goes on
    /// (`None` at its end). A page out of order, such as one that the host asked for twice, adds
    /// nothing.
    pub(super) fn extend(
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
            return;
        }
        let rows = std::mem::take(&mut growing.rows);
        // A second listing of the same sync changes nothing: the first one counts.
        let _ = self.sealed.set(Arc::new(Sealed::new(rows)));
    }

    /// All rows, if the listing came to its end in this process.
    pub(super) fn peek(&self) -> Option<Arc<Sealed<E>>> {
        self.sealed.get().cloned()
    }

    /// All rows; `read` reads them if the listing did not come to its end in this process.
    pub(super) async fn all<F, X>(&self, read: F) -> Result<Arc<Sealed<E>>, X>
    where
        F: Future<Output = Result<Vec<(SalesforceId, E)>, X>>,
    {
        self.sealed
            .get_or_try_init(|| async { Ok(Arc::new(Sealed::new(read.await?))) })
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

    async fn ids(known: &Known<()>, otherwise: &[&str]) -> Vec<String> {
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
        let known = Known::default();
        known.extend(None, vec![(id(B), ())], Some(&id(B)));
        known.extend(Some(&id(B)), vec![(id(A), ())], None);
        assert_eq!(ids(&known, &[C]).await, [A, B]);
    }

    #[tokio::test]
    async fn a_page_asked_for_twice_counts_once() {
        let known = Known::default();
        known.extend(None, vec![(id(A), ())], Some(&id(A)));
        known.extend(None, vec![(id(A), ())], Some(&id(A)));
        known.extend(Some(&id(A)), vec![(id(B), ())], None);
        assert_eq!(ids(&known, &[C]).await, [A, B]);
    }

    #[tokio::test]
    async fn a_listing_resumed_in_the_middle_is_read_anew() {
        let known = Known::default();
        known.extend(Some(&id(A)), vec![(id(B), ())], None);
        assert_eq!(ids(&known, &[A, B]).await, [A, B]);
    }

    #[test]
    fn rows_behind_an_id_need_not_contain_it() {
        let sealed = Sealed::new(vec![(id(C), ()), (id(A), ())]);
        assert_eq!(sealed.after(Some(&id(B))).len(), 1);
        assert_eq!(sealed.after(Some(&id(A))).len(), 1);
        assert_eq!(sealed.after(None).len(), 2);
        assert!(!sealed.contains(&id(B)));
    }
}
