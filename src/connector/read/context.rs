//! What all readers share: the org, the options, and the memories of the running syncs.

use std::sync::Arc;

use super::org::Org;
use super::sync_memory::{SyncMemories, SyncMemory};
use crate::baton::Call;
use crate::connector::options::Options;

/// Shared by all resource types.
pub(in crate::connector) struct ReadContext {
    pub(in crate::connector) org: Arc<Org>,
    pub(in crate::connector) options: Arc<Options>,
    pub(in crate::connector) memories: SyncMemories,
}

impl ReadContext {
    /// What the sync of `call` has read so far.
    pub(in crate::connector) fn memory(&self, call: &Call) -> Arc<SyncMemory> {
        self.memories.of(call.sync.as_ref())
    }
}
