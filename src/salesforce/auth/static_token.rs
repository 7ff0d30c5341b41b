//! An access token that the host supplies.
//!
//! It is never refreshed: when it expires, the host has to supply a new one.

use async_trait::async_trait;
use secrecy::SecretString;

use super::{AccessToken, AuthError, Refusal, TokenSource};
use crate::salesforce::instance::{Instance, InstanceKind};

#[derive(Debug)]
pub(super) struct StaticToken {
    instance: Instance,
    token: SecretString,
}

impl StaticToken {
    pub(super) fn new(instance: Instance, token: SecretString) -> Self {
        Self { instance, token }
    }
}

#[async_trait]
impl TokenSource for StaticToken {
    async fn fetch(&self) -> Result<AccessToken, AuthError> {
        if matches!(self.instance.kind(), InstanceKind::Login { .. }) {
            return Err(AuthError::refused(Refusal::MyDomainNeeded));
        }
        Ok(AccessToken::new(
            self.token.clone(),
            self.instance.api().clone(),
        ))
    }
}
