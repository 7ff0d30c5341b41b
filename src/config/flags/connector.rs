//! The flags of the Salesforce connector itself. Hosts have stored the names, types and defaults of
//! the published ones; their order here is their order in the form.

use crate::config::flag::{Flag, Kind, Topic, flags};

/// The version of the Salesforce API without `--api-version`.
pub(crate) const DEFAULT_API_VERSION: &str = "63.0";

flags! {
    INSTANCE_URL = Flag::text(
        "instance-url",
        "Salesforce domain of the org, for example acme.my.salesforce.com",
    ).required().form("Instance URL").topic(Topic::Connection);
    USER_USERNAME_FOR_EMAIL = Flag::switch(
        "user-username-for-email",
        "Use the username as the email address",
    ).form("Use Username for Email").topic(Topic::Sync);
    SALESFORCE_USERNAME = Flag::text(
        "salesforce-username",
        "Username to sign in with (username-password-group)",
    ).required().form("Salesforce Username").topic(Topic::Connection);
    SALESFORCE_PASSWORD = Flag::text(
        "salesforce-password",
        "Password of the user (username-password-group)",
    ).required().secret().verbatim().form("Salesforce Password").topic(Topic::Connection);
    SECURITY_TOKEN = Flag::text(
        "security-token",
        "Security token of the user; not needed from a trusted IP range \
         (username-password-group)",
    ).secret().or_empty().form("Security Token").topic(Topic::Connection);
    OAUTH2_TOKEN = Flag::new(
        "oauth2-token",
        Kind::Token,
        "OAuth 2 token that a platform has obtained: an access token, or a JSON object with \
         access_token and optionally instance_url and refresh_token (oauth-group)",
    ).secret().or_empty().form("OAuth2 Token").topic(Topic::Connection);
    SALESFORCE_CLIENT_ID = Flag::text(
        "salesforce-client-id",
        "Client ID (consumer key) of the app in Salesforce \
         (jwt-bearer-group, client-credentials-group, refresh-token-group)",
    ).required().form("Client ID").topic(Topic::Connection);
    SALESFORCE_CLIENT_SECRET = Flag::text(
        "salesforce-client-secret",
        "Client secret (consumer secret) of the app in Salesforce \
         (client-credentials-group; refresh-token-group, unless the app needs none)",
    ).required().secret().form("Client Secret").topic(Topic::Connection);
    SALESFORCE_PRIVATE_KEY = Flag::new(
        "salesforce-private-key",
        Kind::Upload { extension: ".pem" },
        "Path of the PEM file with the private key; the app in Salesforce has its certificate \
         (jwt-bearer-group)",
    ).required().secret().form("Private Key").topic(Topic::Connection);
    SALESFORCE_JWT_SUBJECT = Flag::text(
        "salesforce-jwt-subject",
        "Username to act as (jwt-bearer-group)",
    ).required().form("JWT Subject").topic(Topic::Connection);
    SALESFORCE_LOGIN_URL = Flag::new(
        "salesforce-login-url",
        Kind::Text("https://login.salesforce.com"),
        "Login URL; https://test.salesforce.com for a sandbox \
         (jwt-bearer-group, refresh-token-group)",
    ).form("Login URL").topic(Topic::Connection);
    SYNC_CONNECTED_APPS = Flag::switch(
        "sync-connected-apps",
        "Sync connected apps",
    ).form("Sync Connected Apps").topic(Topic::Sync);
    SYNC_DEACTIVATED_USERS = Flag::new(
        "sync-deactivated-users",
        Kind::Switch(true),
        "Sync deactivated users",
    ).form("Sync Deactivated Users").topic(Topic::Sync);
    LEAST_PRIVILEGED_PROFILES = Flag::new(
        "license-to-least-privileged-profile-mapping",
        Kind::Map,
        "Profile that a user gets when its profile is revoked, by user license: \
         license name=profile name",
    ).form("License to Least Privileged Profile Mapping").topic(Topic::Writes);
    SYNC_NON_STANDARD_USERS = Flag::switch(
        "sync-non-standard-users",
        "Sync users whose type is not Standard (community, portal, guest and so on)",
    ).form("Sync Non-Standard Users").topic(Topic::Sync);
    SALESFORCE_REFRESH_TOKEN = Flag::text(
        "salesforce-refresh-token",
        "Refresh token of the app and a user; not needed after `baton-salesforce login` \
         (refresh-token-group)",
    ).secret().form("Refresh Token").topic(Topic::Connection);
    SALESFORCE_AUTH_URL = Flag::text(
        "salesforce-auth-url",
        "Auth URL of Salesforce's own CLI, force://..., as `sf org auth show-sfdx-auth-url` prints \
         it; or the path of a file with it, or - for standard input (auth-url-group)",
    ).required().secret().form("Salesforce CLI Auth URL").topic(Topic::Connection);
    AUTH_METHOD = Flag::text(
        "auth-method",
        "Sign-in method: username-password-group, oauth-group (the default), jwt-bearer-group, \
         client-credentials-group, refresh-token-group or auth-url-group; without it, the one \
         whose fields are set",
    ).or_empty().topic(Topic::Connection);
    TOKEN_STORE = Flag::text(
        "token-store",
        "File that keeps refresh tokens, or none; by default baton-salesforce/tokens.json in the \
         user's state directory",
    ).topic(Topic::Connection);
    API_VERSION = Flag::new(
        "api-version",
        Kind::Text(DEFAULT_API_VERSION),
        "Version of the Salesforce API",
    ).topic(Topic::Connection);
    ALLOW_CUSTOM_DOMAIN = Flag::switch(
        "allow-custom-domain",
        "Accept an instance URL outside Salesforce's domains; credentials are sent there",
    ).topic(Topic::Connection);
    CA_FILE = Flag::text(
        "ca-file",
        "PEM file with certificate authorities to trust besides the system's, such as that of a \
         proxy that inspects TLS",
    ).topic(Topic::Connection);
    USER_CUSTOM_FIELDS = Flag::list(
        "user-custom-fields",
        "Additional fields of User to sync, by API name; a path such as Manager.Name leads to a \
         field of another object",
    ).topic(Topic::Sync);
    COMPANY_DOMAINS = Flag::list(
        "company-domains",
        "Sync only users with an email address in these domains, for example acme.com; \
         *.acme.com stands for the domains below it, * (the default) for all",
    ).form("Company Domains").topic(Topic::Sync);
    SYNC_LICENSES = Flag::new(
        "sync-licenses",
        Kind::Switch(true),
        "Sync licenses and who holds them",
    ).form("Sync Licenses").topic(Topic::Sync);
    SYNC_TERRITORIES = Flag::new(
        "sync-territories",
        Kind::Switch(true),
        "Sync the territories of the active territory model",
    ).topic(Topic::Sync);
    SYNC_AGENTS = Flag::new(
        "sync-agents",
        Kind::Switch(true),
        "Sync agents and the users that they run as",
    ).topic(Topic::Sync);
    SYNC_CHATTER_GROUPS = Flag::switch(
        "sync-chatter-groups",
        "Sync Chatter groups and their members",
    ).form("Sync Chatter Groups").topic(Topic::Sync);
    SYNC_OBJECT_PERMISSIONS = Flag::switch(
        "sync-object-permissions",
        "Sync who may view or modify all records of which object",
    ).form("Sync Object Permissions").topic(Topic::Sync);
    SYNC_SECURITY_INSIGHTS = Flag::switch(
        "sync-security-insights",
        "Sync who holds strong permissions and by which path, and accounts that are dormant, frozen \
         with seats, or privileged without a federation identifier",
    ).form("Sync Security Insights").topic(Topic::Sync);
    DORMANT_AFTER_DAYS = Flag::number(
        "dormant-after-days",
        90,
        (1, 3650),
        "Days without a sign-in after which an account is dormant, in security insights and in reports",
    ).topic(Topic::Sync);
    LIFECYCLE_API = Flag::new(
        "lifecycle-api",
        Kind::Text("rest"),
        "API through which accounts and their entitlements are changed: rest or scim",
    ).topic(Topic::Writes);
    USERNAME_TEMPLATE = Flag::new(
        "username-template",
        Kind::Text("{email}"),
        "Template for the username of a new account; {email}, {local}, {domain}, {alias}, \
         {first_name} and {last_name} are replaced",
    ).topic(Topic::Writes);
    USERNAME_SUFFIX = Flag::text(
        "username-suffix",
        "Suffix for usernames that are made from the template, such as .acme",
    ).or_empty().topic(Topic::Writes);
    ACCOUNT_PASSWORD_MAIL = Flag::new(
        "account-password-mail",
        Kind::Switch(true),
        "Ask Salesforce to email new users a link to set their password",
    ).topic(Topic::Writes);
    DRY_RUN = Flag::switch(
        "dry-run",
        "Report what would be written to Salesforce, and write nothing",
    ).topic(Topic::Writes);
    API_RESERVE = Flag::number(
        "api-reserve",
        0,
        (0, i64::MAX),
        "API calls of the org's daily allowance to leave for others; a sync stops before it uses them",
    ).topic(Topic::Connection);
    BULK_THRESHOLD = Flag::number(
        "bulk-threshold",
        200_000,
        (0, i64::MAX),
        "Read tables with more rows than this with Bulk API 2.0, which costs fewer API calls; 0 \
         reads all tables page by page",
    ).topic(Topic::Sync);
    ROW_CACHE = Flag::text(
        "row-cache",
        "Directory in which the rows of a sync are kept, so that the next sync reads only what has \
         changed",
    ).topic(Topic::Sync);
    ROW_CACHE_FULL_AFTER = Flag::number(
        "row-cache-full-after",
        24,
        (1, 8760),
        "Hours after which a sync reads everything again, whatever --row-cache keeps",
    ).topic(Topic::Sync);
}
