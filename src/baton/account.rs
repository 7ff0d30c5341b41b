//! Creating accounts.

use async_trait::async_trait;

use super::{Object, Quota, Resource, Result};
use crate::baton::schema::AccountField;

/// Creates accounts of one resource type.
#[async_trait]
pub trait AccountManager: Send + Sync {
    /// The resource type of the accounts, such as `user`.
    fn resource_type(&self) -> &'static str;

    /// What a form for a new account asks for.
    fn schema(&self) -> Vec<AccountField>;

    /// The credentials that a new account can get; the first is preferred.
    fn credential_options(&self) -> &'static [CredentialOption];

    /// Creates the account, unless it exists.
    async fn create(&self, request: &AccountRequest) -> Result<NewAccount>;
}

/// How a new account signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialOption {
    /// No password is set here.
    NoPassword,
    /// Somebody else authenticates.
    Sso,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountRequest {
    /// The name to sign in with, if the host names one.
    pub login: Option<String>,
    /// Addresses, the primary one first.
    pub emails: Vec<String>,
    /// The filled form, and any other attribute.
    pub profile: Object,
    /// How it will sign in, if the host says so.
    pub credential: Option<CredentialOption>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAccount {
    /// Created, or found.
    pub outcome: AccountOutcome,
    /// The account.
    pub resource: Resource,
    /// What the upstream system said of its quota, last.
    pub quota: Option<Quota>,
}

/// Created or found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountOutcome {
    /// It was created by this request.
    Created,
    /// It exists; it was not touched.
    AlreadyExists,
    /// It was created, but somebody must do something; the text says what.
    ActionRequired(String),
}
