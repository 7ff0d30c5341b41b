//! Sessions: all calls share one, only one sign-in runs at a time, and a refused one is not retried.
//!
//! Each way to sign in is a [`TokenSource`] in `auth/`. Must not know: what the session is used for.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::RwLock;
use tracing::Instrument as _;
use url::Url;

mod authorization;
mod client_credentials;
mod handover;
mod identity;
mod jwt_bearer;
mod pace;
mod password;
mod refresh_token;
mod refusal;
mod static_token;
mod stored;
#[cfg(test)]
mod tests;
mod token_endpoint;

pub use self::{
    authorization::{Authorization, Person, Revoked, advice_on_denial, person, revoke},
    identity::Identity,
    jwt_bearer::{Assertion, KeyError, SigningKey},
    refresh_token::RefreshGrant,
    refusal::{AuthError, Refusal},
    stored::{place, sign_in},
    token_endpoint::{App, Tokens},
};
use self::{
    client_credentials::ClientCredentials, handover::Handover, jwt_bearer::JwtBearer, pace::Pace,
    password::PasswordLogin, refresh_token::RefreshTokenLogin, static_token::StaticToken,
};
use super::{instance::Instance, measure};
use crate::{metrics::Upstream, trace};

/// How to sign in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Auth {
    /// OAuth client credentials flow: a connected app that runs as one user. Needs the My Domain.
    ClientCredentials {
        /// The connected app's consumer key.
        client_id: String,
        /// The connected app's consumer secret.
        client_secret: SecretString,
    },
    /// SOAP `login()` with a user's password. Salesforce retires it in Summer '27.
    Password {
        /// The user's name.
        username: String,
        /// The user's password.
        password: SecretString,
        /// The user's security token, unless the address is trusted.
        security_token: Option<SecretString>,
    },
    /// An existing access token, which cannot be renewed.
    Token(SecretString),
    /// OAuth JWT bearer flow: an assertion signed with the private key of the app.
    JwtBearer(Assertion),
    /// OAuth refresh token flow.
    RefreshToken(RefreshGrant),
    /// An existing access token, and what renews it.
    Handover(SecretString, RefreshGrant),
    /// Another way.
    Source(Arc<dyn TokenSource>),
}

/// Whether a text can be a bearer token.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A session: a bearer token and its host.
pub struct AccessToken {
    secret: SecretString,
    instance: Url,
    /// Whether Salesforce has accepted it for a call.
    useful: AtomicBool,
}

impl AccessToken {
    /// Creates a session. `instance` contains only scheme and host.
    #[must_use]
    pub fn new(secret: SecretString, instance: Url) -> Self {
        Self {
            secret,
            instance,
            useful: AtomicBool::new(false),
        }
    }

    /// The API host of the session.
    #[must_use]
    pub fn instance(&self) -> &Url {
        &self.instance
    }

    /// Notes that Salesforce has accepted it for a call.
    pub(super) fn was_useful(&self) {
        self.useful.store(true, Ordering::Relaxed);
    }

    pub(super) fn secret(&self) -> &str {
        self.secret.expose_secret()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("instance", &self.instance.as_str())
            .finish_non_exhaustive()
    }
}

/// A way to sign in.
#[async_trait]
pub trait TokenSource: fmt::Debug + Send + Sync {
    /// Signs in. Each call is one sign-in.
    async fn fetch(&self) -> Result<AccessToken, AuthError>;

    /// Whether a sign-in may succeed although the last one was refused for good, because somebody
    /// has changed the credentials since.
    fn has_news(&self) -> bool {
        false
    }

    /// Waits until a sign-in that has begun is complete, whoever has given up waiting for it.
    async fn settle(&self) {}
}

impl Auth {
    pub(super) fn into_source(
        self,
        http: reqwest::Client,
        instance: &Instance,
    ) -> Arc<dyn TokenSource> {
        let instance = instance.clone();
        match self {
            Self::ClientCredentials {
                client_id,
                client_secret,
            } => {
                let app = App {
                    client_id,
                    client_secret: Some(client_secret),
                };
                Arc::new(ClientCredentials::new(http, instance, app))
            }
            Self::Password {
                username,
                password,
                security_token,
            } => Arc::new(PasswordLogin::new(
                http,
                instance,
                username,
                password,
                security_token,
            )),
            Self::Token(token) => Arc::new(StaticToken::new(instance, token)),
            Self::JwtBearer(assertion) => Arc::new(JwtBearer::new(http, instance, assertion)),
            Self::RefreshToken(grant) => Arc::new(RefreshTokenLogin::new(http, instance, grant)),
            Self::Handover(token, grant) => Arc::new(Handover::new(
                StaticToken::new(instance.clone(), token),
                RefreshTokenLogin::new(http, instance, grant),
            )),
            Self::Source(source) => source,
        }
    }
}

