//! One query job.

use jiff::{SignedDuration, Timestamp};

use super::{Format, Results};
use crate::org::Caller;
use crate::org::id::Id;

/// A bulk job as tests see it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkJobView {
    /// Its 18-character id.
    pub id: String,
    /// The queried object.
    pub object: String,
    /// The query.
    pub soql: String,
    /// The current state.
    pub state: BulkState,
    /// The 18-character id of the user who created it.
    pub created_by: String,
}

/// The state of a bulk job.
#[expect(missing_docs, reason = "the names are Salesforce's own")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkState {
    UploadComplete,
    InProgress,
    JobComplete,
    Failed,
    Aborted,
}

impl BulkState {
    /// Returns the name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UploadComplete => "UploadComplete",
            Self::InProgress => "InProgress",
            Self::JobComplete => "JobComplete",
            Self::Failed => "Failed",
            Self::Aborted => "Aborted",
        }
    }

    /// Whether the job has ended.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::JobComplete | Self::Failed | Self::Aborted)
    }
}

/// What a job was created for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) caller: Caller,
    /// The queried object, in its proper case.
    pub(crate) object: String,
    pub(crate) soql: String,
    /// Whether deleted and revoked rows are included (`queryAll`).
    pub(crate) all_rows: bool,
    pub(crate) format: Format,
    /// Whether Salesforce can cut the query into chunks: it has neither LIMIT nor ORDER BY.
    pub(crate) chunked: bool,
}

/// A query job.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) id: Id,
    /// Its number, counted from 1.
    pub(crate) number: u64,
    pub(crate) request: Request,
    pub(crate) created: Timestamp,
    pub(crate) duration: SignedDuration,
    /// Whether it fails at its end.
    pub(crate) fails: bool,
    /// Whether its query runs or has run.
    pub(super) taken: bool,
    /// How and when it ended.
    pub(crate) ending: Option<(Ending, Timestamp)>,
}

/// How a job ended.
#[derive(Debug, Clone)]
pub(crate) enum Ending {
    Complete(Results),
    /// With the number of records until then.
    Failed(String, usize),
    Aborted,
}

impl Job {
    /// Returns when the job is in progress.
    pub(crate) fn begins(&self) -> Timestamp {
        self.created
            .saturating_add(self.duration / 2)
            .unwrap_or(self.created)
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        !self.taken && self.ending.is_none() && now.duration_since(self.created) >= self.duration
    }

    /// Returns the results if there are any.
    pub(crate) fn results(&self) -> Option<&Results> {
        match &self.ending {
            Some((Ending::Complete(rows), _)) => Some(rows),
            _ => None,
        }
    }

    /// Returns how many records were read so far.
    pub(crate) fn records(&self) -> usize {
        match &self.ending {
            Some((Ending::Complete(rows), _)) => rows.len(),
            Some((Ending::Failed(_, records), _)) => *records,
            _ => 0,
        }
    }
}

impl Ending {
    pub(super) fn state(&self) -> BulkState {
        match self {
            Self::Complete(_) => BulkState::JobComplete,
            Self::Failed(..) => BulkState::Failed,
            Self::Aborted => BulkState::Aborted,
        }
    }
}
