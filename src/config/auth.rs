//! Which sign-in method is used, and its credentials.

mod auth_url;
mod choice;
mod oauth_token;
mod private_key;

use std::path::Path;

use secrecy::SecretString;

use super::flag::{Flag, Kind};
use super::flags::connector as flags;
use super::group::Method;
use super::hint;
use super::problem::Problems;
use super::token_store::TokenStoreSetting;
use super::values::Values;

pub(super) use choice::{Choice, choose};

/// A sign-in method with the fields that it needs.
#[derive(Clone, Debug)]
pub enum AuthMethod {
    /// A token that a platform has obtained.
    OAuthToken {
        /// The token to send with each call.
        access_token: SecretString,
        /// The org's host according to the platform.
        instance_url: Option<String>,
        /// How to get another access token, if the platform says so.
        refresh: Option<RefreshGrant>,
    },
    /// A signed assertion.
    JwtBearer {
        /// The app's client id.
        client_id: String,
        /// The PEM text of the key.
        private_key: SecretString,
        /// The username to act as.
        subject: String,
        /// Where to send the assertion, as the user wrote it.
        login_url: String,
    },
    /// The app's own credentials.
    ClientCredentials {
        /// The app's client id.
        client_id: String,
        /// The app's client secret.
        client_secret: SecretString,
    },
    /// A user's name and password.
    Password {
        /// The username.
        username: String,
        /// The password.
        password: SecretString,
        /// The security token; not needed from a trusted IP range.
        security_token: Option<SecretString>,
    },
    /// A refresh token.
    RefreshToken {
        /// The token and its client.
        grant: RefreshGrant,
    },
}

/// A refresh token and the client that it was issued to.
#[derive(Clone, Debug)]
pub struct RefreshGrant {
    /// The app's client id.
    pub client_id: String,
    /// The app's client secret; a public client has none.
    pub client_secret: Option<SecretString>,
    /// The token that is configured; without one, it is in the token store.
    pub refresh_token: Option<SecretString>,
    /// The host that issues tokens, as the user wrote it, if it is not that of the instance URL.
    pub login_url: Option<String>,
}

/// The sign-in method, and how it was found.
pub(super) struct Resolved {
    pub(super) method: AuthMethod,
    /// The org's address: the instance URL, or where another field leads.
    pub(super) instance_url: String,
    /// What looks like a mistake but may be none.
    pub(super) warnings: Vec<String>,
}

/// The chosen method with its credentials, or `None` and the reasons in `problems`.
pub(super) fn resolve(
    choice: &Choice,
    values: &Values,
    directory: &Path,
    store: &TokenStoreSetting,
    problems: &mut Problems,
) -> Option<Resolved> {
    let group = &choice.group;
    for flag in group.required() {
        values.require(flag, problems);
    }
    hint::check_credentials(group, values, problems);
    let mut warnings = Vec::new();
    let mut instance_url = values.optional(&flags::INSTANCE_URL);
    let method = match group.method {
        Method::OAuthToken => oauth_token::resolve(values, problems, &mut warnings),
        Method::JwtBearer => jwt_bearer(values, directory, problems),
        Method::ClientCredentials => client_credentials(values),
        Method::Password => password(values),
        Method::RefreshToken => {
            let login_url = login_url(values, problems);
            instance_url.get_or_insert(login_url);
            let is_stored = choice.for_login || *store != TokenStoreSetting::None;
            Some(refresh_token(values, is_stored, problems))
        }
        Method::AuthUrl => {
            let url = auth_url::resolve(values, directory, problems)?;
            instance_url.get_or_insert(url.instance.clone());
            Some(AuthMethod::RefreshToken {
                grant: RefreshGrant {
                    client_id: url.client_id,
                    client_secret: url.client_secret,
                    refresh_token: Some(url.refresh_token),
                    login_url: Some(url.instance),
                },
            })
        }
    };
    Some(Resolved {
        method: method?,
        instance_url: instance_url.unwrap_or_default(),
        warnings,
    })
}

fn jwt_bearer(values: &Values, directory: &Path, problems: &mut Problems) -> Option<AuthMethod> {
    let login_url = login_url(values, problems);
    Some(AuthMethod::JwtBearer {
        client_id: text(values, &flags::SALESFORCE_CLIENT_ID),
        private_key: problems
            .keep(private_key::read(values, directory))
            .flatten()?,
        subject: text(values, &flags::SALESFORCE_JWT_SUBJECT),
        login_url,
    })
}

fn client_credentials(values: &Values) -> Option<AuthMethod> {
    Some(AuthMethod::ClientCredentials {
        client_id: text(values, &flags::SALESFORCE_CLIENT_ID),
        client_secret: values.secret(&flags::SALESFORCE_CLIENT_SECRET)?,
    })
}

fn password(values: &Values) -> Option<AuthMethod> {
    Some(AuthMethod::Password {
        username: text(values, &flags::SALESFORCE_USERNAME),
        password: values.secret(&flags::SALESFORCE_PASSWORD)?,
        security_token: values.secret(&flags::SECURITY_TOKEN),
    })
}

fn refresh_token(values: &Values, may_be_stored: bool, problems: &mut Problems) -> AuthMethod {
    let refresh_token = values.secret(&flags::SALESFORCE_REFRESH_TOKEN);
    if refresh_token.is_none() && !may_be_stored {
        let flag = &flags::SALESFORCE_REFRESH_TOKEN;
        problems.push(format!(
            "field {} of type string is required without a token store but it has a zero-value: \
             set --{} or {}, or name a file with --{}",
            flag.name,
            flag.name,
            flag.variable(),
            flags::TOKEN_STORE.name
        ));
    }
    AuthMethod::RefreshToken {
        grant: RefreshGrant {
            client_id: text(values, &flags::SALESFORCE_CLIENT_ID),
            client_secret: values.secret(&flags::SALESFORCE_CLIENT_SECRET),
            refresh_token,
            login_url: explicit_login_url(values),
        },
    }
}

fn login_url(values: &Values, problems: &mut Problems) -> String {
    let login_url = values.text(&flags::SALESFORCE_LOGIN_URL);
    problems.keep(hint::check_url(&flags::SALESFORCE_LOGIN_URL, login_url));
    login_url.to_owned()
}

/// The login URL, if it says more than the instance URL does. The default says nothing: forms send
/// it for sandboxes, too.
fn explicit_login_url(values: &Values) -> Option<String> {
    let flag = &flags::SALESFORCE_LOGIN_URL;
    let text = values.text(flag);
    let is_default = matches!(flag.kind, Kind::Text(default) if same_host(default, text));
    let says_more = !is_default && values.is_set(&flags::INSTANCE_URL);
    says_more.then(|| text.to_owned())
}

fn same_host(one: &str, other: &str) -> bool {
    auth_url::host(one) == auth_url::host(other)
}

fn text(values: &Values, flag: &Flag) -> String {
    values.text(flag).to_owned()
}

impl Choice {
    /// The name of the group, if it was inferred.
    pub(super) fn inferred_name(&self) -> Option<&'static str> {
        self.inferred.then_some(self.group.name)
    }

    /// Whether the org's address must be given.
    pub(super) fn needs_instance_url(&self) -> bool {
        self.group.needs_instance_url()
    }
}
