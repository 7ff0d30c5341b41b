//! How the client signs in, from the configuration.

use std::time::Duration;

use secrecy::SecretString;
use tracing::warn;

use crate::causes::chain;
use crate::cli::Failure;
use crate::config::{AuthMethod, Config, RefreshGrant, TokenStoreSetting};
use crate::salesforce::auth::{self, App, Assertion, SigningKey};
use crate::salesforce::{Auth, Instance};
use crate::token_store::{StoreError, TokenStore};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// The way to sign in. Nothing is sent yet, but the key is read, and the store is opened: what is
/// wrong with them is known before a token is used.
pub(super) fn build(config: &Config) -> Result<Auth, Failure> {
    let secret = |secret: &SecretString| secret.clone();
    Ok(match &config.auth {
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
        AuthMethod::OAuthToken {
            access_token,
            refresh,
            ..
        } => handed_over(access_token, refresh.as_ref(), config)?,
        AuthMethod::JwtBearer {
            client_id,
            private_key,
            subject,
            login_url,
        } => Auth::JwtBearer(Assertion {
            client_id: client_id.clone(),
            subject: subject.clone(),
            key: SigningKey::parse(private_key).map_err(|error| {
                Failure::usage(format!("field salesforce-private-key: {error}"))
            })?,
            login: Some(login(login_url, config)?),
        }),
        AuthMethod::RefreshToken { grant } => {
            let store = store(config).map_err(|error| wrong_store(&error))?;
            Auth::RefreshToken(refresh_grant(grant, store, config)?)
        }
    })
}

/// An access token works without the token that renews it, so a store that cannot be used does not
/// keep the connector from starting.
fn handed_over(
    access_token: &SecretString,
    refresh: Option<&RefreshGrant>,
    config: &Config,
) -> Result<Auth, Failure> {
    let Some(grant) = refresh else {
        return Ok(Auth::Token(access_token.clone()));
    };
    Ok(match store(config) {
        Ok(store) => {
            let grant = refresh_grant(grant, store, config)?;
            Auth::Handover(access_token.clone(), grant)
        }
        Err(error) => {
            warn!(
                error = chain(&error),
                "the refresh token is not used, because its successors could not be kept: the \
                 connector stops working when the access token expires"
            );
            Auth::Token(access_token.clone())
        }
    })
}

fn refresh_grant(
    grant: &RefreshGrant,
    store: Option<TokenStore>,
    config: &Config,
) -> Result<auth::RefreshGrant, Failure> {
    let login = grant.login_url.as_deref();
    Ok(auth::RefreshGrant {
        app: App {
            client_id: grant.client_id.clone(),
            client_secret: grant.client_secret.clone(),
        },
        login: login.map(|url| self::login(url, config)).transpose()?,
        token: grant.refresh_token.clone(),
        store,
    })
}

/// What `login` and `logout` need.
pub(in crate::wiring) struct SignInSetup {
    /// The app.
    pub(in crate::wiring) app: App,
    /// Where it signs in.
    pub(in crate::wiring) login: Instance,
    /// Where its tokens are kept, if they are.
    pub(in crate::wiring) store: Option<TokenStore>,
    /// Whether the store is where the connector looks by itself.
    pub(in crate::wiring) is_default_store: bool,
    pub(in crate::wiring) http: reqwest::Client,
}

impl SignInSetup {
    pub(in crate::wiring) fn new(config: &Config) -> Result<Self, Failure> {
        let AuthMethod::RefreshToken { grant } = &config.auth else {
            return Err(Failure::usage("this sign-in needs a client id"));
        };
        let store = store(config).map_err(|error| wrong_store(&error))?;
        let grant = refresh_grant(grant, store, config)?;
        let login = match grant.login {
            Some(login) => login,
            None => super::instance(config)?,
        };
        let http = super::network(config)?
            .client(config.http_timeout, CONNECT_TIMEOUT)
            .map_err(|error| Failure::usage(chain(&error)))?;
        Ok(Self {
            app: grant.app,
            login,
            store: grant.store,
            is_default_store: config.is_default_token_store,
            http,
        })
    }
}

fn store(config: &Config) -> Result<Option<TokenStore>, StoreError> {
    match &config.token_store {
        TokenStoreSetting::File(path) => TokenStore::open(path).map(Some),
        TokenStoreSetting::None => Ok(None),
    }
}

fn wrong_store(error: &StoreError) -> Failure {
    Failure::usage(format!("field token-store: {}", chain(error)))
}

/// Where to sign in. The error names the field that the address comes from.
fn login(url: &str, config: &Config) -> Result<Instance, Failure> {
    Instance::parse(url, config.allow_custom_domain).map_err(|error| {
        let text = error.to_string();
        let text = text.strip_prefix("instance-url: ").unwrap_or(&text);
        Failure::usage(format!("field salesforce-login-url: {text}"))
    })
}
