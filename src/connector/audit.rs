//! One line in the log for every write: what was done to which records, and what came of it.
//!
//! Ids only: never a name, an address or a value that was written.

use std::time::Instant;

use tracing::info;

use crate::salesforce::SalesforceId;

/// A write that has come to its end.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// What was asked for: `grant`, `revoke`, the name of an action.
    pub(super) action: &'a str,
    /// The object that it writes to.
    pub(super) object: &'a str,
    /// The records that it is about, and those it wrote, as far as they are known.
    pub(super) ids: &'a [SalesforceId],
    /// What came of it.
    pub(super) outcome: Outcome,
    /// When it began.
    pub(super) began: Instant,
    /// Calls that it sent to Salesforce, reads included.
    pub(super) api_calls: u32,
}

/// What came of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The org is different now.
    Changed,
    /// The org was as it should be.
    Already,
    /// Nothing was sent, as asked for.
    DryRun,
    /// Salesforce or the connector said no; nothing was changed.
    Refused,
    /// Passing trouble; nothing was changed.
    Failed,
    /// It was sent, and nobody could find out what became of it.
    Unknown,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Already => "already",
            Self::DryRun => "dry_run",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// Writes the line.
pub(super) fn record(entry: &Entry<'_>) {
    let ids: Vec<_> = entry.ids.iter().map(ToString::to_string).collect();
    let duration_ms = u64::try_from(entry.began.elapsed().as_millis()).unwrap_or(u64::MAX);
    info!(
        action = entry.action,
        sf.object = entry.object,
        sf.ids = ids.join(","),
        result = entry.outcome.as_str(),
        duration_ms,
        sf.api_calls = entry.api_calls,
        "write"
    );
}
