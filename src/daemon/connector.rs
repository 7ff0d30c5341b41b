//! The connector process that does the daemon's tasks. It is started with the first of them, and anew
//! when it has died.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::runner::{Call, Error, Executable, Result, Running};

/// The connector of a daemon.
pub(super) struct Connector {
    executable: Executable,
    running: Mutex<Option<Arc<Running>>>,
}

impl Connector {
    pub(super) fn new(executable: Executable) -> Self {
        Self {
            executable,
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
        let started = Arc::new(Running::start(&self.executable).await?);
        *running = Some(Arc::clone(&started));
        Ok(started)
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
