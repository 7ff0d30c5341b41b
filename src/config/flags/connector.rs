//! The flags of the Salesforce connector itself. Names, types and defaults of the published ones
//! are what hosts have stored; their order here is their order in the form.

use crate::config::flag::{Flag, Kind, flags};

flags! {
    INSTANCE_URL = Flag::text(
        "instance-url",
        "Salesforce domain of the org, for example acme.my.salesforce.com",
    ).required().form("Instance URL");
    USER_USERNAME_FOR_EMAIL = Flag::switch(
        "user-username-for-email",
        "Take a user's username as the e-mail address",
    ).form("Use Username for Email");
    SALESFORCE_USERNAME = Flag::text(
        "salesforce-username",
        "Username to sign in with (username-password-group)",
    ).required().form("Salesforce Username");
    SALESFORCE_PASSWORD = Flag::text(
        "salesforce-password",
        "Password of that user (username-password-group)",
    ).required().secret().form("Salesforce Password");
    SECURITY_TOKEN = Flag::text(
        "security-token",
        "Security token of that user; not needed from a trusted IP range \
         (username-password-group)",
    ).secret().form("Security Token");
    OAUTH2_TOKEN = Flag::new(
        "oauth2-token",
        Kind::Token,
        "OAuth 2 token that a platform obtained: an access token, or a JSON object with \
         access_token and optionally refresh_token and instance_url (oauth-group)",
    ).secret().form("OAuth2 Token");
    SALESFORCE_CLIENT_ID = Flag::text(
        "salesforce-client-id",
        "Client ID (consumer key) of the app in Salesforce \
         (jwt-bearer-group, client-credentials-group)",
    ).required().form("Client ID");
    SALESFORCE_CLIENT_SECRET = Flag::text(
        "salesforce-client-secret",
        "Client secret (consumer secret) of the app in Salesforce (client-credentials-group)",
    ).required().secret().form("Client Secret");
    SALESFORCE_PRIVATE_KEY = Flag::new(
        "salesforce-private-key",
        Kind::Upload { extension: ".pem" },
        "Path of the PEM file with the private key whose certificate the app has \
         (jwt-bearer-group)",
    ).required().secret().form("Private Key");
    SALESFORCE_JWT_SUBJECT = Flag::text(
        "salesforce-jwt-subject",
        "Username to act as (jwt-bearer-group)",
    ).required().form("JWT Subject");
    SALESFORCE_LOGIN_URL = Flag::new(
        "salesforce-login-url",
        Kind::Text("https://login.salesforce.com"),
        "Login URL; https://test.salesforce.com for a sandbox (jwt-bearer-group)",
    ).form("Login URL");
    SYNC_CONNECTED_APPS = Flag::switch(
        "sync-connected-apps",
        "Also sync connected apps and who may use them",
    ).form("Sync Connected Apps");
    SYNC_DEACTIVATED_USERS = Flag::new(
        "sync-deactivated-users",
        Kind::Switch(true),
        "Also sync deactivated users",
    ).form("Sync Deactivated Users");
    LEAST_PRIVILEGED_PROFILES = Flag::new(
        "license-to-least-privileged-profile-mapping",
        Kind::Map,
        "For each user license the profile that a user falls back to when a profile is revoked: \
         license name=profile name",
    ).form("License to Least Privileged Profile Mapping");
    SYNC_NON_STANDARD_USERS = Flag::switch(
        "sync-non-standard-users",
        "Also sync users whose type is not Standard (community, portal, guest and the like)",
    ).form("Sync Non-Standard Users");
    AUTH_METHOD = Flag::text(
        "auth-method",
        "How to sign in: username-password-group, oauth-group (the default), jwt-bearer-group or \
         client-credentials-group",
    );
    API_VERSION = Flag::new(
        "api-version",
        Kind::Text("63.0"),
        "Version of the Salesforce API",
    );
    ALLOW_CUSTOM_DOMAIN = Flag::switch(
        "allow-custom-domain",
        "Accept an instance URL outside Salesforce's domains; credentials are sent there",
    );
    USER_CUSTOM_FIELDS = Flag::list(
        "user-custom-fields",
        "Further fields of User to read in a sync, by API name",
    );
    USERNAME_TEMPLATE = Flag::new(
        "username-template",
        Kind::Text("{email}"),
        "How a new account's username is made when none is given: from {email}, {local}, {domain}, \
         {alias}, {first_name} and {last_name}",
    );
    USERNAME_SUFFIX = Flag::text(
        "username-suffix",
        "What is appended to a username made from the template, such as .acme",
    );
    ACCOUNT_PASSWORD_MAIL = Flag::new(
        "account-password-mail",
        Kind::Switch(true),
        "Let Salesforce mail new accounts a link to set their password",
    );
    DRY_RUN = Flag::switch(
        "dry-run",
        "Tell what would be written to Salesforce, and write nothing",
    );
    API_RESERVE = Flag::number(
        "api-reserve",
        0,
        (0, i64::MAX),
        "Calls of the org's daily API allowance to leave for others; a sync stops before",
    );
}
