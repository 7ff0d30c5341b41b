//! OAuth JWT bearer flow: an assertion, signed with the app's private key, names a user who needs
//! no password. Most unattended installations sign in this way.
//!
//! Must not know: sharing, caching, repeating.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Header};
use ksuid::Ksuid;
use secrecy::SecretString;
use serde::Serialize;

mod audience;
mod signing_key;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;

use self::audience::audience;
pub use self::signing_key::{KeyError, SigningKey};
use super::{
    AccessToken, App, AuthError, Refusal, TokenSource,
    token_endpoint::{Failed, TokenEndpoint},
};
use crate::salesforce::instance::{Instance, InstanceKind};

/// How long an assertion is valid. Salesforce allows three minutes; the rest is for a clock that is
/// a little ahead.
const LIFE_SECONDS: i64 = 120;

/// A larger difference between the clocks explains why an assertion is refused.
const CLOCK_TOLERANCE_SECONDS: u64 = 60;

/// What an assertion says, and the key that signs it.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// The app's consumer key.
    pub client_id: String,
    /// The name of the user to act as.
    pub subject: String,
    /// The app's private key.
    pub key: SigningKey,
    /// Where the user signs in with a browser. Without it, at the org.
    pub login: Option<Instance>,
}

#[derive(Debug)]
pub(super) struct JwtBearer {
    endpoint: TokenEndpoint,
    audience: String,
    assertion: Assertion,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: i64,
    /// Makes every assertion different: a server may refuse one that it has seen (RFC 7523).
    jti: String,
}

/// How far the clock of this computer is off.
#[derive(Debug)]
struct ClockOff {
    server_is_ahead: i64,
}

impl JwtBearer {
    pub(super) fn new(http: reqwest::Client, instance: Instance, assertion: Assertion) -> Self {
        let login = assertion.login.clone();
        let audience = audience(login.as_ref().unwrap_or(&instance), &instance);
        // The org's own host signs in more reliably than the generic ones.
        let host = match instance.kind() {
            InstanceKind::Login { .. } => login.unwrap_or(instance),
            _ => instance,
        };
        let app = App {
            client_id: assertion.client_id.clone(),
            client_secret: None,
        };
        Self {
            endpoint: TokenEndpoint::new(http, host, app),
            audience,
            assertion,
        }
    }

    fn sign(&self) -> Result<SecretString, AuthError> {
        let now = Timestamp::now().as_second();
        let claims = Claims {
            iss: &self.assertion.client_id,
            sub: &self.assertion.subject,
            aud: &self.audience,
            exp: now + LIFE_SECONDS,
            jti: Ksuid::new_raw(u32::try_from(now).unwrap_or_default(), None).to_string(),
        };
        let header = Header::new(Algorithm::RS256);
        jsonwebtoken::encode(&header, &claims, self.assertion.key.as_encoding_key())
            .map(SecretString::from)
            .map_err(|error| AuthError::because(Refusal::Assertion, error))
    }
}

#[async_trait]
impl TokenSource for JwtBearer {
    async fn fetch(&self) -> Result<AccessToken, AuthError> {
        let assertion = self.sign()?;
        let outcome = self.endpoint.jwt_bearer(&assertion).await;
        outcome.map(AccessToken::from).map_err(explain)
    }
}

/// Salesforce refuses an expired assertion in words that fit other flows, too. The clocks tell more.
fn explain(failed: Failed) -> AuthError {
    let refusal = failed.error.refusal();
    let may_be_time = matches!(
        refusal,
        Refusal::Assertion | Refusal::CodeExpired | Refusal::TokenExpired | Refusal::Refused
    );
    match failed.clock_ahead {
        Some(server_is_ahead)
            if may_be_time && server_is_ahead.unsigned_abs() > CLOCK_TOLERANCE_SECONDS =>
        {
            AuthError::because(Refusal::Clock, ClockOff { server_is_ahead })
        }
        // There is neither a code nor a refresh token in this flow.
        _ if matches!(refusal, Refusal::CodeExpired | Refusal::TokenExpired) => {
            AuthError::refused(Refusal::Assertion)
        }
        _ => failed.error,
    }
}

impl fmt::Display for ClockOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.server_is_ahead.unsigned_abs();
        let side = if self.server_is_ahead > 0 {
            "behind"
        } else {
            "ahead of"
        };
        write!(f, "it is {seconds} seconds {side} the org's")
    }
}

impl std::error::Error for ClockOff {}
