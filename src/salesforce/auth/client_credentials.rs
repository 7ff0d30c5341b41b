//! OAuth client credentials: the app itself signs in, as the user that it runs as.
//!
//! Must not know: sharing, caching, repeating.

use async_trait::async_trait;

use super::{
    AccessToken, AuthError, Refusal, TokenSource,
    token_endpoint::{App, TokenEndpoint},
};
use crate::salesforce::instance::{Instance, InstanceKind};

#[derive(Debug)]
pub(super) struct ClientCredentials {
    needs_my_domain: bool,
    endpoint: TokenEndpoint,
}

impl ClientCredentials {
    pub(super) fn new(http: reqwest::Client, instance: Instance, app: App) -> Self {
        Self {
            needs_my_domain: matches!(instance.kind(), InstanceKind::Login { .. }),
            endpoint: TokenEndpoint::new(http, instance, app),
        }
    }
}

#[async_trait]
impl TokenSource for ClientCredentials {
    async fn fetch(&self) -> Result<AccessToken, AuthError> {
        if self.needs_my_domain {
            return Err(AuthError::refused(Refusal::MyDomainNeeded));
        }
        Ok(self.endpoint.client_credentials().await?.into())
    }
}
