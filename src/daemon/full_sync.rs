//! Full syncs: into a file of their own, which the platform then gets.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tonic::Code;

use super::Shared;
use super::outcome::Outcome;
use super::platform::Platform;
use crate::causes;
use crate::metrics::SyncRows;
use crate::pb::platform::task::SyncFullTask;
use crate::runner::{self, RowCounts, SyncRequest, Target};

/// Attempts to upload a file. Heartbeats go on meanwhile.
const ATTEMPTS: u32 = 5;

/// How this daemon syncs, whatever the task asks for.
#[derive(Clone, Debug)]
pub struct SyncSettings {
    /// Everything that a task does not say. Its executable is the connector of all tasks.
    pub request: SyncRequest,
    /// Answer with a file without rows.
    pub skip_full_sync: bool,
    /// Where the file of the last sync stays, if it does.
    pub previous: Option<std::path::PathBuf>,
}

/// Syncs and uploads, until `cancel` is cancelled. It must not be dropped before it returns: somebody
/// would still be writing the file.
pub(super) async fn perform(
    shared: &Shared,
    id: &str,
    task: &SyncFullTask,
    cancel: &CancellationToken,
) -> Outcome {
    let Shared {
        connector,
        platform,
        sync: settings,
        ..
    } = shared;
    let file = Removed(shared.workplace.file());
    let request = request(settings, task, &file.0);
    let synced = async {
        let running = connector.running().await?;
        // The sync cancels its own workers when it fails, and not the task.
        runner::sync_with(&running, &request, &cancel.child_token()).await
    };
    let summary = match synced.await {
        Ok(summary) => {
            let rows = summary.totals();
            tracing::info!(
                task_id = id,
                sync_id = summary.sync_id,
                resources = rows.resources,
                entitlements = rows.entitlements,
                grants = rows.grants,
                api_calls = summary.api_calls,
                warnings = summary.warnings.len(),
                seconds = summary.duration.as_secs_f64(),
                "synced"
            );
            summary
        }
        Err(error) => return Outcome::of_error(&error),
    };
    let uploaded = tokio::select! {
        () = cancel.cancelled() => return Outcome::failed(Code::Cancelled, "cancelled"),
        uploaded = upload(platform, id, &file.0) => uploaded,
    };
    if let Err(outcome) = uploaded {
        return outcome;
    }
    shared.metrics.synced(summary.duration, rows(summary.rows));
    if let Some(previous) = &settings.previous {
        keep(&file.0, previous);
    }
    Outcome::Done {
        response: None,
        annotations: Vec::new(),
    }
}

fn rows(counts: BTreeMap<String, RowCounts>) -> impl Iterator<Item = (String, SyncRows)> {
    counts.into_iter().map(|(kind, rows)| {
        let rows = SyncRows {
            resources: rows.resources,
            entitlements: rows.entitlements,
            grants: rows.grants,
        };
        (kind, rows)
    })
}

/// What the task asks for goes before what the command line says, except for single resources: as in
/// the SDK's daemon.
fn request(settings: &SyncSettings, task: &SyncFullTask, file: &Path) -> SyncRequest {
    let mut request = settings.request.clone();
    if task.storage_engine == "pebble" {
        tracing::info!("the platform asks for a file of the engine pebble; writing one of SQLite");
    }
    request.file = Some(file.to_owned());
    request.only_validate = settings.skip_full_sync;
    request.skip_expansion = task.skip_expand_grants;
    request.skip_entitlements_and_grants |= task.skip_entitlements_and_grants;
    request.skip_grants |= task.skip_grants;
    if !task.sync_resource_type_ids.is_empty() {
        request
            .resource_types
            .clone_from(&task.sync_resource_type_ids);
    }
    if request.resources.is_empty() {
        let targets = task.targeted_sync_resources.iter().filter_map(Target::of);
        request.resources = targets.map(|target| target.to_string()).collect();
    }
    request
}

/// Uploads the file. A broken stream is begun anew.
async fn upload(platform: &Platform, id: &str, file: &Path) -> Result<(), Outcome> {
    let mut attempt = 1;
    loop {
        let Err(error) = platform.upload(id, file).await else {
            return Ok(());
        };
        let text = causes::chain(&error);
        if !error.is_passing() || attempt >= ATTEMPTS {
            return Err(Outcome::failed(error.code(), text));
        }
        tracing::warn!(
            task_id = id,
            attempt,
            error = text,
            "an upload failed; trying again"
        );
        tokio::time::sleep(Duration::from_secs(u64::from(attempt * attempt))).await;
        attempt += 1;
    }
}

/// Keeps the file for whoever looks at it, private as it is. A failure fails no task.
fn keep(file: &Path, previous: &Path) {
    if let Err(error) = std::fs::rename(file, previous) {
        tracing::warn!(path = %previous.display(), %error, "the file of the sync could not be kept");
    }
}

/// A file that is removed.
struct Removed(std::path::PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        match std::fs::remove_file(&self.0) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(path = %self.0.display(), %error, "a temporary file could not be removed");
            }
            _ => {}
        }
    }
}
