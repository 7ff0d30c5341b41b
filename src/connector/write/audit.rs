//! One log line for every write: what was done to which records, and the outcome.
//!
//! It contains ids only, never a name, an address or a value that was written.

use std::time::Instant;

use tracing::info;

use crate::salesforce::SalesforceId;

/// A write that has ended.
#[derive(Debug)]
pub(super) struct AuditLine<'a> {
    /// What was requested: `grant`, `revoke`, or the name of an action.
    pub(super) action: &'a str,
    /// The object that is written.
    pub(super) object: &'a str,
    /// The records of the request, and those that were written, as far as known.
    pub(super) ids: &'a [SalesforceId],
    /// The field of the object that the request is about, if it is about one.
    pub(super) field: Option<&'a str>,
    pub(super) outcome: Outcome,
    pub(super) began: Instant,
    /// Calls that were sent to Salesforce, reads included.
    pub(super) api_calls: u32,
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The org was changed.
    Changed,
    /// The org was as requested already.
    Already,
    /// Dry run: no write was sent.
    DryRun,
    /// Salesforce or the connector refused; nothing was changed.
    Refused,
    /// It failed for a reason that may pass; nothing was changed.
    Failed,
    /// A write was sent, and its effect could not be determined.
    Unknown,
}

impl Outcome {
    /// The word for logs and metrics.
    pub(super) fn as_str(self) -> &'static str {
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

/// Logs the line.
pub(super) fn record(line: &AuditLine<'_>) {
    let ids: Vec<_> = line.ids.iter().map(ToString::to_string).collect();
    let duration_ms = u64::try_from(line.began.elapsed().as_millis()).unwrap_or(u64::MAX);
    info!(
        action = line.action,
        sf.object = line.object,
        sf.ids = ids.join(","),
        sf.field = line.field,
        result = line.outcome.as_str(),
        duration_ms,
        sf.api_calls = line.api_calls,
        "write"
    );
}
