//! The field groups: one for each sign-in method.

use super::flag::Flag;
use super::flags::connector::{
    COMPANY_DOMAINS, INSTANCE_URL, LEAST_PRIVILEGED_PROFILES, OAUTH2_TOKEN, SALESFORCE_AUTH_URL,
    SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET, SALESFORCE_JWT_SUBJECT, SALESFORCE_LOGIN_URL,
    SALESFORCE_PASSWORD, SALESFORCE_PRIVATE_KEY, SALESFORCE_REFRESH_TOKEN, SALESFORCE_USERNAME,
    SECURITY_TOKEN, SYNC_CHATTER_GROUPS, SYNC_CONNECTED_APPS, SYNC_DEACTIVATED_USERS,
    SYNC_LICENSES, SYNC_NON_STANDARD_USERS, SYNC_OBJECT_PERMISSIONS, SYNC_SECURITY_INSIGHTS,
    USER_USERNAME_FOR_EMAIL,
};

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
    RefreshToken,
    AuthUrl,
}

impl Group {
    /// All groups. Hosts show them in this order, so new ones come last.
    pub(super) const ALL: [Self; 6] = [
        Self::PASSWORD,
        Self::OAUTH,
        Self::JWT_BEARER,
        Self::CLIENT_CREDENTIALS,
        Self::REFRESH_TOKEN,
        Self::AUTH_URL,
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
            SYNC_LICENSES,
            SYNC_CHATTER_GROUPS,
            SYNC_OBJECT_PERMISSIONS,
            SYNC_SECURITY_INSIGHTS,
            COMPANY_DOMAINS,
        ],
    };

    pub(super) const PASSWORD: Self = Self {
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
            SYNC_LICENSES,
            SYNC_CHATTER_GROUPS,
            SYNC_OBJECT_PERMISSIONS,
            SYNC_SECURITY_INSIGHTS,
            COMPANY_DOMAINS,
        ],
    };

    pub(super) const JWT_BEARER: Self = Self {
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
            SYNC_LICENSES,
            SYNC_CHATTER_GROUPS,
            SYNC_OBJECT_PERMISSIONS,
            SYNC_SECURITY_INSIGHTS,
            COMPANY_DOMAINS,
        ],
    };

    pub(super) const CLIENT_CREDENTIALS: Self = Self {
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
            SYNC_LICENSES,
            SYNC_CHATTER_GROUPS,
            SYNC_OBJECT_PERMISSIONS,
            SYNC_SECURITY_INSIGHTS,
            COMPANY_DOMAINS,
        ],
    };

    /// Its form does not ask for the instance URL, because the login URL leads to the org.
    pub(super) const REFRESH_TOKEN: Self = Self {
        method: Method::RefreshToken,
        name: "refresh-token-group",
        display_name: "Refresh Token",
        help: "Sign in with the refresh token that a user's approval in a browser gave to the app \
               (baton-salesforce login).",
        fields: &[
            USER_USERNAME_FOR_EMAIL,
            SALESFORCE_CLIENT_ID,
            SALESFORCE_CLIENT_SECRET.optional(),
            SALESFORCE_REFRESH_TOKEN,
            SALESFORCE_LOGIN_URL,
            SYNC_DEACTIVATED_USERS,
            LEAST_PRIVILEGED_PROFILES,
            SYNC_NON_STANDARD_USERS,
            SYNC_LICENSES,
            SYNC_CHATTER_GROUPS,
            SYNC_OBJECT_PERMISSIONS,
            SYNC_SECURITY_INSIGHTS,
            COMPANY_DOMAINS,
        ],
    };

    pub(super) const AUTH_URL: Self = Self {
        method: Method::AuthUrl,
        name: "auth-url-group",
        display_name: "Salesforce CLI Auth URL",
        help: "Sign in as Salesforce's own CLI does, with the auth URL that it shows: \
               sf org auth show-sfdx-auth-url.",
        fields: &[
            USER_USERNAME_FOR_EMAIL,
            SALESFORCE_AUTH_URL,
            SYNC_DEACTIVATED_USERS,
            LEAST_PRIVILEGED_PROFILES,
            SYNC_NON_STANDARD_USERS,
            SYNC_LICENSES,
            SYNC_CHATTER_GROUPS,
            SYNC_OBJECT_PERMISSIONS,
            SYNC_SECURITY_INSIGHTS,
            COMPANY_DOMAINS,
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

    /// Whether the org's address must be given. Otherwise another field leads to it.
    pub(super) fn needs_instance_url(&self) -> bool {
        self.fields
            .iter()
            .any(|flag| flag.name == INSTANCE_URL.name)
    }
}
