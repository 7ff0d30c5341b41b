//! Account creation.

use async_trait::async_trait;

use super::{Object, Quota, Resource, Result};
use crate::baton::schema::AccountField;

/// Creates accounts of one resource type.
#[async_trait]
pub trait AccountManager: Send + Sync {
    /// Id of the accounts' resource type, such as `user`.
    fn resource_type(&self) -> &'static str;

    /// The fields of the form for a new account.
    fn schema(&self) -> Vec<AccountField>;

    /// The same with the fields that only the upstream system knows of. It may ask for them, and
    /// leaves them out if it gets no answer soon.
    async fn full_schema(&self) -> Vec<AccountField> {
        self.schema()
    }

    /// The credentials that a new account can get. Hosts prefer the first.
    fn credential_options(&self) -> &'static [CredentialOption];

    /// Creates the account, or finds it if it exists.
    async fn create(&self, request: &AccountRequest) -> Result<NewAccount>;
}

/// How the user of a new account signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialOption {
    /// The connector sets no password.
    NoPassword,
    /// By single sign-on.
    Sso,
}

/// A request for a new account.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountRequest {
    /// The username, if the host gives one.
    pub login: Option<String>,
    /// E-mail addresses, the primary one first.
    pub emails: Vec<String>,
    /// The values of the form, and any other attributes.
    pub profile: Object,
    /// How the user signs in, if the host says so.
    pub credential: Option<CredentialOption>,
}

/// Result of a request for a new account.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAccount {
    /// Whether it was created.
    pub outcome: AccountOutcome,
    /// The account.
    pub resource: Resource,
    /// The upstream system's quota, if it is known.
    pub quota: Option<Quota>,
}

/// Whether an account was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountOutcome {
    /// It was created.
    Created,
    /// It existed and was not changed.
    AlreadyExists,
    /// It was created, but somebody has to act. The text says what to do.
    ActionRequired(String),
}
