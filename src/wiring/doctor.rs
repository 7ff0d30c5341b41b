//! Runs the examination of an org for the command `doctor`.

use super::client;
use crate::config::{AuthMethod, Config, LifecycleApi};
use crate::connector::checks::{self, SignIn};
use crate::doctor::Report;

/// Sends of a request, including the first: a person waits for the answer.
const ATTEMPTS: u32 = 2;

pub(super) async fn run(config: &Config) -> Report {
    let client = client::build_with(config, |setup| setup.retry.idempotent_attempts = ATTEMPTS);
    match client {
        Ok(client) => {
            let report = checks::examine(&client, sign_in(&config.auth)).await;
            match config.lifecycle_api {
                LifecycleApi::Rest => report,
                LifecycleApi::Scim => checks::examine_scim(&client, report).await,
            }
        }
        Err(failure) => failure.report(),
    }
}

fn sign_in(method: &AuthMethod) -> SignIn {
    match method {
        AuthMethod::OAuthToken { refresh: None, .. } => SignIn::Token,
        AuthMethod::OAuthToken { .. } | AuthMethod::RefreshToken { .. } => SignIn::RefreshToken,
        AuthMethod::JwtBearer { .. } => SignIn::JwtBearer,
        AuthMethod::ClientCredentials { .. } => SignIn::ClientCredentials,
        AuthMethod::Password { .. } => SignIn::Password,
    }
}
