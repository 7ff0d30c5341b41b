//! Runs the daemon with this binary as the connector.

use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use super::jobs::sync_request;
use super::serve_health;
use crate::causes;
use crate::cli::Failure;
use crate::config::HostOptions;
use crate::daemon::{Daemon, Error, Identity, Settings, SyncSettings};
use crate::metrics::{HostMetrics, Process, exposition};
use crate::runner::Executable;
use crate::telemetry::health::Page;

pub(super) async fn run(options: &HostOptions, executable: Executable) -> Result<(), Failure> {
    let Some(asked) = &options.daemon else {
        return Err(Failure::usage("field client-id: is needed for the daemon"));
    };
    let identity = Identity::read(
        &asked.client_id,
        &asked.client_secret,
        asked.api_host.as_deref(),
    )
    .map_err(|flaw| Failure::usage(flaw.to_string()))?;
    let temporary_directory = options
        .temporary_directory
        .clone()
        .unwrap_or_else(std::env::temp_dir);
    // The name that the SDK gives it, so that one host finds what the other has kept.
    let previous = asked.keep_previous.then(|| {
        let digest = Sha256::digest(asked.client_id.as_bytes());
        let short = digest
            .iter()
            .take(8)
            .fold(0, |short: u64, byte| short << 8 | u64::from(*byte));
        temporary_directory.join(format!("baton-previous-sync-{short:016x}.c1z"))
    });
    let (metrics, started) = (HostMetrics::default(), SystemTime::now());
    let daemon = Daemon::new(Settings {
        identity,
        host_id: asked.host_id.clone().unwrap_or_else(host_name),
        concurrency: asked.concurrency,
        asks_for_several: asked.asks_for_several,
        temporary_directory,
        sync: SyncSettings {
            request: sync_request(options, executable)?,
            skip_full_sync: asked.skip_full_sync,
            previous,
        },
        metrics: metrics.clone(),
    })?;
    if let Some(health) = &asked.health {
        let connector = daemon.check();
        let counting = connector.clone();
        let check = Arc::new(move || connector.clone().validate());
        let page: Page = Arc::new(move || {
            let (metrics, connector) = (metrics.clone(), counting.clone());
            Box::pin(async move {
                let connector = connector.counts().await;
                exposition::of_daemon(&metrics, Process::this(started), connector.as_ref())
            })
        });
        serve_health(check, page, health).await?;
    }
    Ok(daemon.run().await?)
}

fn host_name() -> String {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    if name.is_empty() {
        "baton-sdk".to_owned()
    } else {
        name
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::status(error.code(), causes::chain(&error))
    }
}
