//! Writing many records in few calls, each record with an outcome of its own.
//!
//! A record that somebody else holds locked is sent again after a pause. After a lost answer the
//! org is asked which records are still to be written, and only those are sent again, once.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::attempt::{Attempt, SENDS, not_made, untold};
use crate::connector::error::ReadError;
use crate::salesforce::composite::SaveResult;
use crate::salesforce::{ApiError, Error, ErrorCode, Problem};

/// How often a record is sent if it stays locked.
const LOCKED_SENDS: u32 = 4;
/// How long to wait before locked records are sent again. Doubled each time.
const PAUSE: Duration = Duration::from_millis(100);

/// Why a record was not written, as far as Salesforce says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RecordError {
    pub(super) code: Option<ErrorCode>,
    /// The org's words, without personal data.
    words: Option<String>,
}

impl RecordError {
    /// The errors of one record in a collection.
    pub(super) fn of(result: &SaveResult) -> Self {
        let problems = &result.errors;
        let words: Vec<String> = problems.iter().filter_map(Problem::words).collect();
        Self {
            code: problems.first().and_then(Problem::code).cloned(),
            words: Some(words.join("; ")).filter(|words| !words.is_empty()),
        }
    }

    /// The error of the call that would have written the record.
    pub(super) fn of_call(error: &Error) -> Self {
        Self {
            code: error.code().cloned(),
            words: error.api().and_then(ApiError::words),
        }
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, &self.words) {
            (Some(code), Some(words)) => write!(f, "{code}, the org says: {words}"),
            (Some(code), None) => write!(f, "{code}"),
            (None, Some(words)) => write!(f, "the org says: {words}"),
            (None, None) => f.write_str("Salesforce gave no reason"),
        }
    }
}

/// Records that are written together.
#[async_trait]
pub(super) trait Batch: Sync {
    /// One record.
    type Record: Send;

    /// Writes the records in one call. The results have the order of the records.
    async fn send(
        &self,
        records: &[Self::Record],
        attempt: &mut Attempt<'_>,
    ) -> Result<Vec<Result<(), RecordError>>, Error>;

    /// Splits the records by what the org shows now: those that are still to be written, and those
    /// that are done.
    async fn split(
        &self,
        records: Vec<Self::Record>,
        attempt: &mut Attempt<'_>,
    ) -> Result<(Vec<Self::Record>, Vec<Self::Record>), ReadError>;
}

/// The outcome of the records.
pub(super) struct Written<R> {
    pub(super) done: Vec<R>,
    pub(super) failed: Vec<(R, RecordError)>,
}

/// Writes the records until the outcome of each is known. `written` has what was done before an
/// error, too.
pub(super) async fn write<B: Batch>(
    batch: &B,
    records: Vec<B::Record>,
    attempt: &mut Attempt<'_>,
    written: &mut Written<B::Record>,
) -> Result<(), ReadError> {
    let mut open = records;
    let mut pause = PAUSE;
    let mut losses_left = SENDS;
    let mut locked_left = LOCKED_SENDS;
    while !open.is_empty() {
        let results = match batch.send(&open, attempt).await {
            Ok(results) => results,
            Err(error) if error.is_ambiguous() => {
                attempt.set_unsure(true);
                let split = batch.split(open, attempt).await;
                let (still_open, done) = split.map_err(untold)?;
                attempt.set_unsure(false);
                note(done, attempt, written);
                losses_left -= 1;
                if losses_left == 0 && !still_open.is_empty() {
                    return Err(not_made(Some(error)).into());
                }
                open = still_open;
                continue;
            }
            Err(error) => return Err(ReadError::Salesforce(error)),
        };
        locked_left -= 1;
        let mut locked = Vec::new();
        for (record, result) in open.into_iter().zip(results) {
            match result {
                Ok(()) => note(vec![record], attempt, written),
                Err(error) if error.code == Some(ErrorCode::UnableToLockRow) && locked_left > 0 => {
                    locked.push(record);
                }
                Err(error) => written.failed.push((record, error)),
            }
        }
        open = locked;
        if !open.is_empty() {
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
    Ok(())
}

fn note<R>(done: Vec<R>, attempt: &mut Attempt<'_>, written: &mut Written<R>) {
    if !done.is_empty() {
        attempt.changed();
    }
    written.done.extend(done);
}

impl<R> Default for Written<R> {
    fn default() -> Self {
        Self {
            done: Vec::new(),
            failed: Vec::new(),
        }
    }
}
