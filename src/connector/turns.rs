//! Calls about the same thing, one after the other.
//!
//! A role and a profile are one field: whoever reads it and then writes it must not be interrupted
//! by another call of ours, or a revoke of the old role would clear the new one. Two identical
//! calls become one write, and the second finds it done. Against other clients of the org nothing
//! helps but looking again right before the write, which every rule does.
//!
//! These locks are held across calls to Salesforce, on purpose. They are for one thing each, in the
//! order of arrival, and no call ever holds two of them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

use crate::salesforce::SalesforceId;

/// What a write is about: a user, and the thing that the user gets or loses; only the user if it is
/// about the user's own record.
pub(super) type About = (SalesforceId, Option<SalesforceId>);

type Lock = tokio::sync::Mutex<()>;

/// Who is at work now.
pub(super) struct Turns<K>(Mutex<HashMap<K, Weak<Lock>>>);

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Turns<K> {
    /// Waits until nobody else is at work on `key`; the turn ends with the guard.
    pub(super) async fn take(&self, key: K) -> OwnedMutexGuard<()> {
        self.lock(key).lock_owned().await
    }

    fn lock(&self, key: K) -> Arc<Lock> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| lock.strong_count() > 0);
        if let Some(lock) = locks.get(&key).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::default();
        locks.insert(key, Arc::downgrade(&lock));
        lock
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_same_waits_and_another_does_not() {
        let turns = Turns::<About>::default();
        let user: SalesforceId = "005Hp0000000001".parse().unwrap();
        let other: SalesforceId = "005Hp0000000002".parse().unwrap();
        let turn = turns.take((user, None)).await;
        drop(turns.take((other, None)).await);
        assert!(turns.lock((user, None)).try_lock().is_err());
        drop(turn);
        assert!(turns.lock((user, None)).try_lock().is_ok());
        drop(turns.take((other, None)).await);
        assert_eq!(turns.0.lock().unwrap().len(), 1);
    }
}
