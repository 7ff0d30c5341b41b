//! OAuth client credentials: the connected app itself logs in, as the user it runs as.
//!
//! The exchange is the `oauth2` crate's; the HTTP client is ours, handed over as an `AsyncHttpClient`.
//! Must not know: sharing, caching, repeating.

use std::{
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use oauth2::{
    AuthType, ClientId, ClientSecret, EmptyExtraTokenFields, ExtraTokenFields, HttpRequest,
    HttpResponse, RequestTokenError, StandardErrorResponse, StandardRevocableToken,
    StandardTokenIntrospectionResponse, StandardTokenResponse, TokenResponse as _, TokenUrl,
    basic::{
        BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse, BasicTokenType,
    },
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{AccessToken, AuthError, Refusal, TokenSource, is_token};
use crate::salesforce::{
    answer::{Head, read_bounded},
    instance::{Instance, InstanceKind},
};

/// A token answer is small; anything larger is not one.
const MAX_ANSWER: usize = 64 * 1024;
const TOKEN_PATH: &str = "/services/oauth2/token";

#[derive(Debug)]
pub(super) struct ClientCredentials {
    http: reqwest::Client,
    instance: Instance,
    client_id: String,
    client_secret: SecretString,
}

/// What Salesforce adds to a token answer.
#[derive(Debug, Deserialize, Serialize)]
struct Extra {
    instance_url: String,
}

impl ExtraTokenFields for Extra {}

type Tokens = StandardTokenResponse<Extra, BasicTokenType>;
type OAuth = oauth2::Client<
    BasicErrorResponse,
    Tokens,
    StandardTokenIntrospectionResponse<EmptyExtraTokenFields, BasicTokenType>,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
>;

impl ClientCredentials {
    pub(super) fn new(
        http: reqwest::Client,
        instance: Instance,
        client_id: String,
        client_secret: SecretString,
    ) -> Self {
        Self {
            http,
            instance,
            client_id,
            client_secret,
        }
    }
}

#[async_trait]
impl TokenSource for ClientCredentials {
    async fn fetch(&self) -> Result<AccessToken, AuthError> {
        if matches!(self.instance.kind(), InstanceKind::Login { .. }) {
            return Err(AuthError::refused(Refusal::MyDomainNeeded));
        }
        let mut token_url = self.instance.login().clone();
        token_url.set_path(TOKEN_PATH);
        let client = OAuth::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(
                self.client_secret.expose_secret().to_owned(),
            ))
            .set_token_uri(TokenUrl::from_url(token_url))
            .set_auth_type(AuthType::RequestBody);
        let exchange = Exchange {
            http: self.http.clone(),
            head: Mutex::default(),
        };
        let answer = client
            .exchange_client_credentials()
            .request_async(&exchange)
            .await;
        match answer {
            Ok(tokens) => {
                if !is_token(tokens.access_token().secret()) {
                    return Err(AuthError::garbled());
                }
                let told = &tokens.extra_fields().instance_url;
                let instance = self.instance.admit(told).map_err(AuthError::foreign)?;
                let secret = SecretString::from(tokens.access_token().secret().as_str());
                Ok(AccessToken::new(secret, instance))
            }
            Err(error) => Err(refusal(error, exchange.into_head())),
        }
    }
}

/// One HTTP exchange for the `oauth2` crate; remembers the answer's head, which that crate forgets.
struct Exchange {
    http: reqwest::Client,
    head: Mutex<Head>,
}

impl<'c> oauth2::AsyncHttpClient<'c> for Exchange {
    type Error = AuthError;
    // Boxed with an explicit `Send`: a closure's future is not general enough for `async_trait`.
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, AuthError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl Exchange {
    fn into_head(self) -> Head {
        let head = self.head.into_inner();
        head.unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, AuthError> {
        let request = request.try_into().map_err(AuthError::unreachable)?;
        let response = self
            .http
            .execute(request)
            .await
            .map_err(AuthError::unreachable)?;
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = Head::of(&response);
        let mut answer = http::Response::builder().status(response.status());
        if let Some(headers) = answer.headers_mut() {
            headers.clone_from(response.headers());
        }
        let body = read_bounded(response, MAX_ANSWER)
            .await
            .map_err(AuthError::unread)?;
        answer.body(body).map_err(|_| AuthError::garbled())
    }
}

/// The body of a failed exchange may hold anything, so only the code and known texts survive.
fn refusal(
    error: RequestTokenError<AuthError, StandardErrorResponse<BasicErrorResponseType>>,
    head: Head,
) -> AuthError {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(answer) => {
            let description = answer.error_description().map_or("", String::as_str);
            AuthError::from_oauth(head, answer.error().as_ref(), description)
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => AuthError::from_head(head),
    }
}
