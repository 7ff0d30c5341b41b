//! The configuration: from flags, variables and the config file to a validated [`Config`].
//!
//! Every flag is described once, in [`flags`]; the command line, the environment, the config file
//! and the published schema follow from that. It does not depend on HTTP: `salesforce` interprets
//! instance URLs.

mod args;
mod auth;
mod ca_file;
mod collector;
mod daemon;
mod environment;
mod file;
mod flag;
mod flags;
mod group;
mod handover;
mod hint;
mod host;
mod lifecycle_api;
mod list;
mod log;
mod login;
pub(crate) mod nearest;
mod output;
mod problem;
mod relation;
pub mod schema;
mod secret_file;
mod serve;
mod sources;
mod standard_input;
mod sync;
mod token_store;
mod values;

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use auth::{AuthMethod, RefreshGrant};
pub use collector::CollectorSettings;
pub use daemon::DaemonOptions;
pub use handover::Arguments;
pub use host::{ExternalResources, HostOptions};
pub use lifecycle_api::LifecycleApi;
pub use log::{LogFormat, LogLevel, LogSettings};
pub use login::LoginOptions;
pub use output::OutputFormat;
pub use problem::Problems;
pub use serve::{HealthSettings, ServeOptions, ServeTls};
pub use sources::Sources;
pub use sync::SyncOptions;
pub use token_store::TokenStoreSetting;
pub use values::Values;

pub(crate) use args::{CONNECTOR_SERVICE, NAME, command};
pub(crate) use flag::Flag;
pub(crate) use flags::{
    access, connector as connector_flags, doctor, file_tool, health_check, host as host_flags,
    one_shot, report, telemetry, ticket,
};
pub(crate) use host::file_mode;
pub(crate) use sources::Written;

use flags::connector;

/// The directory of query jobs, below the state directory of the user.
const JOB_NOTES: &str = "baton-salesforce/query-jobs";

/// The settings of the connector.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[non_exhaustive]
pub struct Config {
    /// The org's address as the user wrote it, or where another field leads; `salesforce` derives
    /// the hosts.
    pub instance_url: String,
    /// How to sign in.
    pub auth: AuthMethod,
    /// The name of the method, if it was not given but inferred from the fields that are set.
    pub inferred_auth_method: Option<&'static str>,
    /// Where refresh tokens are kept.
    pub token_store: TokenStoreSetting,
    /// Whether that is the default.
    pub is_default_token_store: bool,
    /// What looks like a mistake but may be none.
    pub warnings: Vec<String>,
    /// The options of a sync.
    pub sync: SyncOptions,
    /// User license name → name of the profile that a user gets when its profile is revoked.
    pub least_privileged_profiles: BTreeMap<String, String>,
    /// Whether writes are allowed.
    pub provisioning: bool,
    /// Whether tickets are enabled.
    pub ticketing: bool,
    /// The API through which accounts and their entitlements are changed.
    pub lifecycle_api: LifecycleApi,
    /// The template for the username of a new account.
    pub username_template: String,
    /// The suffix of such a username.
    pub username_suffix: String,
    /// Whether Salesforce emails new users a link to set their password.
    pub account_password_mail: bool,
    /// Whether writes are only reported.
    pub dry_run: bool,
    /// The version of the Salesforce API, for example `63.0`.
    pub api_version: String,
    /// Whether the instance URL may lie outside Salesforce's domains.
    pub allow_custom_domain: bool,
    /// Certificates of authorities to trust besides the system's, in PEM.
    pub ca_certificates: Option<String>,
    /// Calls of the daily allowance to leave for others.
    pub api_reserve: u64,
    /// Tables with more rows than this are read with Bulk API 2.0; `None` for no table.
    pub bulk_threshold: Option<u64>,
    /// The directory in which the rows of a sync are kept for the next one.
    pub row_cache: Option<PathBuf>,
    /// After this time all rows are read again.
    pub row_cache_full_after: Duration,
    /// The directory in which running query jobs are noted.
    pub job_notes: Option<PathBuf>,
    /// The timeout of a call to Salesforce.
    pub http_timeout: Duration,
    /// The longest wait that Salesforce may ask for; a longer one ends the call.
    pub max_retry_after: Duration,
}

impl Config {
    /// Validates `values`, which are from `sources`, and returns all problems together.
    pub fn resolve(values: &Values, sources: &Sources) -> Result<Self, Problems> {
        Self::with(auth::choose(values), values, sources)
    }

    /// The configuration of `login` and `logout`: as for a refresh token, whatever the method is
    /// otherwise. There need not be a token yet.
    pub fn for_login(values: &Values, sources: &Sources) -> Result<Self, Problems> {
        Self::with(Ok(auth::Choice::FOR_LOGIN), values, sources)
    }

