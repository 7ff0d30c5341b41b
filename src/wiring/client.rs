//! Builds the Salesforce client and the connector's options from the configuration.

mod auth;

pub(super) use auth::SignInSetup;

use crate::causes::chain;
use crate::cli::Failure;
use crate::config::{self, AuthMethod, Config};
use crate::connector::{CompanyDomains, LifecycleApi, Options, RowCacheSettings, UsernameRule};
use crate::metrics::ConnectorMetrics;
use crate::salesforce::soql::FieldName;
use crate::salesforce::{ApiVersion, Client, ClientConfig, Instance, InstanceError, Network};

/// The client, which counts what it does. Nothing is sent yet, because hosts wait for us to listen
/// first.
pub(super) fn build(config: &Config, metrics: &ConnectorMetrics) -> Result<Client, Failure> {
    build_with(config, |setup| setup.metrics = metrics.upstream.clone())
}

/// The client with changes of its setup.
pub(super) fn build_with(
    config: &Config,
    change: impl FnOnce(&mut ClientConfig),
) -> Result<Client, Failure> {
    let instance = instance(config)?;
    let auth = auth::build(config)?;
    let mut setup = ClientConfig::new(instance, auth);
    setup.api_version = config
        .api_version
        .parse::<ApiVersion>()
        .map_err(|error| Failure::usage(format!("field api-version: {}", chain(&error))))?;
    setup.network = network(config)?;
    setup.request_timeout = config.http_timeout;
    setup.retry.max_retry_after = config.max_retry_after;
    setup.api_reserve = (config.api_reserve > 0).then_some(config.api_reserve);
    setup.dry_run = config.dry_run;
    setup.job_notes.clone_from(&config.job_notes);
    change(&mut setup);
    Client::new(setup).map_err(|error| Failure::usage(chain(&error)))
}

/// How to reach Salesforce. The proxy comes from the environment, as in other programs.
pub(super) fn network(config: &Config) -> Result<Network, Failure> {
    let variable = |name: &str| {
        let value = std::env::var_os(name)?;
        Some(value.to_string_lossy().into_owned())
    };
    let network = Network::default()
        .with_proxy(variable)
        .map_err(|error| Failure::usage(chain(&error)))?;
    match &config.ca_certificates {
        None => Ok(network),
        Some(pem) => network
            .with_authorities(pem.as_bytes())
            .map_err(|error| Failure::usage(format!("field ca-file: the file {error}"))),
    }
}

/// The org's hosts. A token may name the API host itself; it must be one that a sign-in could
/// name, because the token is sent there.
fn instance(config: &Config) -> Result<Instance, Failure> {
    let instance = Instance::parse(&config.instance_url, config.allow_custom_domain)
        .map_err(|error| wrong_instance(&error))?;
    let AuthMethod::OAuthToken {
        instance_url: Some(named),
        ..
    } = &config.auth
    else {
        return Ok(instance);
    };
    let in_token = |error: &InstanceError| Failure::usage(format!("field oauth2-token: {error}"));
    let host = instance.admit(named).map_err(|error| in_token(&error))?;
    Instance::parse(host.as_str(), config.allow_custom_domain).map_err(|error| in_token(&error))
}

/// The error names the field; the flag that allows the host is added here.
fn wrong_instance(error: &InstanceError) -> Failure {
    let remedy = match error {
        InstanceError::Foreign { .. } => " (--allow-custom-domain)",
        _ => "",
    };
    Failure::usage(format!("field {error}{remedy}"))
}

/// The connector's options.
pub(super) fn options(config: &Config) -> Result<Options, Failure> {
    let fields = config.sync.user_custom_fields.iter().map(|name| {
        FieldName::parse(name).map_err(|error| {
            Failure::usage(format!(
                "field user-custom-fields: {name}: {}",
                chain(&error)
            ))
        })
    });
    let company_domains = CompanyDomains::new(&config.sync.company_domains)
        .map_err(|error| Failure::usage(format!("field company-domains: {}", chain(&error))))?;
    let username = UsernameRule::new(&config.username_template, &config.username_suffix);
    Ok(Options {
        username: username.map_err(|error| Failure::usage(error.chain()))?,
        password_mail: config.account_password_mail,
        username_for_email: config.sync.username_for_email,
        connected_apps: config.sync.connected_apps,
        licenses: config.sync.licenses,
        territories: config.sync.territories,
        agents: config.sync.agents,
        chatter_groups: config.sync.chatter_groups,
        object_permissions: config.sync.object_permissions,
        security_insights: config.sync.security_insights,
        dormant_after_days: config.sync.dormant_after_days,
        bulk_threshold: config.bulk_threshold,
        row_cache: config.row_cache.clone().map(|directory| RowCacheSettings {
            directory,
            full_after: config.row_cache_full_after,
        }),
        grants_follow: !config.sync.only_resources,
        deactivated_users: config.sync.deactivated_users,
        non_standard_users: config.sync.non_standard_users,
        company_domains,
        user_fields: fields.collect::<Result<_, _>>()?,
        least_privileged_profiles: config.least_privileged_profiles.clone(),
        lifecycle_api: lifecycle_api(config.lifecycle_api),
        provisioning: config.provisioning,
        dry_run: config.dry_run,
        ..Options::default()
    })
}

fn lifecycle_api(api: config::LifecycleApi) -> LifecycleApi {
    match api {
        config::LifecycleApi::Rest => LifecycleApi::Rest,
        config::LifecycleApi::Scim => LifecycleApi::Scim,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::config::Sources;

    #[test_case("acme.my.salesforce.com", "T" => Ok("https://acme.my.salesforce.com/".to_owned()); "a bare token")]
    #[test_case(
        "login.salesforce.com",
        r#"{"access_token":"T","instance_url":"https://acme.my.salesforce.com"}"#
        => Ok("https://acme.my.salesforce.com/".to_owned()); "a token that knows the org"
    )]
    #[test_case(
        "acme.my.salesforce.com",
        r#"{"access_token":"T","instance_url":"https://evil.example"}"#
        => Err("field oauth2-token: instance-url: evil.example is not a Salesforce host and would \
                receive the credentials; use the org's My Domain, or allow custom domains if you \
                trust it".to_owned()); "a token for a foreign host"
    )]
    fn a_token_may_name_the_host(instance_url: &str, token: &str) -> Result<String, String> {
        let arguments = [
            format!("--instance-url={instance_url}"),
            format!("--oauth2-token={token}"),
        ];
        let sources = Sources {
            arguments: arguments.map(Into::into).to_vec(),
            variables: Vec::new(),
            directory: "/nowhere".into(),
            state_directory: None,
        };
        let values = sources.read().unwrap().values;
        let config = Config::resolve(&values, &sources).unwrap();
        match instance(&config) {
            Ok(instance) => Ok(instance.api().to_string()),
            Err(failure) => Err(failure.to_string()),
        }
    }
}
