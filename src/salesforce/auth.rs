//! Sessions: one login at a time, shared by every call, and a refusal that is not repeated.
//!
//! Must not know: what the token is used for. Sources stand in `auth/`; the web flow and the
//! refresh token belong there too, once an issue asks for them ([`Auth`] is open for more).

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::RwLock;
use url::Url;

mod client_credentials;
mod password;
mod refusal;
mod static_token;
#[cfg(test)]
mod tests;

pub use self::refusal::{AuthError, Refusal};
use self::{
    client_credentials::ClientCredentials, password::PasswordLogin, static_token::StaticToken,
};
use super::instance::Instance;

/// How to log in; each way has exactly its own fields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Auth {
    /// OAuth client credentials: a connected app that runs as one user. Needs the My Domain.
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
    /// An access token that somebody else obtained; it cannot be renewed.
    Token(SecretString),
    /// Any other way.
    Source(Arc<dyn TokenSource>),
}

/// A session: the bearer token and the host it is good for.
pub struct AccessToken {
    secret: SecretString,
    instance: Url,
}

impl AccessToken {
    /// A session that was obtained; `instance` has scheme and host only.
    #[must_use]
    pub fn new(secret: SecretString, instance: Url) -> Self {
        Self { secret, instance }
    }

    /// The API host that this session belongs to.
    #[must_use]
    pub fn instance(&self) -> &Url {
        &self.instance
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

/// One way to log in. Each call is a login.
#[async_trait]
pub trait TokenSource: fmt::Debug + Send + Sync {
    /// Logs in, once.
    async fn fetch(&self) -> Result<AccessToken, AuthError>;
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
            } => Arc::new(ClientCredentials::new(
                http,
                instance,
                client_id,
                client_secret,
            )),
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
            Self::Source(source) => source,
        }
    }
}

/// The session all calls share.
#[derive(Debug)]
pub(crate) struct TokenCache {
    source: Arc<dyn TokenSource>,
    last: RwLock<Option<Login>>,
    logins: AtomicU64,
}

/// What the last login brought. A refusal is kept: asking again would only lock the account. A
/// passing failure is kept too, for those who were already waiting for it.
#[derive(Clone, Debug)]
enum Login {
    Granted(Arc<AccessToken>),
    Refused(AuthError),
    Failed(AuthError),
}

impl TokenCache {
    pub(super) fn new(source: Arc<dyn TokenSource>) -> Self {
        Self {
            source,
            last: RwLock::new(None),
            logins: AtomicU64::new(0),
        }
    }

    /// The session, logging in if there is none. One login at a time; everyone else waits for it
    /// and shares its outcome.
    pub(super) async fn token(&self) -> Result<Arc<AccessToken>, AuthError> {
        let before = self.logins.load(Ordering::Acquire);
        if let Some(outcome) = Login::outcome(self.last.read().await.as_ref(), false) {
            return outcome;
        }
        let mut last = self.last.write().await;
        let waited = self.logins.load(Ordering::Acquire) != before;
        if let Some(outcome) = Login::outcome(last.as_ref(), waited) {
            return outcome;
        }
        let fetched = self.source.fetch().await;
        self.logins.fetch_add(1, Ordering::Release);
        let login = match fetched {
            Ok(token) => Login::Granted(Arc::new(token)),
            Err(refusal) if refusal.is_permanent() => Login::Refused(refusal),
            Err(passing) => Login::Failed(passing),
        };
        last.insert(login).clone().into()
    }

    /// Forgets `stale`, unless another task has already replaced it.
    pub(super) async fn discard(&self, stale: &Arc<AccessToken>) {
        let mut last = self.last.write().await;
        if matches!(&*last, Some(Login::Granted(held)) if Arc::ptr_eq(held, stale)) {
            *last = None;
        }
    }
}

impl Login {
    /// `waited`: a login ended while the caller stood in line, so its failure is the caller's too.
    fn outcome(last: Option<&Self>, waited: bool) -> Option<Result<Arc<AccessToken>, AuthError>> {
        match last? {
            Self::Failed(_) if !waited => None,
            login => Some(login.clone().into()),
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
