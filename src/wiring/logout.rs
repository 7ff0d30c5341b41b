//! `logout`: revokes the stored refresh token and forgets it.
//!
//! It is revoked first: a token that is forgotten but valid could not be revoked any more.

use secrecy::SecretString;

use super::client::SignInSetup;
use crate::causes::chain;
use crate::cli::Failure;
use crate::config::{AuthMethod, Config};
use crate::salesforce::auth;
use crate::token_store::TokenHash;

pub(super) async fn run(config: &Config) -> Result<(), Failure> {
    let setup = SignInSetup::new(config)?;
    let configured = match &config.auth {
        AuthMethod::RefreshToken { grant } => grant.refresh_token.clone(),
        _ => None,
    };
    let failed = |error| Failure::usage(format!("field token-store: {}", chain(&error)));
    let mut locked = match &setup.store {
        Some(store) => Some(store.lock().await.map_err(failed)?),
        None => None,
    };
    let hash = configured.as_ref().map(TokenHash::of);
    let place = auth::place(&setup.login);
    let entries = locked.as_mut().map_or_else(Vec::new, |locked| {
        locked.remove(&setup.app.client_id, &place, hash.as_ref())
    });
    let mut tokens: Vec<SecretString> = entries
        .iter()
        .map(|entry| entry.refresh_token().clone())
        .collect();
    if tokens.is_empty() {
        tokens.extend(configured);
    }
    if tokens.is_empty() {
        return Err(Failure::usage(
            "the token store has no refresh token for this client id and host",
        ));
    }
    for token in &tokens {
        auth::revoke(&setup.http, &setup.login, token)
            .await
            .map_err(|error| {
                Failure::status(
                    tonic::Code::Unavailable,
                    format!("revoking the refresh token: {}{STILL_VALID}", chain(&error)),
                )
            })?;
    }
    if let Some(locked) = locked {
        locked.save().await.map_err(failed)?;
    }
    Ok(())
}

const STILL_VALID: &str = "; it is kept, and still valid at Salesforce: run logout again, or revoke \
    it under Setup > Connected Apps OAuth Usage > the app > Revoke";
