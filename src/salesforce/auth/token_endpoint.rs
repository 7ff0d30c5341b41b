//! The door to `/services/oauth2/token`, which all OAuth flows share.
//!
//! The `oauth2` crate builds the requests and reads the answers; the HTTP client is ours
//! ([`Exchange`]). That crate has no extension grants, so an assertion is sent as a plain form.
//! Must not know: sharing, caching, repeating.

use std::borrow::Cow;

use oauth2::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, EmptyExtraTokenFields, EndpointNotSet,
    EndpointSet, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError,
    StandardRevocableToken, StandardTokenIntrospectionResponse, TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenType},
};
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

mod answer;
mod exchange;
#[cfg(test)]
mod tests;

use self::{answer::Answer, exchange::Exchange};
pub(super) use self::{
    answer::{Failed, Fate},
    exchange::Departure,
};
use super::{AccessToken, AuthError, Identity, is_token};
use crate::salesforce::instance::Instance;

const TOKEN_PATH: &str = "/services/oauth2/token";
const INTROSPECT_PATH: &str = "/services/oauth2/introspect";

/// The app that signs in: an External Client App or a connected app.
#[derive(Clone, Debug)]
pub struct App {
    /// The consumer key.
    pub client_id: String,
    /// The consumer secret. A public client has none.
    pub client_secret: Option<SecretString>,
}

/// What the token endpoint issued. The access token can be sent, and its host is allowed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tokens {
    /// Opens the session.
    pub access_token: SecretString,
    /// Renews the session. In a refresh, only an app with rotation issues one.
    pub refresh_token: Option<SecretString>,
    /// Scheme and host of the org's API.
    pub instance: Url,
    /// Whose session it is.
    pub identity: Option<Identity>,
    /// The granted scopes, separated by spaces.
    pub scope: Option<String>,
}

/// The token endpoint of one org, for one app.
#[derive(Clone, Debug)]
pub(super) struct TokenEndpoint {
    http: reqwest::Client,
    instance: Instance,
    app: App,
}

type OAuth = oauth2::Client<
    BasicErrorResponse,
    Answer,
    StandardTokenIntrospectionResponse<EmptyExtraTokenFields, BasicTokenType>,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

type Outcome = Result<Answer, RequestTokenError<AuthError, BasicErrorResponse>>;

impl TokenEndpoint {
    pub(super) fn new(http: reqwest::Client, instance: Instance, app: App) -> Self {
        Self {
            http,
            instance,
            app,
        }
    }

    /// Signs in as the app itself.
    pub(super) async fn client_credentials(&self) -> Result<Tokens, Failed> {
        let exchange = self.exchange(None);
        let client = self.client();
        let request = client.exchange_client_credentials();
        let outcome = request.request_async(&exchange).await;
        self.judge(outcome, &exchange)
    }

    /// Redeems the code of an authorization. The code is decoded, as `url` delivers a parameter.
    pub(super) async fn authorization_code(
        &self,
        code: &SecretString,
        redirect_uri: &RedirectUrl,
        verifier: Option<&SecretString>,
    ) -> Result<Tokens, Failed> {
        let exchange = self.exchange(None);
        let client = self.client();
        let code = AuthorizationCode::new(code.expose_secret().to_owned());
        let mut request = client
            .exchange_code(code)
            .set_redirect_uri(Cow::Borrowed(redirect_uri));
        if let Some(verifier) = verifier {
            let verifier = PkceCodeVerifier::new(verifier.expose_secret().to_owned());
            request = request.set_pkce_verifier(verifier);
        }
        let outcome = request.request_async(&exchange).await;
        self.judge(outcome, &exchange)
    }

    /// Redeems a refresh token. `departure` runs when the connection stands, just before the token
    /// is sent; if it fails, the token is not sent.
    pub(super) async fn refresh(
        &self,
        token: &SecretString,
        departure: Option<Departure>,
    ) -> Result<Tokens, Failed> {
        let exchange = self.exchange(departure);
        let client = self.client();
        let token = RefreshToken::new(token.expose_secret().to_owned());
        let request = client.exchange_refresh_token(&token);
        let outcome = request.request_async(&exchange).await;
        self.judge(outcome, &exchange)
    }

    /// Signs in with a signed assertion (RFC 7523). It names the app, so no secret is sent. Salesforce
    /// refuses a scope here.
    pub(super) async fn jwt_bearer(&self, assertion: &SecretString) -> Result<Tokens, Failed> {
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", assertion.expose_secret()),
        ];
        let exchange = self.exchange(None);
        let outcome = exchange.post(&self.url(), form(fields)).await;
        self.judge(outcome, &exchange)
    }

    /// Asks whether a refresh token can still be used (RFC 7662). This does not use it. `None` if
    /// the org does not say. `host` is the org's own; generic login hosts do not answer.
    pub(super) async fn is_active(
        &self,
        token: &SecretString,
        host: Option<&str>,
    ) -> Result<Option<bool>, Failed> {
        let mut url = match host {
            Some(host) => self
                .instance
                .admit(host)
                .map_err(|error| Failed::unusable(AuthError::foreign(error), None))?,
            None => self.instance.login().clone(),
        };
        url.set_path(INTROSPECT_PATH);
        let mut fields = vec![
            ("token", token.expose_secret()),
            ("token_type_hint", "refresh_token"),
            ("client_id", &self.app.client_id),
        ];
        if let Some(secret) = &self.app.client_secret {
            fields.push(("client_secret", secret.expose_secret()));
        }
        let exchange = self.exchange(None);
        exchange.ask(&url, form(fields)).await
    }

    fn url(&self) -> Url {
        let mut url = self.instance.login().clone();
        url.set_path(TOKEN_PATH);
        url
    }

    fn client(&self) -> OAuth {
        let client = oauth2::Client::new(ClientId::new(self.app.client_id.clone()))
            .set_token_uri(TokenUrl::from_url(self.url()))
            .set_auth_type(AuthType::RequestBody);
        match &self.app.client_secret {
            Some(secret) => {
                client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()))
            }
            None => client,
        }
    }

    fn exchange(&self, departure: Option<Departure>) -> Exchange {
        Exchange::new(self.http.clone(), departure)
    }

    fn judge(&self, outcome: Outcome, exchange: &Exchange) -> Result<Tokens, Failed> {
        let answer = outcome.map_err(|error| exchange.failed(error))?;
        let refresh_token = answer.refresh_token();
        let unusable = |error| Failed::unusable(error, refresh_token.clone());
        let access_token = answer.access_token();
        if !is_token(access_token.expose_secret()) {
            return Err(unusable(AuthError::garbled()));
        }
        let instance = match answer.instance_url() {
            Some(told) => self.instance.admit(told).map_err(AuthError::foreign),
            None => Err(AuthError::garbled()),
        };
        Ok(Tokens {
            access_token,
            instance: instance.map_err(unusable)?,
            identity: answer.identity(),
            scope: answer.scope().map(str::to_owned),
            refresh_token,
        })
    }
}

fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

impl From<Tokens> for AccessToken {
    fn from(tokens: Tokens) -> Self {
        Self::new(tokens.access_token, tokens.instance)
    }
}
