//! A write as it goes: what it cost, what came of it, and what is done when nobody knows whether
//! it happened.
//!
//! Must not know: what is written.

use std::time::Instant;

use super::audit::{self, Entry, Outcome};
use super::table::quota;
use crate::baton::{Error as Refusal, Kind, Quota};
use crate::salesforce::{Error, Response, SalesforceId};

/// Sends of a write whose outcome stays unknown.
const TRIES: u32 = 3;

/// One write, or several that belong together.
pub(super) struct Wrote {
    action: &'static str,
    object: &'static str,
    began: Instant,
    calls: u32,
    quota: Option<Quota>,
    outcome: Option<Outcome>,
    ids: Vec<SalesforceId>,
    /// The last call was sent, and its answer was lost.
    is_lost: bool,
}

impl Wrote {
    pub(super) fn new(action: &'static str, object: &'static str) -> Self {
        Self {
            action,
            object,
            began: Instant::now(),
            calls: 0,
            quota: None,
            outcome: None,
            ids: Vec::new(),
            is_lost: false,
        }
    }

    /// Takes the value of an answer, or notes the failure; and what it cost. How often the
    /// transport repeated a call that failed is not known here.
    pub(super) fn tried<T>(&mut self, answer: Result<Response<T>, Error>) -> Result<T, Error> {
        match answer {
            Ok(answer) => {
                self.calls += answer.calls;
                self.quota = answer.quota.as_ref().map(quota).or(self.quota);
                Ok(answer.value)
            }
            Err(error) => {
                self.calls += 1;
                self.quota = error.quota().map(quota).or(self.quota);
                // A read that fails afterwards leaves it as unknown as it was.
                self.is_lost |= error.is_ambiguous();
                Err(error)
            }
        }
    }

    /// Notes calls that were made elsewhere.
    pub(super) fn add(&mut self, calls: u32, quota: Option<Quota>) {
        self.calls += calls;
        self.quota = quota.or(self.quota);
    }

    pub(super) fn quota(&self) -> Option<Quota> {
        self.quota
    }

    /// Adds a record that it is about.
    pub(super) fn about(&mut self, id: SalesforceId) {
        self.ids.push(id);
    }

    /// Says what came of it so far.
    pub(super) fn ended(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }

    /// Writes the line of the log. What was changed before a failure counts as changed.
    pub(super) fn log(&self, failure: Option<&Refusal>) {
        let by_failure = match failure.map(Refusal::kind) {
            _ if self.is_lost => Outcome::Unknown,
            Some(
                Kind::Unavailable
                | Kind::DeadlineExceeded
                | Kind::ResourceExhausted
                | Kind::Cancelled,
            ) => Outcome::Failed,
            _ => Outcome::Refused,
        };
        audit::record(&Entry {
            action: self.action,
            object: self.object,
            ids: &self.ids,
            outcome: self.outcome.unwrap_or(by_failure),
            began: self.began,
            api_calls: self.calls,
        });
    }
}

/// Sends a write that may be repeated. When its outcome is unknown, `is_done` reads the truth, and
/// only a write that did not happen is sent again.
pub(super) async fn settle<W, D>(
    wrote: &mut Wrote,
    send: impl Fn() -> W + Send,
    is_done: impl Fn() -> D + Send,
) -> Result<(), Error>
where
    W: Future<Output = Result<Response<()>, Error>> + Send,
    D: Future<Output = Result<Response<bool>, Error>> + Send,
{
    let mut left = TRIES;
    loop {
        left -= 1;
        let error = match wrote.tried(send().await) {
            Ok(()) => return Ok(()),
            Err(error) if error.is_ambiguous() => error,
            Err(error) => return Err(error),
        };
        // Without the truth the first failure is what there is to tell.
        match wrote.tried(is_done().await) {
            Ok(true) => return Ok(()),
            Ok(false) if left > 0 => {}
            _ => return Err(error),
        }
    }
}
