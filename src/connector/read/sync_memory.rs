//! What the connector keeps for a running sync, and how long.
//!
//! There is one [`SyncMemory`] per `active_sync_id`; the host's Cleanup drops it. Hosts that crash
//! never clean up, so only the newest few are kept. A memory holds ids, about 60 bytes a user, and
//! batches that are read ahead. It serves listings only: no decision to write depends on it.

use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::baton::Id;

/// A host runs one sync at a time, a service a few.
const KEPT: usize = 4;

/// What a running sync has read so far, by the type that holds it. Each reader defines a type of
/// its own, so this file need not know any of them.
#[derive(Default)]
pub(in crate::connector) struct SyncMemory {
    slots: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
    /// Objects whose absence was reported in this sync.
    reported: Mutex<HashSet<&'static str>>,
}

impl SyncMemory {
    /// The sync's one value of the type `T`, created on first use.
    pub(in crate::connector) fn slot<T: Any + Default + Send + Sync>(&self) -> Arc<T> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Arc::new(T::default()));
        // The key is the value's own type, so the downcast never fails.
        Arc::clone(slot).downcast().unwrap_or_default()
    }

    /// Whether this is the first report about `object` in this sync.
    pub(super) fn is_first_report(&self, object: &'static str) -> bool {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        reported.insert(object)
    }
}

/// The memories of the running syncs.
#[derive(Default)]
pub(in crate::connector) struct SyncMemories(Mutex<Vec<(Id, Arc<SyncMemory>)>>);

impl SyncMemories {
    /// The memory of `sync`. A call outside a sync gets a fresh one that nobody else sees.
    pub(super) fn of(&self, sync: Option<&Id>) -> Arc<SyncMemory> {
        let Some(sync) = sync else {
            return Arc::default();
        };
        let mut memories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = memories.iter().position(|(id, _)| id == sync);
        // The most recently used memory is last, so the first one is dropped.
        let entry = match found {
            Some(place) => memories.remove(place),
            None => (sync.clone(), Arc::default()),
        };
        let memory = Arc::clone(&entry.1);
        memories.push(entry);
        if memories.len() > KEPT {
            memories.remove(0);
        }
        memory
    }

    /// Forgets `sync`, or all syncs if it is `None`.
    pub(in crate::connector) fn forget(&self, sync: Option<&Id>) {
        let mut memories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memories.retain(|(id, _)| sync.is_some_and(|sync| sync != id));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn sync(number: usize) -> Id {
        Id::new("sync", format!("sync{number}")).unwrap()
    }

    #[test]
    fn a_sync_finds_its_memory_until_clean_up() {
        let memories = SyncMemories::default();
        let first = memories.of(Some(&sync(1)));
        assert!(Arc::ptr_eq(&first, &memories.of(Some(&sync(1)))));
        memories.forget(Some(&sync(1)));
        assert!(!Arc::ptr_eq(&first, &memories.of(Some(&sync(1)))));
    }

    #[test]
    fn only_the_newest_few_are_kept() {
        let memories = SyncMemories::default();
        let first = memories.of(Some(&sync(0)));
        (1..=KEPT).for_each(|number| drop(memories.of(Some(&sync(number)))));
        assert!(!Arc::ptr_eq(&first, &memories.of(Some(&sync(0)))));
    }

    #[test]
    fn calls_outside_a_sync_share_nothing() {
        let memories = SyncMemories::default();
        assert!(!Arc::ptr_eq(&memories.of(None), &memories.of(None)));
    }

    #[test]
    fn each_type_has_one_slot() {
        let memory = SyncMemory::default();
        assert!(Arc::ptr_eq(
            &memory.slot::<Mutex<u8>>(),
            &memory.slot::<Mutex<u8>>()
        ));
        *memory.slot::<Mutex<u8>>().lock().unwrap() = 7;
        assert_eq!(*memory.slot::<Mutex<u16>>().lock().unwrap(), 0);
    }
}
