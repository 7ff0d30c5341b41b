//! The configuration: what was written (flags, variables, file) becomes what we run with.
//!
//! Every flag is described once, in [`flags`]; the command line, the environment, the config file
//! and the published schema are made from there. [`Config`] is validated: whatever is in it may be
//! used as it is. It knows nothing of HTTP: instance URLs are understood by `salesforce`.

mod args;
mod auth;
mod file;
mod flag;
mod flags;
mod group;
mod hint;
mod host;
mod list;
mod log;
mod problem;
mod relation;
pub mod schema;
mod serve;
mod sync;
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
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use auth::AuthMethod;
pub use host::{Arguments, ExternalResources, HostOptions};
pub use log::{LogFormat, LogLevel, LogSettings};
pub use problem::Problems;
pub use serve::{HealthSettings, ServeOptions, ServeTls};
pub use sync::SyncOptions;
pub use values::Values;

pub(crate) use args::{CONNECTOR_SERVICE, Line, NAME, command};
pub(crate) use flags::{file_tool, health_check, host as host_flags, one_shot, ticket};

use flag::Flag;
use flags::connector;

/// What the connector runs with.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[non_exhaustive]
pub struct Config {
    /// The org as it was written; `salesforce` makes hosts of it.
    pub instance_url: String,
    /// How to sign in.
    pub auth: AuthMethod,
    /// The name of that way, if none was named and it was taken because only its fields are set.
    pub inferred_auth_method: Option<&'static str>,
    /// What a sync reads.
    pub sync: SyncOptions,
    /// User license name → name of the profile that a user falls back to.
    pub least_privileged_profiles: BTreeMap<String, String>,
    /// Whether writes are allowed.
    pub provisioning: bool,
    /// Whether tickets are enabled.
    pub ticketing: bool,
    /// How a new account's username is made when none is given.
    pub username_template: String,
    /// What is appended to such a username.
    pub username_suffix: String,
    /// Whether Salesforce mails new accounts a link to set their password.
    pub account_password_mail: bool,
    /// Whether writes are told instead of done.
    pub dry_run: bool,
    /// The version of the Salesforce API, for example `63.0`.
    pub api_version: String,
    /// Whether the instance URL may lie outside Salesforce's domains.
    pub allow_custom_domain: bool,
    /// Calls of the daily allowance that are left for others.
    pub api_reserve: u64,
    /// After how long a call to Salesforce is given up.
    pub http_timeout: Duration,
    /// The largest size in bytes of the session store in memory.
    pub session_store_maximum_size: u64,
}

/// Where the written configuration comes from. Tests bring their own. Secrets are in here.
#[derive(Clone)]
pub struct Sources {
    /// The command line without the program's own name.
    pub arguments: Vec<OsString>,
    /// The environment.
    pub variables: Vec<(String, String)>,
    /// Where relative paths start and where `.baton.yaml` is looked for.
    pub directory: PathBuf,
}

/// The written configuration: the command, the values of the flags, and what was odd about them.
pub(crate) struct Written {
    pub(crate) line: Line,
    pub(crate) values: Values,
    pub(crate) warnings: Vec<String>,
    pub(crate) problems: Problems,
}

impl Sources {
    /// The sources of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            arguments: std::env::args_os().skip(1).collect(),
            // A variable that is not Unicode is none of ours.
            variables: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
            directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
        }
    }

    /// Reads the command line, then the environment, then the file.
    pub(crate) fn read(&self) -> Result<Written, clap::Error> {
        let line = args::parse(&self.arguments)?;
        let mut problems = Problems::default();
        let file = problems.keep(self.read_file()).unwrap_or_default();
        let given = line.given.clone();
        let values = Values::merge([given, Values::from_variables(&self.variables), file.given]);
        problems.extend(values.problems());
        relation::check(&values, &mut problems);
        Ok(Written {
            line,
            values,
            warnings: file.warnings,
            problems,
        })
    }

    fn read_file(&self) -> Result<file::FileValues, String> {
        file::read(self.variable(file::VARIABLE), &self.directory)
    }

    /// The value of a variable; an empty one is none.
    fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .iter()
            .find(|(other, value)| other == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

impl Config {
    /// Validates `values` and tells all problems at once. Relative paths start at `directory`.
    pub fn resolve(values: &Values, directory: &Path) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        required(values, &connector::INSTANCE_URL, &mut problems);
        let instance_url = values.text(&connector::INSTANCE_URL).trim().to_owned();
        problems.keep(hint::check_url(&connector::INSTANCE_URL, &instance_url));
        let auth = auth::resolve(values, directory, &mut problems);
        let sync = SyncOptions::resolve(values, &mut problems);
        let api_version = problems.keep(api_version(values)).unwrap_or_default();
        let least_privileged_profiles = values.map(&connector::LEAST_PRIVILEGED_PROFILES);
        check_profiles(&least_privileged_profiles, &mut problems);
        let Some(auth) = auth else {
            return Err(problems);
        };
        problems.or(Self {
            instance_url,
            auth: auth.method,
            inferred_auth_method: auth.inferred,
            sync,
            least_privileged_profiles,
            provisioning: provisioning(values),
            ticketing: ticketing(values),
            username_template: values.text(&connector::USERNAME_TEMPLATE).to_owned(),
            username_suffix: values.text(&connector::USERNAME_SUFFIX).to_owned(),
            account_password_mail: values.switch(&connector::ACCOUNT_PASSWORD_MAIL),
            dry_run: values.switch(&connector::DRY_RUN),
            api_version,
            allow_custom_domain: values.switch(&connector::ALLOW_CUSTOM_DOMAIN),
            api_reserve: values.number(&connector::API_RESERVE).unsigned_abs(),
            http_timeout: Duration::from_secs(
                values
                    .number(&flags::telemetry::HTTP_TIMEOUT_SECONDS)
                    .unsigned_abs(),
            ),
            session_store_maximum_size: values
                .number(&flags::telemetry::SESSION_STORE_MAXIMUM_SIZE)
                .unsigned_abs(),
        })
    }
}

/// Notes that a required flag has no value.
fn required(values: &Values, flag: &Flag, problems: &mut Problems) {
    if !values.is_set(flag) {
        problems.push(format!(
            "field {name} of type {type_name} is marked as required but it has a zero-value: \
             set --{name} or {variable}",
            name = flag.name,
            type_name = flag.type_name(),
            variable = flag.variable(),
        ));
    }
}

/// Writes are on if they are asked for, or if one is what the process is for.
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