    fn with(
        choice: Result<auth::Choice, String>,
        values: &Values,
        sources: &Sources,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let token_store = TokenStoreSetting::resolve(
            values,
            &sources.directory,
            sources.state_directory.as_deref(),
        );
        let auth = resolve_auth(
            choice,
            values,
            &sources.directory,
            &token_store,
            &mut problems,
        );
        let sync = SyncOptions::resolve(values, &mut problems);
        let api_version = problems.keep(api_version(values)).unwrap_or_default();
        let lifecycle_api = problems
            .keep(LifecycleApi::resolve(values))
            .unwrap_or_default();
        let ca_certificates = problems
            .keep(ca_file::read(values, &sources.directory))
            .flatten();
        let least_privileged_profiles = values.map(&connector::LEAST_PRIVILEGED_PROFILES);
        check_profiles(&least_privileged_profiles, &mut problems);
        let Some((inferred_auth_method, auth)) = auth else {
            return Err(problems);
        };
        problems.or(Self {
            instance_url: auth.instance_url,
            auth: auth.method,
            inferred_auth_method,
            token_store,
            is_default_token_store: !values.is_set(&connector::TOKEN_STORE),
            warnings: auth.warnings,
            sync,
            least_privileged_profiles,
            provisioning: provisioning(values),
            ticketing: ticketing(values),
            lifecycle_api,
            username_template: values.text(&connector::USERNAME_TEMPLATE).to_owned(),
            username_suffix: values.text(&connector::USERNAME_SUFFIX).to_owned(),
            account_password_mail: values.switch(&connector::ACCOUNT_PASSWORD_MAIL),
            dry_run: values.switch(&connector::DRY_RUN),
            api_version,
            allow_custom_domain: values.switch(&connector::ALLOW_CUSTOM_DOMAIN),
            ca_certificates,
            api_reserve: values.number(&connector::API_RESERVE).unsigned_abs(),
            bulk_threshold: Some(values.number(&connector::BULK_THRESHOLD).unsigned_abs())
                .filter(|threshold| *threshold > 0),
            row_cache: Some(values.text(&connector::ROW_CACHE))
                .filter(|path| !path.is_empty())
                .map(|path| sources.directory.join(path)),
            row_cache_full_after: Duration::from_hours(
                values
                    .number(&connector::ROW_CACHE_FULL_AFTER)
                    .unsigned_abs(),
            ),
            job_notes: sources
                .state_directory
                .as_ref()
                .map(|state| state.join(JOB_NOTES)),
            http_timeout: Duration::from_secs(
                values
                    .number(&flags::telemetry::HTTP_TIMEOUT_SECONDS)
                    .unsigned_abs(),
            ),
            max_retry_after: Duration::from_secs(
                values
                    .number(&flags::telemetry::MAX_RETRY_AFTER_SECONDS)
                    .unsigned_abs(),
            ),
        })
    }
}

/// The sign-in method and whether it was inferred, or `None` and the reasons in `problems`.
fn resolve_auth(
    chosen: Result<auth::Choice, String>,
    values: &Values,
    directory: &Path,
    store: &TokenStoreSetting,
    problems: &mut Problems,
) -> Option<(Option<&'static str>, auth::Resolved)> {
    let instance_url = &connector::INSTANCE_URL;
    if chosen.as_ref().is_ok_and(auth::Choice::needs_instance_url) {
        values.require(instance_url, problems);
    }
    problems.keep(hint::check_url(instance_url, values.text(instance_url)));
    let choice = problems.keep(chosen)?;
    let auth = auth::resolve(&choice, values, directory, store, problems)?;
    Some((choice.inferred_name(), auth))
}

/// Writes are allowed by a flag, or because the process exists to do one.
fn provisioning(values: &Values) -> bool {
    [
        &host_flags::PROVISIONING,
        &one_shot::GRANT_ENTITLEMENT,
        &one_shot::REVOKE_GRANT,
        &one_shot::CREATE_ACCOUNT_PROFILE,
        &one_shot::CREATE_ACCOUNT_LOGIN,
        &one_shot::CREATE_ACCOUNT_EMAIL,
        &one_shot::DELETE_RESOURCE,
        &one_shot::DELETE_RESOURCE_TYPE,
        &one_shot::ROTATE_CREDENTIALS,
        &one_shot::ROTATE_CREDENTIALS_TYPE,
    ]
    .into_iter()
    .any(|flag| values.is_set(flag))
}

fn ticketing(values: &Values) -> bool {
    [
        &host_flags::TICKETING,
        &ticket::CREATE_TICKET,
        &ticket::BULK_CREATE_TICKET,
        &ticket::LIST_TICKET_SCHEMAS,
        &ticket::GET_TICKET,
    ]
    .into_iter()
    .any(|flag| values.is_set(flag))
}

/// `63.0`, from `63.0`, `v63.0` or `63`.
fn api_version(values: &Values) -> Result<String, String> {
    let flag = &connector::API_VERSION;
    let text = values.text(flag);
    let number = text.strip_prefix('v').unwrap_or(text);
    let number = number.strip_suffix(".0").unwrap_or(number);
    match number.parse::<u16>() {
        Ok(number) if (31..1000).contains(&number) => Ok(format!("{number}.0")),
        _ => Err(format!(
            "field {}: expected a version such as 63.0 but got '{text}'",
            flag.name
        )),
    }
}

fn check_profiles(profiles: &BTreeMap<String, String>, problems: &mut Problems) {
    let name = connector::LEAST_PRIVILEGED_PROFILES.name;
    for (license, profile) in profiles {
        if license.is_empty() || profile.is_empty() {
            problems.push(format!(
                "field {name}: expected license name=profile name but got '{license}={profile}'"
            ));
        }
    }
}
