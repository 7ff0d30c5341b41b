//! What all readers share: the org, the options, and the memories of the running syncs.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::task::JoinSet;

use super::org::Org;
use super::row_cache::RowCache;
use super::sync_memory::{SyncMemories, SyncMemory};
use crate::baton::{Call, Id, PageRequest};
use crate::connector::options::Options;
use crate::trace;

/// What is read in the background for a sync.
#[derive(Default)]
struct Readings(Mutex<JoinSet<()>>);

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
            memory.slot::<Readings>().0.lock().abort_all();
            if let Some(rows) = &self.rows {
                rows.save(&memory).await;
            }
            left_out.extend(memory.left_out());
        }
        left_out
    }

    /// Whether what later phases of the sync need is read already while the host asks for this page,
    /// the first one of a listing.
    pub(super) fn foresees(&self, page: &PageRequest) -> bool {
        let is_first = page.call.sync.is_some() && page.token.is_none();
        is_first && self.options.grants_follow && self.rows.is_none()
    }

    /// Reads in the background what a later phase of the sync needs and keeps in its memory. If that
    /// fails, the later phase tries again.
    pub(in crate::connector) fn foresee<F: Future + Send>(
        self: &Arc<Self>,
        page: &PageRequest,
        read: impl FnOnce(Arc<Self>, Arc<SyncMemory>) -> F + Send + 'static,
    ) {
        if !self.foresees(page) {
            return;
        }
        let (context, memory) = (Arc::clone(self), self.memory(&page.call));
        let readings = memory.slot::<Readings>();
        let reading = async move { drop(read(context, memory).await) };
        readings.0.lock().spawn(trace::carried(reading));
    }

    /// What the sync of `call` has read so far.
    pub(in crate::connector) fn memory(&self, call: &Call) -> Arc<SyncMemory> {
        self.memories.of(call.sync.as_ref())
    }
}
