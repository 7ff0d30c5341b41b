//! One refresh at a time, and no token twice.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::Mutex;
use tracing::error;

use super::{super::stored::origin, mark::Mark};
use crate::{
    causes::chain,
    salesforce::{
        auth::{
            AccessToken, AuthError, Refusal,
            token_endpoint::{Failed, Fate, TokenEndpoint, Tokens},
        },
        instance::Instance,
    },
    token_store::{Entry, Locked, Place, SignIn, TokenHash, TokenStore},
};

/// A request that a process has left behind may still be on its way for this long. Only then is an
/// answer that the token is unused final.
const GRACE: Duration = Duration::from_secs(30);

/// The refresh tokens that descend from a configured one, or from a sign-in in the store.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) endpoint: TokenEndpoint,
    pub(super) login: Instance,
    pub(super) client_id: String,
    pub(super) place: Place,
    pub(super) configured: Option<SecretString>,
    pub(super) store: Option<TokenStore>,
    pub(super) memory: Mutex<Memory>,
}

/// What only this process knows. Its lock is held during a refresh, because there is one at a time.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The family, if the store does not have its newest state.
    unsaved: Option<Entry>,
}

impl Family {
    /// The token in the store, without waiting for other processes.
    pub(super) fn stored_token(&self) -> Option<TokenHash> {
        let configured = self.configured.as_ref().map(TokenHash::of);
        let store = self.store.as_ref()?;
        let entry = store.peek(&self.client_id, &self.place, configured.as_ref())?;
        Some(TokenHash::of(entry.refresh_token()))
    }

    /// Renews the session. The token that follows is kept before this returns.
    pub(super) async fn refresh(&self) -> Result<AccessToken, AuthError> {
        let mut memory = self.memory.lock().await;
        let mut store = match &self.store {
            Some(store) => Some(store.lock().await.map_err(AuthError::store)?),
            None => None,
        };
        let mut entry = self.newest(&mut memory, store.as_ref())?;
        if let Some(since) = entry.in_flight
            && (entry.expired || self.was_used(&entry, since).await?)
        {
            entry.expired = true;
            keep(&mut memory, store, entry).await;
            return Err(AuthError::refused(Refusal::AnswerLost));
        }
        if entry.expired {
            return Err(AuthError::refused(Refusal::TokenExpired));
        }
        let mut mark = Mark::set(&mut entry, store.as_mut());
        let departure = mark.departure();
        let outcome = self.endpoint.refresh(entry.refresh_token(), departure);
        match outcome.await {
            Ok(tokens) => {
                self.learn(&mut entry, &tokens);
                entry.renew(tokens.refresh_token.clone());
                keep(&mut memory, store, entry).await;
                Ok(tokens.into())
            }
            Err(failed) => {
                if after_failure(&mut entry, &failed) {
                    keep(&mut memory, store, entry).await;
                }
                Err(mark.mishap().map_or(failed.error, AuthError::store))
            }
        }
    }

    /// The newest state of the family.
    fn newest(&self, memory: &mut Memory, store: Option<&Locked>) -> Result<Entry, AuthError> {
        let configured = self.configured.as_ref().map(TokenHash::of);
        let stored = store.and_then(|store| {
            let entry = store.find(&self.client_id, &self.place, configured.as_ref());
            entry.cloned()
        });
        if let (Some(unsaved), Some(stored)) = (&memory.unsaved, &stored)
            && !unsaved.descends_from(&TokenHash::of(stored.refresh_token()))
        {
            // Somebody has signed in again.
            memory.unsaved = None;
        }
        let known = memory.unsaved.clone().or(stored);
        let configured = || {
            Some(Entry::new(SignIn {
                client_id: self.client_id.clone(),
                place: self.place.clone(),
                instance: None,
                org_id: None,
                user_id: None,
                scope: None,
                refresh_token: self.configured.clone()?,
            }))
        };
        let none = || AuthError::refused(Refusal::NoStoredToken);
        known.or_else(configured).ok_or_else(none)
    }

    /// Whether the org has used a token whose answer is missing. Fails if that is not certain: the
    /// token must not be sent then.
    async fn was_used(&self, entry: &Entry, since: Timestamp) -> Result<bool, AuthError> {
        let host = entry.instance.as_deref();
        match self.endpoint.is_active(entry.refresh_token(), host).await? {
            Some(false) => Ok(true),
            None => Err(AuthError::refused(Refusal::AnswerLost)),
            Some(true) => {
                let age = Timestamp::now().duration_since(since).unsigned_abs();
                match GRACE.checked_sub(age) {
                    Some(wait) if !wait.is_zero() => {
                        Err(AuthError::for_now(Refusal::AnswerPending, wait))
                    }
                    _ => Ok(false),
                }
            }
        }
    }

    /// Records what a token answer tells of the org.
    fn learn(&self, entry: &mut Entry, tokens: &Tokens) {
        entry.instance = Some(origin(&tokens.instance, &self.login));
        if let Some(identity) = tokens.identity {
            entry.org_id = Some(identity.org.to_string());
            entry.user_id = Some(identity.user.to_string());
        }
        if let Some(scope) = &tokens.scope {
            entry.scope = Some(scope.clone());
        }
    }
}

/// Records what a failed request means for the token. Returns whether the store lacks it.
fn after_failure(entry: &mut Entry, failed: &Failed) -> bool {
    if let Some(new) = &failed.refresh_token {
        entry.renew(Some(new.clone()));
        return true;
    }
    match failed.fate {
        // The mark is not on the disk.
        Fate::NotSent => false,
        Fate::Refused => {
            entry.in_flight = None;
            entry.expired = failed.error.refusal() == Refusal::TokenExpired;
            true
        }
        // The mark is on the disk, and stays. Without a store, memory has to keep it.
        Fate::Unknown => true,
    }
}

/// Keeps the newest state of the family: in the store, or else in memory until the process ends.
async fn keep(memory: &mut Memory, store: Option<Locked>, entry: Entry) {
    let rotates = entry.rotates == Some(true);
    let Some(mut store) = store else {
        if rotates
            && memory
                .unsaved
                .as_ref()
                .is_none_or(|old| old.rotates != Some(true))
        {
            error!(
                "the org has replaced the refresh token, and there is no token store: the new \
                 token works until this process ends, and the configured one does not work any \
                 more; set --token-store, and sign in again with baton-salesforce login"
            );
        }
        memory.unsaved = Some(entry);
        return;
    };
    store.put(entry.clone());
    memory.unsaved = match store.save().await {
        Ok(()) => None,
        Err(failure) => {
            error!(
                error = chain(&failure),
                "the state of the refresh token could not be stored: this process goes on with \
                 it, and stores it with the next refresh; if the process ends before that, sign \
                 in again with baton-salesforce login"
            );
            Some(entry)
        }
    };
}
