//! What the connector keeps for a running sync, and how long.
//!
//! There is one [`SyncMemory`] per `active_sync_id`; the host's Cleanup drops it. Hosts that crash
//! never clean up, so only the newest few are kept. A memory holds ids, about 32 bytes a user, batches
//! that are read ahead and, with a row cache, at most 64 MiB of changed rows. It serves listings only:
//! no decision to write depends on it.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::baton::Id;

/// A host runs one sync at a time, a service a few.
const KEPT: usize = 4;

/// What a running sync has read so far, by the type that holds it. Each reader defines a type of
/// its own, so this file need not know any of them.
#[derive(Default)]
pub(in crate::connector) struct SyncMemory {
    slots: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
    /// What is left out of this sync, by object.
    left_out: Mutex<BTreeMap<&'static str, String>>,
    is_of_sync: bool,
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

    /// Keeps that the sync lacks `object`, in one sentence. Returns whether it is the first report
    /// about this object.
    pub(super) fn leave_out(&self, object: &'static str, report: String) -> bool {
        let mut left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !left_out.contains_key(object);
        left_out.entry(object).or_insert(report);
        is_first
    }

    /// Whether it belongs to a sync, not to a single call.
    pub(super) fn is_of_sync(&self) -> bool {
        self.is_of_sync
    }

    /// One sentence for each object that this sync lacks.
    pub(super) fn left_out(&self) -> Vec<String> {
        let left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        left_out.values().cloned().collect()
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
        let entry = if let Some(place) = found {
            memories.remove(place)
        } else {
            let memory = SyncMemory {
                is_of_sync: true,
                ..SyncMemory::default()
            };
            (sync.clone(), Arc::new(memory))
        };
        let memory = Arc::clone(&entry.1);
        memories.push(entry);
        if memories.len() > KEPT {
            memories.remove(0);
        }
        memory
    }

    /// Forgets `sync`, or all syncs if it is `None`. Returns what was remembered.
    pub(super) fn forget(&self, sync: Option<&Id>) -> Vec<Arc<SyncMemory>> {
        let mut memories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (ended, running) = memories
            .drain(..)
            .partition(|(id, _)| sync.is_none_or(|sync| sync == id));
        *memories = running;
        let ended: Vec<(Id, Arc<SyncMemory>)> = ended;
        ended.into_iter().map(|(_, memory)| memory).collect()
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
    fn clean_up_tells_once_what_was_left_out() {
        let memories = SyncMemories::default();
        for number in [1, 2] {
            let memory = memories.of(Some(&sync(number)));
            assert!(memory.leave_out("A", format!("A of {number}")));
            assert!(!memory.leave_out("A", "again".to_owned()));
        }
        let left_out = |sync: Option<&Id>| {
            let ended = memories.forget(sync);
            let left_out = ended.iter().flat_map(|memory| memory.left_out());
            left_out.collect::<Vec<_>>()
        };
        assert_eq!(left_out(Some(&sync(2))), ["A of 2"]);
        assert_eq!(left_out(None), ["A of 1"]);
        assert!(left_out(None).is_empty());
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
