//! Waiting for passing trouble to pass, where hosts leave that to the connector.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::baton::{Kind, Result};

/// How often and how long each kind of call is repeated.
#[derive(Clone, Debug)]
pub struct Patience {
    /// For Validate: hosts give up on a connector that is not valid at once.
    pub validate: Pauses,
    /// For Grant and Revoke. Short: the domain has repeated single requests already, and the host
    /// holds the call open meanwhile.
    pub provisioning: Pauses,
}

/// The pauses between the attempts of one call.
#[derive(Clone, Debug)]
pub struct Pauses {
    /// One per repetition.
    pub steps: Vec<Duration>,
    /// If the upstream system asks for a longer pause than this, the host shall wait instead.
    pub longest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            validate: Pauses {
                steps: (1..=5).map(Duration::from_secs).collect(),
                longest: Duration::from_mins(1),
            },
            provisioning: Pauses {
                steps: [500, 1_000, 2_000].map(Duration::from_millis).to_vec(),
                longest: Duration::from_secs(5),
            },
        }
    }
}

impl Pauses {
    /// Attempts until it works, fails for good, or the pauses are used up.
    pub(super) async fn repeat<T, F>(
        &self,
        stopping: &CancellationToken,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        for step in &self.steps {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let pause = error.wait().unwrap_or(*step);
            let passing = matches!(error.kind(), Kind::Unavailable | Kind::DeadlineExceeded);
            if !passing || pause > self.longest {
                return Err(error);
            }
            // Or nobody would know why it takes so long. The cause is told once, at the end.
            tracing::info!(
                code = ?error.kind(),
                wait_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
                "passing trouble; the call waits and is tried again"
            );
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stopping.cancelled() => return Err(error),
            }
        }
        attempt().await
    }
}
