//! The configuration as a Salesforce client and as the connector's options.

use secrecy::SecretString;

use super::chain;
use crate::cli::Failure;
use crate::config::{AuthMethod, Config};
use crate::connector::{Options, UsernameRule};
use crate::salesforce::soql::FieldName;
use crate::salesforce::{ApiVersion, Auth, Client, ClientConfig, Instance, InstanceError};

/// The client. Nothing is sent yet: hosts wait for us to listen first.
pub(super) fn build(config: &Config) -> Result<Client, Failure> {
    let instance = Instance::parse(&config.instance_url, config.allow_custom_domain)
        .map_err(|error| wrong_instance(&error))?;
    let mut setup = ClientConfig::new(instance, auth(&config.auth)?);
    setup.api_version = config
        .api_version
        .parse::<ApiVersion>()
        .map_err(|error| Failure::usage(format!("field api-version: {}", chain(&error))))?;
    setup.request_timeout = config.http_timeout;
    setup.api_reserve = (config.api_reserve > 0).then_some(config.api_reserve);
    setup.dry_run = config.dry_run;
    Client::new(setup).map_err(|error| Failure::usage(chain(&error)))
}

/// The client names the field itself; how to allow a host is ours to tell.
fn wrong_instance(error: &InstanceError) -> Failure {
    let remedy = match error {
        InstanceError::Foreign { .. } => " (--allow-custom-domain)",
        _ => "",
    };
    Failure::usage(format!("field {error}{remedy}"))
}

fn auth(method: &AuthMethod) -> Result<Auth, Failure> {
    let secret = |secret: &SecretString| secret.clone();
    Ok(match method {
        AuthMethod::ClientCredentials {
            client_id,
            client_secret,
        } => Auth::ClientCredentials {
            client_id: client_id.clone(),
            client_secret: secret(client_secret),
        },
        AuthMethod::Password {
            username,
            password,
            security_token,
        } => Auth::Password {
            username: username.clone(),
            password: secret(password),
            security_token: security_token.as_ref().map(secret),
        },
        AuthMethod::OAuthToken { access_token, .. } => Auth::Token(secret(access_token)),
        AuthMethod::JwtBearer { .. } => {
            return Err(Failure::usage(
                "field auth-method: jwt-bearer-group is not part of this version yet; use \
                 client-credentials-group",
            ));
        }
    })
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
    let username = UsernameRule::new(&config.username_template, &config.username_suffix);
    Ok(Options {
        username: username.map_err(|error| Failure::usage(error.chain()))?,
        password_mail: config.account_password_mail,
        username_for_email: config.sync.username_for_email,
        connected_apps: config.sync.connected_apps,
        deactivated_users: config.sync.deactivated_users,
        non_standard_users: config.sync.non_standard_users,
        user_fields: fields.collect::<Result<_, _>>()?,
        least_privileged_profiles: config.least_privileged_profiles.clone(),
        dry_run: config.dry_run,
    })
}
