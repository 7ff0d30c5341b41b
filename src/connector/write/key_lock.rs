//! Serializes writes that share a key.
//!
//! A role and a profile are one field of the user. Between reading it and writing it, no other call
//! of ours may change it, or revoking the old role would clear the new one. Of two identical calls,
//! the first one writes and the second one finds it done. Other clients of the org are not
//! serialized, so every write reads the current state right before.
//!
//! The locks are held across calls to Salesforce, in the order of arrival. No call holds two.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

use crate::salesforce::SalesforceId;

/// What a write concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::connector) enum LockKey {
    /// The user's own record, which also holds role and profile.
    User(SalesforceId),
    /// The assignment of something to a user.
    Assignment(SalesforceId, SalesforceId),
    /// The release of a user.
    Release(SalesforceId),
    /// The transfer of a user's records.
    Transfer(SalesforceId),
}

type Lock = tokio::sync::Mutex<()>;

/// The locks in use, by key.
pub(in crate::connector) struct KeyLocks<K>(Mutex<HashMap<K, Weak<Lock>>>);

impl<K> Default for KeyLocks<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> KeyLocks<K> {
    /// Waits until nobody else holds `key`. Dropping the guard releases it.
    pub(super) async fn lock(&self, key: K) -> OwnedMutexGuard<()> {
        self.of(key).lock_owned().await
    }

    fn of(&self, key: K) -> Arc<Lock> {
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
    async fn equal_keys_wait_and_others_do_not() {
        let locks = KeyLocks::<LockKey>::default();
        let user: SalesforceId = "005Hp0000000001".parse().unwrap();
        let other: SalesforceId = "005Hp0000000002".parse().unwrap();
        let guard = locks.lock(LockKey::User(user)).await;
        drop(locks.lock(LockKey::User(other)).await);
        assert!(locks.of(LockKey::User(user)).try_lock().is_err());
        drop(guard);
        assert!(locks.of(LockKey::User(user)).try_lock().is_ok());
        drop(locks.lock(LockKey::User(other)).await);
        assert_eq!(locks.0.lock().unwrap().len(), 1);
    }
}
