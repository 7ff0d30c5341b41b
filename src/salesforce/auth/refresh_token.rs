//! OAuth refresh token: a person approved the app once, and a token renews the session since.
//!
//! An app may rotate refresh tokens: each works once, and one that comes a second time ends the
//! whole family (Salesforce Help, "OAuth 2.0 Refresh Token Flow"). So one process at a time uses a
//! token, and the next token is on the disk before the session is used. docs/adr/016 has the
//! protocol; [`family`] carries it out.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::{sync::Mutex, time::timeout};
use tracing::Instrument as _;

mod family;
mod mark;
#[cfg(test)]
mod tests;

use self::family::Family;
use super::{
    AccessToken, AuthError, Refusal, TokenSource,
    stored::place,
    token_endpoint::{App, TokenEndpoint},
};
use crate::{
    salesforce::instance::Instance,
    token_store::{Stamp, TokenHash, TokenStore},
};

/// How long a process that ends waits for the answer to a refresh.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// A refresh token, and where those that follow it are kept.
#[derive(Clone, Debug)]
pub struct RefreshGrant {
    /// The app that the token was issued to.
    pub app: App,
    /// Where to sign in. Without it, at the org.
    pub login: Option<Instance>,
    /// The configured token. Without it, the newest in the store for the app and the host.
    pub token: Option<SecretString>,
    /// Keeps the tokens that follow. Without it, they are lost when the process ends.
    pub store: Option<TokenStore>,
}

#[derive(Debug)]
pub(super) struct RefreshTokenLogin {
    family: Arc<Family>,
    /// What the store contained when the last sign-in was refused.
    refused: RwLock<Option<Seen>>,
}

/// A state of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    file: Option<Stamp>,
    token: Option<TokenHash>,
}

impl RefreshTokenLogin {
    pub(super) fn new(http: reqwest::Client, instance: Instance, grant: RefreshGrant) -> Self {
        let login = grant.login.unwrap_or(instance);
        let family = Family {
            login: login.clone(),
            place: place(&login),
            client_id: grant.app.client_id.clone(),
            endpoint: TokenEndpoint::new(http, login, grant.app),
            configured: grant.token,
            store: grant.store,
            memory: Mutex::default(),
        };
        Self {
            family: Arc::new(family),
            refused: RwLock::default(),
        }
    }

    fn seen(&self) -> Option<Seen> {
        let file = self.family.store.as_ref()?.stamp();
        let token = self.family.stored_token();
        Some(Seen { file, token })
    }
}

#[async_trait]
impl TokenSource for RefreshTokenLogin {
    async fn fetch(&self) -> Result<AccessToken, AuthError> {
        let family = Arc::clone(&self.family);
        // A task of its own: a caller that gives up must not keep an answer from the disk.
        let task = tokio::spawn(async move { family.refresh().await }.in_current_span());
        let outcome = match task.await {
            Ok(outcome) => outcome,
            // It ended without an outcome because the program ends.
            Err(_) => Err(AuthError::refused(Refusal::Unavailable)),
        };
        let refused = outcome.as_ref().is_err_and(AuthError::is_permanent);
        *self.refused.write().unwrap_or_else(PoisonError::into_inner) =
            if refused { self.seen() } else { None };
        outcome
    }

    /// Whether another process has stored another token since the last refusal, by `login` for
    /// example.
    fn has_news(&self) -> bool {
        let refused = self.refused.read().unwrap_or_else(PoisonError::into_inner);
        let (Some(refused), Some(store)) = (refused.as_ref(), self.family.store.as_ref()) else {
            return false;
        };
        store.stamp() != refused.file && self.family.stored_token() != refused.token
    }

    /// An answer that is on its way should reach the disk before the process ends.
    async fn settle(&self) {
        let _ = timeout(LAST_WAIT, self.family.memory.lock()).await;
    }
}
