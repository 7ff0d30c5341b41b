//! The field groups: one for each sign-in method.

use super::flag::Flag;
use super::flags::connector::{
    INSTANCE_URL, LEAST_PRIVILEGED_PROFILES, OAUTH2_TOKEN, SALESFORCE_CLIENT_ID,
    SALESFORCE_CLIENT_SECRET, SALESFORCE_JWT_SUBJECT, SALESFORCE_LOGIN_URL, SALESFORCE_PASSWORD,
    SALESFORCE_PRIVATE_KEY, SALESFORCE_USERNAME, SECURITY_TOKEN, SYNC_CONNECTED_APPS,
    SYNC_DEACTIVATED_USERS, SYNC_NON_STANDARD_USERS, USER_USERNAME_FOR_EMAIL,
};
use super::values::Values;

/// A group of fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub(super) method: Method,
    /// The name that `--auth-method` takes.
    pub(super) name: &'static str,
    pub(super) display_name: &'static str,
    pub(super) help: &'static str,
    /// In the order of the form.
    pub(super) fields: &'static [Flag],
}

/// A sign-in method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Password,
    OAuthToken,
    JwtBearer,
    ClientCredentials,
}

impl Group {
    /// All groups.
    pub(super) const ALL: [Self; 4] = [
        Self::PASSWORD,
        Self::OAUTH,
        Self::JWT_BEARER,
        Self::CLIENT_CREDENTIALS,
    ];

    /// The default group.
    pub(super) const OAUTH: Self = Self {
        method: Method::OAuthToken,
        name: "oauth-group",
        display_name: "OAuth",
        help: "Sign in with an OAuth 2 token that the platform obtains.",
        fields: &[
            INSTANCE_URL,
            USER_USERNAME_FOR_EMAIL,
            OAUTH2_TOKEN,
            SYNC_CONNECTED_APPS,
            SYNC_DEACTIVATED_USERS,
            LEAST_PRIVILEGED_PROFILES,
            SYNC_NON_STANDARD_USERS,
        ],
    };

    const PASSWORD: Self = Self {
        method: Method::Password,
        name: "username-password-group",
        display_name: "Username and password (deprecated)",
        help: "Sign in with a user's name, password and security token. Salesforce will retire \
               this login; prefer JWT Bearer or Client Credentials.",
        fields: &[
            INSTANCE_URL,
            USER_USERNAME_FOR_EMAIL,
            SALESFORCE_USERNAME,
            SALESFORCE_PASSWORD,
            SECURITY_TOKEN,
            SYNC_CONNECTED_APPS,
            SYNC_DEACTIVATED_USERS,
            LEAST_PRIVILEGED_PROFILES,
            SYNC_NON_STANDARD_USERS,
        ],
    };

    const JWT_BEARER: Self = Self {
        method: Method::JwtBearer,
        name: "jwt-bearer-group",
        display_name: "JWT Bearer",
        help: "Sign in with a private key whose certificate is uploaded to the app in Salesforce.",
        fields: &[
            INSTANCE_URL,
            USER_USERNAME_FOR_EMAIL,
            SALESFORCE_CLIENT_ID,
            SALESFORCE_PRIVATE_KEY,
            SALESFORCE_JWT_SUBJECT,
            SALESFORCE_LOGIN_URL,
            SYNC_DEACTIVATED_USERS,
            LEAST_PRIVILEGED_PROFILES,
            SYNC_NON_STANDARD_USERS,
        ],
    };

    const CLIENT_CREDENTIALS: Self = Self {
        method: Method::ClientCredentials,
        name: "client-credentials-group",
        display_name: "Client Credentials",
        help: "Sign in as the app's run-as user with the client ID and secret of the app.",
        fields: &[
            INSTANCE_URL,
            USER_USERNAME_FOR_EMAIL,
            SALESFORCE_CLIENT_ID,
            SALESFORCE_CLIENT_SECRET,
            SYNC_DEACTIVATED_USERS,
            LEAST_PRIVILEGED_PROFILES,
            SYNC_NON_STANDARD_USERS,
        ],
    };

    /// The group of that name, or the default for the empty name.
    pub(super) fn find(name: &str) -> Option<Self> {
        match name {
            "" => Some(Self::OAUTH),
            _ => Self::ALL.into_iter().find(|group| group.name == name),
        }
    }

    /// Whether it is the default.
    pub(super) fn is_default(&self) -> bool {
        self.method == Self::OAUTH.method
    }

    /// The required fields of this group alone.
    pub(super) fn required(&self) -> impl Iterator<Item = &Flag> {
        self.fields
            .iter()
            .filter(|flag| flag.required && flag.name != INSTANCE_URL.name)
    }

    /// Whether all required fields of this group have values.
    pub(super) fn is_complete(&self, values: &Values) -> bool {
        self.method != Method::OAuthToken && self.required().all(|flag| values.is_set(flag))
    }
}
