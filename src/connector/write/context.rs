//! What all writes share: the org, the options, and the locks. Deliberately not the memory of a
//! sync.

use std::sync::Arc;

use super::key_lock::{KeyLocks, LockKey};
use crate::connector::options::Options;
use crate::connector::read::org::Org;

/// Shared by everything that writes.
pub(in crate::connector) struct WriteContext {
    pub(in crate::connector) org: Arc<Org>,
    pub(in crate::connector) options: Arc<Options>,
    /// Serializes writes that concern the same user or the same assignment.
    pub(in crate::connector) key_locks: KeyLocks<LockKey>,
}

impl WriteContext {
    pub(in crate::connector) fn new(org: Arc<Org>, options: Arc<Options>) -> Self {
        Self {
            org,
            options,
            key_locks: KeyLocks::default(),
        }
    }
}
