//! What every command that runs the connector begins with: one verdict on the whole
//! configuration, then the log.

use super::{Failure, World, print};
use crate::config::{Config, LogSettings, Problems, Written};
use crate::telemetry::{self, Telemetry};

/// A valid configuration, the command's own options, and the log, which ends with this.
pub(super) struct Prepared<T> {
    pub(super) config: Config,
    pub(super) options: T,
    _telemetry: Telemetry,
}

/// Validates everything before anything is done, so that all problems are told together.
pub(super) fn prepare<T>(
    world: &World,
    written: &Written,
    options: impl FnOnce(&mut Problems) -> T,
) -> Result<Prepared<T>, Failure> {
    let directory = &world.sources.directory;
    let mut problems = written.problems.clone();
    let log = LogSettings::resolve(&written.values, directory, world.terminal, &mut problems);
    let options = options(&mut problems);
    let config = match Config::resolve(&written.values, directory) {
        Ok(config) => problems.or(config),
        Err(others) => {
            problems.extend(others);
            Err(problems)
        }
    };
    let config = config.inspect_err(|_| print::warnings(&written.warnings))?;
    let telemetry = telemetry::install(&log, world.now)?;
    for warning in &written.warnings {
        tracing::warn!("{warning}");
    }
    if let Some(method) = config.inferred_auth_method {
        tracing::info!(
            auth.method = method,
            "auth-method is not set; taking the one whose fields are set"
        );
    }
    Ok(Prepared {
        config,
        options,
        _telemetry: telemetry,
    })
}
