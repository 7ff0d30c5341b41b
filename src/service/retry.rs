//! Retries of whole calls, where hosts leave them to the connector.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::baton::{Error, Kind, Result};

/// The backoff of each kind of call.
#[derive(Debug)]
pub(super) struct Backoffs {
    /// For Validate: hosts reject a connector whose first validation fails.
    pub(super) validate: Backoff,
    /// For Grant and Revoke. Short, because the host keeps the call open meanwhile.
    pub(super) provisioning: Backoff,
}

/// The waits between the attempts of one call.
#[derive(Debug)]
pub(super) struct Backoff {
    /// One for each retry.
    waits: Vec<Duration>,
    /// If the upstream system asks for a longer wait than this, the call fails and the host waits.
    longest: Duration,
}

impl Default for Backoffs {
    fn default() -> Self {
        Self {
            validate: Backoff {
                waits: (1..=5).map(Duration::from_secs).collect(),
                longest: Duration::from_mins(1),
            },
            provisioning: Backoff {
                waits: [500, 1_000, 2_000].map(Duration::from_millis).to_vec(),
                longest: Duration::from_secs(5),
            },
        }
    }
}

impl Backoff {
    /// Repeats `attempt` until it succeeds, fails for good, or no retry is left.
    pub(super) async fn repeat<T, F>(
        &self,
        stopping: &CancellationToken,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        for step in &self.waits {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let wait = error.wait().unwrap_or(*step);
            if !is_worth_repeating(&error) || wait > self.longest {
                return Err(error);
            }
            // Explains why the call takes so long. The cause is logged once, at the end.
            tracing::info!(
                code = ?error.kind(),
                wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                "a call failed and is retried after a wait"
            );
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stopping.cancelled() => return Err(error),
            }
        }
        attempt().await
    }
}

/// Retries of several layers would multiply, so exhausted ones are final. Except when a write may
/// have happened: only another attempt finds out, by reading what is there.
fn is_worth_repeating(error: &Error) -> bool {
    let is_temporary = matches!(error.kind(), Kind::Unavailable | Kind::DeadlineExceeded);
    is_temporary && (error.is_unsure() || !error.has_exhausted_retries())
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    fn busy() -> Error {
        Error::new(Kind::Unavailable, "busy")
    }

    #[test_case(busy, 4; "it may pass, and nobody has retried")]
    #[test_case(|| busy().retries_exhausted(true), 1; "retries are exhausted")]
    #[test_case(|| busy().retries_exhausted(true).unsure(), 4; "a write may have happened")]
    #[test_case(|| busy().retry_after(Some(Duration::from_mins(1))), 1; "the wait is too long")]
    #[test_case(|| Error::invalid("wrong"), 1; "it does not pass")]
    #[tokio::test(start_paused = true)]
    async fn a_call_is_attempted_so_often(error: fn() -> Error, times: u32) {
        let mut attempts = 0;
        let failed = Backoffs::default()
            .provisioning
            .repeat(&CancellationToken::new(), || {
                attempts += 1;
                std::future::ready(Err::<(), _>(error()))
            })
            .await;
        assert!(failed.is_err());
        assert_eq!(attempts, times);
    }
}
