//! The options of the daemon.

use secrecy::SecretString;

use super::Sources;
use super::flags::{host as flags, telemetry};
use super::problem::Problems;
use super::serve::HealthSettings;
use super::values::Values;

/// Variables without a flag, as in the Baton SDK.
pub(super) const HOST_ID: &str = "BATON_HOST_ID";
pub(super) const API_HOST: &str = "BATON_C1_API_HOST";
pub(super) const GET_TASKS: &str = "BATON_GET_TASKS";

/// The options of the daemon.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DaemonOptions {
    /// The client id at the platform.
    pub client_id: String,
    /// The client secret, which holds a private key.
    pub client_secret: SecretString,
    /// The host of the platform's API, if it is not the one in the client id.
    pub api_host: Option<String>,
    /// What this host calls itself, if not its name.
    pub host_id: Option<String>,
    /// How many tasks it does at once.
    pub concurrency: u32,
    /// Whether it asks for several tasks at once.
    pub asks_for_several: bool,
    /// Answer full syncs with a file without rows.
    pub skip_full_sync: bool,
    /// Keep the file of the last sync.
    pub keep_previous: bool,
    /// The HTTP endpoint for health and metrics, if it is enabled.
    pub health: Option<HealthSettings>,
}

impl DaemonOptions {
    /// The options, if the daemon is asked for.
    pub(super) fn resolve(
        values: &Values,
        sources: &Sources,
        problems: &mut Problems,
    ) -> Option<Self> {
        let client_id = values.optional(&flags::CLIENT_ID)?;
        let concurrency = values.number(&flags::TASK_CONCURRENCY);
        let asks_for_several = sources.variable(GET_TASKS, problems).map(str::to_owned);
        Some(Self {
            client_id,
            client_secret: values.secret(&flags::CLIENT_SECRET).unwrap_or_default(),
            api_host: variable(sources, API_HOST, problems),
            host_id: variable(sources, HOST_ID, problems),
            concurrency: u32::try_from(concurrency).unwrap_or(1),
            asks_for_several: asks_for_several.is_some_and(|text| is_true(&text)),
            skip_full_sync: values.switch(&flags::SKIP_FULL_SYNC),
            keep_previous: values.switch(&flags::KEEP_PREVIOUS_SYNC),
            health: values
                .switch(&telemetry::HEALTH_CHECK)
                .then(|| problems.keep(HealthSettings::resolve(values)))
                .flatten(),
        })
    }
}

fn variable(sources: &Sources, name: &str, problems: &mut Problems) -> Option<String> {
    let value = sources.variable(name, problems)?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// What Go's `strconv.ParseBool` takes for true; the SDK takes anything else for false.
fn is_true(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "TRUE" | "true" | "True")
}
