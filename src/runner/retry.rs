//! Which failed calls are repeated, and when.
//!
//! Like the SDK's syncer, it repeats only `Unavailable` and `DeadlineExceeded`, without a limit on
//! attempts. Cancelling the run ends a wait at once.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use prost::Message;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use super::clock::{Clock, from_wire};
use super::error::{Error, Result};
use crate::c1z::annotation;
use crate::pb::connector::RateLimitDescription;
use crate::pb::google::rpc;

const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Repeats failed calls.
#[derive(Clone)]
pub(crate) struct Retry {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cancel: CancellationToken,
}

impl Retry {
    /// Repeats the call until it succeeds, fails permanently (`Ok(Err(…))`) or the run is cancelled.
    pub(crate) async fn run<T, F>(&self, call: impl Fn() -> F) -> Result<Result<T, Status>>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let mut attempts = 0;
        loop {
            let result = tokio::select! {
                () = self.cancel.cancelled() => return Err(Error::Cancelled),
                result = call() => result,
            };
            let status = match result {
                Err(status) if is_transient(&status) => status,
                result => return Ok(result),
            };
            attempts += 1;
            let wait = delay(&status, attempts, self.clock.now());
            tracing::warn!(
                attempt = attempts,
                wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                code = ?status.code(),
                message = status.message(),
                "connector unavailable, retrying"
            );
            tokio::select! {
                () = self.cancel.cancelled() => return Err(Error::Cancelled),
                () = self.clock.sleep(wait) => {}
            }
        }
    }
}

fn is_transient(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded)
}

/// Waits one second longer after each attempt, unless the connector says when its quota resets.
pub(super) fn delay(status: &Status, attempts: u64, now: SystemTime) -> Duration {
    let by_attempt = Duration::from_secs(attempts);
    let described = quota(status).and_then(|quota| {
        let left = from_wire(quota.reset_at.as_ref()?)?
            .duration_since(now)
            .ok()?;
        let Ok(remaining @ 1..) = u64::try_from(quota.remaining) else {
            return Some(left);
        };
        // Spreads the remaining calls over the remaining time, in whole seconds.
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Some(Duration::from_secs(seconds.div_ceil(remaining)))
    });
    described
        .filter(|wait| !wait.is_zero())
        .unwrap_or(by_attempt)
        .min(LONGEST_WAIT)
}

/// The description in the trailer `grpc-status-details-bin`.
fn quota(status: &Status) -> Option<RateLimitDescription> {
    let details = rpc::Status::decode(status.details()).ok()?.details;
    annotation::first(&details)
}
