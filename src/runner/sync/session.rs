//! The state that the workers of one sync share.

use std::collections::{BTreeMap, HashSet};

use parking_lot::{Mutex, MutexGuard};
use tonic::{Code, Status};

use super::Context;
use super::invariants::ExclusionGroups;
use super::tokens::Enqueued;
use super::types::Types;
use crate::pb::connector::ResourceId;
use crate::runner::client::Call;
use crate::runner::error::{Error, Result};
use crate::runner::summary::RowCounts;

/// Like the SDK's syncer, a sync fails if it exceeds both limits.
const WARNINGS_TOLERATED: u64 = 10;
const WARNING_PERCENT_TOLERATED: u64 = 10;
/// Further warnings are only counted in the summary.
const WARNINGS_KEPT: usize = 100;

/// One sync after its types are known.
pub(super) struct Session {
    pub(super) context: Context,
    /// Empty for connectors that do not support it.
    pub(super) active_sync_id: String,
    pub(super) types: Types,
    pub(super) enqueued: Enqueued,
    tally: Mutex<Tally>,
}

/// Counts, and rows to look at later.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) rows: BTreeMap<String, RowCounts>,
    pub(super) dropped: Dropped,
    /// (child type, parent) pairs whose listing was started.
    pub(super) children: HashSet<(String, String)>,
    /// Resources that grants are on, with their parents. A targeted sync fetches them.
    pub(super) mentioned: BTreeMap<(String, String), Option<ResourceId>>,
    /// Announced child types that the connector does not list.
    pub(super) unscheduled_children: u64,
    pub(super) groups: ExclusionGroups,
    actions: u64,
    action_warnings: u64,
    warnings: Vec<String>,
    more_warnings: u64,
}

/// Rows that were dropped.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dropped {
    pub(super) without_id: u64,
    pub(super) of_other_types: u64,
}

impl Tally {
    pub(super) fn rows_of(&mut self, kind: &str) -> &mut RowCounts {
        self.rows.entry(kind.to_owned()).or_default()
    }
}

impl Session {
    pub(super) fn new(context: Context, active_sync_id: String, types: Types) -> Self {
        Self {
            context,
            active_sync_id,
            types,
            enqueued: Enqueued::default(),
            tally: Mutex::default(),
        }
    }

    /// Makes a list call. If the connector answers `NotFound`, it warns and returns `None`: the rest
    /// of this listing is skipped, but the sync continues.
    pub(super) async fn list<C: Call>(&self, doing: &str, request: C) -> Result<Option<C::Reply>> {
        let call = || self.context.client.call(request.clone());
        match self.context.retry.run(call).await? {
            Ok(reply) => Ok(Some(reply)),
            Err(status) if status.code() == Code::NotFound => {
                self.warn_action(doing, &status)?;
                Ok(None)
            }
            Err(status) => Err(Error::call(doing)(status)),
        }
    }

    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock()
    }

    /// Counts a completed listing.
    pub(super) fn finish_action(&self) {
        self.tally().actions += 1;
    }

    /// Counts a skipped listing and warns. Fails if there are too many of them.
    pub(super) fn warn_action(&self, doing: &str, status: &Status) -> Result<()> {
        self.warn_skipped(doing, status);
        let mut tally = self.tally();
        tally.actions += 1;
        tally.action_warnings += 1;
        let (warnings, actions) = (tally.action_warnings, tally.actions);
        if warnings > WARNINGS_TOLERATED && warnings * 100 > actions * WARNING_PERCENT_TOLERATED {
            return Err(Error::unknown(format!(
                "too many warnings: {warnings} of {actions} listings were skipped, the last while \
                 {doing}: {}",
                status.message()
            )));
        }
        Ok(())
    }

    pub(super) fn warn_skipped(&self, doing: &str, status: &Status) {
        self.warn(format!(
            "{doing}: {} ({:?}); skipped",
            status.message(),
            status.code()
        ));
    }

    pub(super) fn warn(&self, message: String) {
        self.context.reporter.warn(&message);
        self.keep_warnings([message]);
    }

    /// Keeps warnings for the summary that were shown already.
    pub(super) fn keep_warnings(&self, messages: impl IntoIterator<Item = String>) {
        let mut tally = self.tally();
        for message in messages {
            if tally.warnings.len() < WARNINGS_KEPT {
                tally.warnings.push(message);
            } else {
                tally.more_warnings += 1;
            }
        }
    }

    /// Warns of dropped rows, once for each reason.
    pub(super) fn finish_warnings(&self) {
        let dropped = self.tally().dropped;
        if dropped.without_id > 0 {
            self.warn(format!(
                "{} rows without an id were dropped",
                dropped.without_id
            ));
        }
        if dropped.of_other_types > 0 {
            self.warn(format!(
                "{} rows that refer to resource types outside this sync were dropped",
                dropped.of_other_types
            ));
        }
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let tally = self.tally();
        let mut warnings = tally.warnings.clone();
        if tally.more_warnings > 0 {
            warnings.push(format!("and {} more", tally.more_warnings));
        }
        warnings
    }

    pub(super) fn rows(&self) -> BTreeMap<String, RowCounts> {
        self.tally().rows.clone()
    }

    pub(super) fn is_scheduled(&self, kind: &str) -> bool {
        self.types.scheduled.contains_key(kind)
    }
}
