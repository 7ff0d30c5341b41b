//! What the workers of one sync share.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tonic::{Code, Status};

use super::Context;
use super::invariants::ExclusionGroups;
use super::tokens::Enqueued;
use super::types::Types;
use crate::pb::connector::ResourceId;
use crate::runner::client::Call;
use crate::runner::error::{Error, Result};
use crate::runner::summary::RowCounts;

/// The SDK's syncer gives up beyond both limits.
const WARNINGS_TOLERATED: u64 = 10;
const WARNING_PERCENT_TOLERATED: u64 = 10;
/// The summary stays readable and bounded.
const WARNINGS_KEPT: usize = 100;

/// One sync after its types are known.
pub(super) struct Session {
    pub(super) context: Context,
    /// Empty for connectors that do not know it.
    pub(super) active_sync_id: String,
    pub(super) types: Types,
    pub(super) enqueued: Enqueued,
    tally: Mutex<Tally>,
}

/// What is counted and collected.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) rows: BTreeMap<String, RowCounts>,
    pub(super) dropped: Dropped,
    /// (child type, parent) pairs whose listing was started.
    pub(super) children: HashSet<(String, String)>,
    /// Resources that grants are on, which a targeted sync has to get, with their parents.
    pub(super) mentioned: BTreeMap<(String, String), Option<ResourceId>>,
    /// Child types that were announced and cannot be listed.
    pub(super) unscheduled_children: u64,
    pub(super) groups: ExclusionGroups,
    actions: u64,
    action_warnings: u64,
    warnings: Vec<String>,
    more_warnings: u64,
}

/// Rows that were left out.
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

    /// Makes a list call. `None` if the connector says `NotFound`, which costs a warning and the
    /// rest of this listing, but not the sync.
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
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a listing that came to its end.
    pub(super) fn finish_action(&self) {
        self.tally().actions += 1;
    }

    /// Counts a listing that was given up.
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
        let mut tally = self.tally();
        if tally.warnings.len() < WARNINGS_KEPT {
            tally.warnings.push(message);
        } else {
            tally.more_warnings += 1;
        }
    }

    /// One warning for each kind of row that was left out.
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
