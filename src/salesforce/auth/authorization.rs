//! OAuth web server flow: a person approves the app in a browser, and a code is exchanged for tokens.
//!
//! PKCE (RFC 7636) is always used: apps that do not require it accept it.
//! Must not know: how the code arrives, where tokens are kept.

use oauth2::{
    AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, RedirectUrl, Scope, basic::BasicClient,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{App, AuthError, Refusal, Tokens, token_endpoint::TokenEndpoint};
use crate::salesforce::{
    answer::{Head, read_bounded},
    catalogue::{self, Advice},
    instance::Instance,
};

const AUTHORIZE_PATH: &str = "/services/oauth2/authorize";
const REVOKE_PATH: &str = "/services/oauth2/revoke";
const USERINFO_PATH: &str = "/services/oauth2/userinfo";

/// The longest answer about a user or a revocation.
const MAX_ANSWER: usize = 64 * 1024;

/// The bytes of the state: 256 bits.
const STATE_BYTES: u32 = 32;

/// A sign-in that waits for its code.
pub struct Authorization {
    endpoint: TokenEndpoint,
    redirect_uri: RedirectUrl,
    url: Url,
    state: String,
    verifier: SecretString,
}

/// The signed-in user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Person {
    /// The id of the org.
    #[serde(rename = "organization_id")]
    pub org_id: Option<String>,
    /// The username.
    #[serde(rename = "preferred_username")]
    pub username: Option<String>,
    /// The name.
    pub name: Option<String>,
}

/// The result of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// The token was valid until now.
    Now,
    /// The token was not valid any more.
    Before,
}

impl Authorization {
    /// Starts a sign-in. `prompt=login` lets the person choose the user, instead of taking the one
    /// whom the browser remembers; Salesforce's own CLI does the same.
    #[must_use]
    pub fn new(
        http: reqwest::Client,
        instance: Instance,
        app: App,
        redirect_uri: Url,
        scopes: &[String],
    ) -> Self {
        let mut authorize = instance.login().clone();
        authorize.set_path(AUTHORIZE_PATH);
        let redirect_uri = RedirectUrl::from_url(redirect_uri);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state) = BasicClient::new(ClientId::new(app.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(authorize))
            .set_redirect_uri(redirect_uri.clone())
            .authorize_url(|| CsrfToken::new_random_len(STATE_BYTES))
            .add_scopes(scopes.iter().cloned().map(Scope::new))
            .add_extra_param("prompt", "login")
            .set_pkce_challenge(challenge)
            .url();
        Self {
            endpoint: TokenEndpoint::new(http, instance, app),
            redirect_uri,
            url,
            state: state.into_secret(),
            verifier: verifier.into_secret().into(),
        }
    }

    /// The page where the person approves.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What the redirect must repeat.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Exchanges the code, which works once.
    pub async fn redeem(&self, code: &SecretString) -> Result<Tokens, AuthError> {
        self.endpoint
            .authorization_code(code, &self.redirect_uri, Some(&self.verifier))
            .await
            .map_err(|failed| failed.error)
    }
}

impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorization")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// What the `error` and `error_description` of a redirect mean, if the catalogue knows.
#[must_use]
pub fn advice_on_denial(error: &str, description: &str) -> Option<Advice> {
    catalogue::oauth(error, description).map(Refusal::advice)
}

/// Ends a refresh token and its sessions.
pub async fn revoke(
    http: &reqwest::Client,
    instance: &Instance,
    token: &SecretString,
) -> Result<Revoked, AuthError> {
    let mut url = instance.login().clone();
    url.set_path(REVOKE_PATH);
    let response = http
        .post(url)
        .form(&[("token", token.expose_secret())])
        .send()
        .await
        .map_err(AuthError::unreachable)?;
    let head = Head::of(&response);
    let status = response.status();
    let body = read_bounded(response, MAX_ANSWER)
        .await
        .map_err(AuthError::unread)?;
    if status.is_success() {
        return Ok(Revoked::Now);
    }
    // The error is a form, not JSON.
    let code = url::form_urlencoded::parse(&body)
        .find(|(name, _)| name == "error")
        .map(|(_, code)| code.into_owned());
    match code.as_deref() {
        Some("invalid_token" | "unsupported_token_type") => Ok(Revoked::Before),
        _ if status.as_u16() == 400 && body.is_empty() => Err(AuthError::refused(Refusal::Garbled)),
        _ => Err(AuthError::from_head(head)),
    }
}

/// Asks whose session it is. The host of the tokens has been checked.
pub async fn person(http: &reqwest::Client, tokens: &Tokens) -> Option<Person> {
    let mut url = tokens.instance.clone();
    url.set_path(USERINFO_PATH);
    let response = http
        .get(url)
        .bearer_auth(tokens.access_token.expose_secret())
        .send()
        .await
        .ok()?;
    if !response.status().is_success() {
        return None;
    }
    let body = read_bounded(response, MAX_ANSWER).await.ok()?;
    serde_json::from_slice(&body).ok()
}
