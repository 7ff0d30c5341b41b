//! The connector process that does the daemon's tasks. It is started with the first of them, and anew
//! when it has died.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::metrics::exposition::FromConnector;
use crate::metrics::{HostMetrics, Process};
use crate::runner::{Call, Error, Executable, Result, Running};

/// How long a page may wait for the counts of the connector.
const PATIENCE: Duration = Duration::from_secs(2);

/// The connector of a daemon.
pub(super) struct Connector {
    executable: Executable,
    running: Mutex<Option<Arc<Running>>>,
    metrics: HostMetrics,
}

impl Connector {
    pub(super) fn new(executable: Executable, metrics: HostMetrics) -> Self {
        Self {
            executable,
            metrics,
            running: Mutex::default(),
        }
    }

    /// The running process.
    pub(super) async fn running(&self) -> Result<Arc<Running>> {
        let mut running = self.running.lock().await;
        if let Some(running) = running.as_ref().filter(|it| it.is_running()) {
            return Ok(Arc::clone(running));
        }
        if running.take().is_some() {
            tracing::warn!("the connector has ended; starting it anew");
        }
        let started = Running::start(&self.executable).await;
        let outcome = if started.is_ok() { "ok" } else { "failed" };
        self.metrics.connector_started(outcome);
        let started = Arc::new(started?);
        *running = Some(Arc::clone(&started));
        Ok(started)
    }

    /// What the running process has counted. Nothing is started, and nobody waits for a start.
    pub(super) async fn counts(&self) -> Option<FromConnector> {
        let running = self.running.try_lock().ok()?.clone()?;
        let counts = tokio::time::timeout(PATIENCE, running.counts()).await;
        let counts = counts.ok()?.ok()?;
        Some(FromConnector {
            series: counts.series,
            process: Process {
                resident_bytes: counts.resident_bytes,
                started: Duration::from_millis(counts.started_ms),
            },
        })
    }

    /// Makes one call.
    pub(super) async fn call<C: Call>(&self, doing: &'static str, request: C) -> Result<C::Reply> {
        let running = self.running().await?;
        let client = running.client();
        let call = async { client.call(request).await.map_err(Error::call(doing)) };
        running.run(call).await
    }

    /// Ends the process.
    pub(super) async fn shutdown(&self) {
        let running = self.running.lock().await.take();
        // A task that did not end in time may still hold it; dropping it kills the process.
        if let Some(running) = running.and_then(|running| Arc::try_unwrap(running).ok()) {
            running.shutdown().await;
        }
    }
}
