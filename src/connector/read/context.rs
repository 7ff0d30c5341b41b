//! What all readers share: the org, the options, and the memories of the running syncs.

use std::sync::Arc;

use super::org::Org;
use super::row_cache::RowCache;
use super::sync_memory::{SyncMemories, SyncMemory};
use crate::baton::{Call, Id};
use crate::connector::options::Options;

/// Shared by all resource types.
pub(in crate::connector) struct ReadContext {
    pub(in crate::connector) org: Arc<Org>,
    pub(in crate::connector) options: Arc<Options>,
    memories: SyncMemories,
    /// The rows of the last sync, if they are kept.
    pub(super) rows: Option<RowCache>,
}

impl ReadContext {
    pub(in crate::connector) fn new(org: Arc<Org>, options: Arc<Options>) -> Self {
        let rows = options.row_cache.clone().map(RowCache::new);
        Self {
            org,
            options,
            memories: SyncMemories::default(),
            rows,
        }
    }

    /// Ends `sync`, or all syncs if it is `None`. Returns what they lack, one sentence each.
    pub(in crate::connector) async fn end(&self, sync: Option<&Id>) -> Vec<String> {
        let mut left_out = Vec::new();
        for memory in self.memories.forget(sync) {
            if let Some(rows) = &self.rows {
                rows.save(&memory).await;
            }
            left_out.extend(memory.left_out());
        }
        left_out
    }

    /// What the sync of `call` has read so far.
    pub(in crate::connector) fn memory(&self, call: &Call) -> Arc<SyncMemory> {
        self.memories.of(call.sync.as_ref())
    }
}
