//! What is kept for a running sync, and until when.
//!
//! One [`Memory`] per `active_sync_id`, dropped at the host's Cleanup. It holds ids only: about
//! 60 bytes a user. Hosts that die never clean up, so only the newest few are kept.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::known::Known;
use crate::baton::Id;
use crate::salesforce::SalesforceId;

/// A host runs one sync at a time, a service a few.
const KEPT: usize = 4;

/// What a user's row links to.
#[derive(Clone, Copy, Debug)]
pub(super) struct UserLinks {
    pub(super) profile: Option<SalesforceId>,
    pub(super) role: Option<SalesforceId>,
    /// An active internal user, so a member of "All Internal Users".
    pub(super) is_internal: bool,
}

/// What a role's row links to.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoleLinks {
    pub(super) parent: Option<SalesforceId>,
    /// A role of a customer or partner portal.
    pub(super) is_portal: bool,
}

/// What a group's row links to.
#[derive(Clone, Copy, Debug)]
pub(super) struct GroupLinks {
    pub(super) kind: super::group::Kind,
    pub(super) related: Option<SalesforceId>,
}

/// A permission set group and one of its permission sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) group: SalesforceId,
    pub(super) set: SalesforceId,
    /// The set takes permissions away instead of adding them.
    pub(super) is_muting: bool,
}

/// Users that cannot sign in although they are active.
#[derive(Debug, Default)]
pub(super) struct Locks {
    pub(super) frozen: HashSet<SalesforceId>,
    pub(super) password_locked: HashSet<SalesforceId>,
}

/// What a running sync has learnt.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) users: Known<UserLinks>,
    pub(super) profiles: Known<()>,
    pub(super) roles: Known<RoleLinks>,
    pub(super) groups: Known<GroupLinks>,
    pub(super) permission_sets: Known<()>,
    pub(super) permission_set_groups: Known<()>,
    pub(super) connected_apps: Known<()>,
    pub(super) locks: OnceCell<Arc<Locks>>,
    pub(super) components: OnceCell<Arc<Vec<Component>>>,
    pub(super) nesting: OnceCell<Arc<super::group::Nesting>>,
    /// Objects whose outage was reported in this sync.
    pub(super) reported: Mutex<HashSet<&'static str>>,
}

/// The memories of the running syncs.
#[derive(Default)]
pub(super) struct Memories(Mutex<Vec<(Id, Arc<Memory>)>>);

impl Memories {
    /// The memory of `sync`; a fresh one that nobody else sees for a call outside any sync.
    pub(super) fn of(&self, sync: Option<&Id>) -> Arc<Memory> {
        let Some(sync) = sync else {
            return Arc::default();
        };
        let mut memories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = memories.iter().position(|(id, _)| id == sync);
        // The one used last stands last, so the first is the one to go.
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

    /// Forgets `sync`, or everything.
    pub(super) fn forget(&self, sync: Option<&Id>) {
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
        let memories = Memories::default();
        let first = memories.of(Some(&sync(1)));
        assert!(Arc::ptr_eq(&first, &memories.of(Some(&sync(1)))));
        memories.forget(Some(&sync(1)));
        assert!(!Arc::ptr_eq(&first, &memories.of(Some(&sync(1)))));
    }

    #[test]
    fn only_the_newest_few_are_kept() {
        let memories = Memories::default();
        let first = memories.of(Some(&sync(0)));
        (1..=KEPT).for_each(|number| drop(memories.of(Some(&sync(number)))));
        assert!(!Arc::ptr_eq(&first, &memories.of(Some(&sync(0)))));
    }

    #[test]
    fn calls_outside_a_sync_share_nothing() {
        let memories = Memories::default();
        assert!(!Arc::ptr_eq(&memories.of(None), &memories.of(None)));
    }
}
