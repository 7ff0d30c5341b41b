//! A write as it goes: what it cost, its one line in the log, and what is done when nobody knows
//! whether it happened.
//!
//! Must not know: what is written.

use std::time::Instant;

use tracing::info;

use super::table::quota;
use crate::baton::Quota;
use crate::salesforce::{Error, Response, SalesforceId};

/// Sends of a write whose outcome stays unknown.
const TRIES: u32 = 3;

/// One write, or several that belong together.
pub(super) struct Wrote {
    action: &'static str,
    object: &'static str,
    started: Instant,
    calls: u32,
    quota: Option<Quota>,
    result: &'static str,
    id: Option<SalesforceId>,
}

impl Wrote {
    pub(super) fn new(action: &'static str, object: &'static str) -> Self {
        let started = Instant::now();
        Self {
            action,
            object,
            started,
            calls: 0,
            quota: None,
            result: "refused",
            id: None,
        }
    }

    /// Takes the value of an answer, and notes what it cost.
    pub(super) fn keep<T>(&mut self, answer: Response<T>) -> T {
        self.calls += answer.calls;
        self.quota = answer.quota.as_ref().map(quota).or(self.quota);
        answer.value
    }

    /// Notes a call that failed; how often the transport repeated it is not known here.
    pub(super) fn lost(&mut self, error: &Error) {
        self.calls += 1;
        self.quota = error.quota().map(quota).or(self.quota);
    }

    /// Takes the value, or notes the failure.
    pub(super) fn tried<T>(&mut self, answer: Result<Response<T>, Error>) -> Result<T, Error> {
        match answer {
            Ok(answer) => Ok(self.keep(answer)),
            Err(error) => {
                self.lost(&error);
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

    /// Says which record it is about.
    pub(super) fn about(&mut self, id: SalesforceId) {
        self.id = Some(id);
    }

    /// Says what came of it: a word for the log, such as `changed`.
    pub(super) fn ended(&mut self, result: &'static str) {
        self.result = result;
    }

    /// Writes the line of the log: ids and numbers only, no names and no addresses.
    pub(super) fn log(&self) {
        info!(
            action = self.action,
            sf.object = self.object,
            sf.id = self.id.map(tracing::field::display),
            result = self.result,
            duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            sf.api_calls = self.calls,
            "write"
        );
    }
}

/// Sends a write that may be repeated. When its outcome is unknown, `is_done` reads the truth, and
/// only a write that did not happen is sent again.
pub(super) async fn settle<W, D>(
    tally: &mut Wrote,
    write: impl Fn() -> W + Send,
    is_done: impl Fn() -> D + Send,
) -> Result<(), Error>
where
    W: Future<Output = Result<Response<()>, Error>> + Send,
    D: Future<Output = Result<Response<bool>, Error>> + Send,
{
    let mut left = TRIES;
    loop {
        left -= 1;
        let error = match tally.tried(write().await) {
            Ok(()) => return Ok(()),
            Err(error) if error.is_ambiguous() => error,
            Err(error) => return Err(error),
        };
        // Without the truth the first failure is what there is to tell.
        match tally.tried(is_done().await) {
            Ok(true) => return Ok(()),
            Ok(false) if left > 0 => {}
            _ => return Err(error),
        }
    }
}
