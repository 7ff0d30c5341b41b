//! The first step of every command that runs the connector: validate the whole configuration, then
//! start the log.

use super::failure::Failure;
use super::print;
use super::world::World;
use crate::config::{
    CollectorSettings, Config, LogSettings, Problems, Sources, Values, Written, host_flags,
};
use crate::telemetry::{self, Telemetry};

/// A valid configuration and the command's own options. Dropping it ends the log.
pub(super) struct Prepared<T> {
    pub(super) config: Config,
    pub(super) options: T,
    _telemetry: Telemetry,
}

/// Validates everything before anything is done, in order to report all problems together.
pub(super) fn prepare<T>(
    world: &World,
    written: &Written,
    options: impl FnOnce(&mut Problems) -> T,
) -> Result<Prepared<T>, Failure> {
    prepare_as(world, written, Config::resolve, options)
}

/// Like [`prepare`], for a command that reads the configuration in its own way.
pub(super) fn prepare_as<T>(
    world: &World,
    written: &Written,
    resolve: fn(&Values, &Sources) -> Result<Config, Problems>,
    options: impl FnOnce(&mut Problems) -> T,
) -> Result<Prepared<T>, Failure> {
    if written.file_is_unread {
        return Err(written.problems.clone().into());
    }
    let directory = &world.sources.directory;
    let mut problems = written.problems.clone();
    let log = LogSettings::resolve(&written.values, directory, world.terminal, &mut problems);
    let collector = CollectorSettings::resolve(&written.values, directory, &mut problems);
    let options = options(&mut problems);
    let config = match resolve(&written.values, &world.sources) {
        Ok(config) => problems.or(config),
        Err(others) => {
            problems.extend(others);
            Err(problems)
        }
    };
    let config = config.inspect_err(|_| print::warnings(&written.warnings))?;
    let telemetry = telemetry::install(&log, collector.as_ref(), world.now)?;
    if !written.values.switch(&host_flags::STARTED_BY_OWN_HOST) {
        log_oddities(&config, &written.warnings);
    }
    Ok(Prepared {
        config,
        options,
        _telemetry: telemetry,
    })
}

fn log_oddities(config: &Config, warnings: &[String]) {
    for warning in warnings.iter().chain(&config.warnings) {
        tracing::warn!("{warning}");
    }
    if let Some(method) = config.inferred_auth_method {
        tracing::info!(
            auth.method = method,
            "auth-method is not set; taking the one whose fields are set"
        );
    }
}
