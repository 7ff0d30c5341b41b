//! Why a query job did not bring all rows.

use std::time::Duration;

use crate::salesforce::Error;

/// Why a job did not bring all rows.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Salesforce(#[from] Error),
    #[error("the job failed: {words}")]
    Failed { words: String },
    #[error("the job was stopped")]
    Stopped,
    #[error("the job did not begin within {} seconds", .0.as_secs())]
    Queued(Duration),
    #[error("the job did not end within {} seconds", .0.as_secs())]
    TooLong(Duration),
    #[error("the result has {read} rows instead of {expected}")]
    Incomplete { expected: u64, read: u64 },
    #[error("the result has no header")]
    NoHeader,
    /// Nobody takes the rows any more.
    #[error("nobody takes the rows")]
    Unwanted,
}