/// After this many responses that are not sign-in responses, no request is sent any more.
const MAX_NONSENSE: u32 = 2;

/// The session that all calls share.
#[derive(Debug)]
pub(crate) struct TokenCache {
    source: Arc<dyn TokenSource>,
    last: RwLock<Option<Login>>,
    logins: AtomicU64,
    /// Responses since the last session that were not sign-in responses.
    nonsense: AtomicU32,
    pace: Mutex<Pace>,
    metrics: Upstream,
}

/// Result of the last sign-in. A refusal is kept, because a retry could lock the user. A temporary
/// failure is kept for the calls that were already waiting.
#[derive(Clone, Debug)]
enum Login {
    Granted(Arc<AccessToken>),
    Refused(AuthError),
    Failed(AuthError),
}

impl TokenCache {
    pub(super) fn new(source: Arc<dyn TokenSource>, metrics: Upstream) -> Self {
        Self {
            source,
            last: RwLock::new(None),
            logins: AtomicU64::new(0),
            nonsense: AtomicU32::new(0),
            pace: Mutex::default(),
            metrics,
        }
    }

    /// Returns the session, and signs in if there is none. Concurrent calls wait for the same
    /// sign-in and share its result.
    pub(super) async fn token(&self) -> Result<Arc<AccessToken>, AuthError> {
        let before = self.logins.load(Ordering::Acquire);
        if let Some(outcome) = self.outcome(self.last.read().await.as_ref(), false) {
            return outcome;
        }
        let mut last = self.last.write().await;
        let waited = self.logins.load(Ordering::Acquire) != before;
        if let Some(outcome) = self.outcome(last.as_ref(), waited) {
            return outcome;
        }
        if let Some(held) = self.pace.lock().held() {
            return Err(held);
        }
        let fetched = self.fetch().await;
        let fetched = self.pace.lock().note(fetched);
        self.logins.fetch_add(1, Ordering::Release);
        last.insert(self.judge(fetched)).clone().into()
    }

    async fn fetch(&self) -> Result<AccessToken, AuthError> {
        let span = trace::sign_in();
        let fetched = self.source.fetch().instrument(span.clone()).await;
        let outcome = measure::sign_in(&fetched);
        trace::end(&span, outcome, fetched.is_ok());
        self.metrics.sign_in(outcome);
        fetched
    }

    /// What the last sign-in means for a caller. `waited` says whether it ended while the caller
    /// waited; its failure is then the caller's, too.
    fn outcome(
        &self,
        last: Option<&Login>,
        waited: bool,
    ) -> Option<Result<Arc<AccessToken>, AuthError>> {
        match last? {
            Login::Failed(_) if !waited => None,
            Login::Refused(_) if self.source.has_news() => None,
            login => Some(login.clone().into()),
        }
    }

    fn judge(&self, fetched: Result<AccessToken, AuthError>) -> Login {
        match fetched {
            Ok(token) => {
                self.nonsense.store(0, Ordering::Relaxed);
                Login::Granted(Arc::new(token))
            }
            Err(refusal) if refusal.is_permanent() => Login::Refused(refusal),
            Err(error) if error.is_nonsense() => {
                match self.nonsense.fetch_add(1, Ordering::Relaxed) + 1 {
                    MAX_NONSENSE.. => Login::Refused(error.for_good()),
                    _ => Login::Failed(error),
                }
            }
            Err(passing) => Login::Failed(passing),
        }
    }

    pub(super) async fn settle(&self) {
        self.source.settle().await;
    }

    /// Drops the session `stale`, unless another task has replaced it already.
    pub(super) async fn discard(&self, stale: &Arc<AccessToken>) {
        let mut last = self.last.write().await;
        if matches!(&*last, Some(Login::Granted(held)) if Arc::ptr_eq(held, stale)) {
            *last = None;
            let was_useful = stale.useful.load(Ordering::Relaxed);
            self.pace.lock().ended(was_useful);
        }
    }
}

impl From<Login> for Result<Arc<AccessToken>, AuthError> {
    fn from(login: Login) -> Self {
        match login {
            Login::Granted(token) => Ok(token),
            Login::Refused(error) | Login::Failed(error) => Err(error),
        }
    }
}
