//! The connected app, and what its policies and the user's profile refuse.

use std::collections::BTreeSet;
use std::time::Duration;

/// The connected app for sign-ins.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent switch for tests"
)]
pub struct ConnectedClient {
    /// Consumer key.
    pub id: String,
    /// Consumer secret.
    pub secret: String,
    /// Username for the client credentials flow. Without one, the flow is rejected.
    pub run_as: Option<String>,
    /// Users who can use the JWT flow; `None` allows every active user.
    pub approved_users: Option<BTreeSet<String>>,
    /// Whether only users in `approved_users` can use the app, in any flow ("Admin approved users are
    /// pre-authorized").
    pub admin_approved_users_only: bool,
    /// Whether the app can be used at all.
    pub state: AppState,
    /// Whether the consumer secret is required ("Require Secret for Web Server Flow" and "Require
    /// Secret for Refresh Token Flow"). A public client has none.
    pub secret_required: bool,
    /// Whether the web server flow requires PKCE.
    pub pkce_required: bool,
    /// Callback URLs. `redirect_uri` must be equal to one of them.
    pub redirect_uris: Vec<String>,
    /// PEM certificate or public key for the JWT flow. Without one, the flow is rejected.
    pub certificate: Option<String>,
    /// Refresh tokens expire this long after the approval ("Expire refresh token after"); `None`
    /// means that they are valid until they are revoked.
    pub refresh_token_lifetime: Option<Duration>,
    /// Whether each refresh returns a new refresh token, and each refresh token can be used once.
    pub rotate_refresh_tokens: bool,
    /// Whether the app accepts the username-password flow.
    pub password_flow: bool,
    /// Name in the per-app usage.
    pub name: String,
}

impl ConnectedClient {
    pub(super) fn new() -> Self {
        Self {
            id: "simulated-client-id".into(),
            secret: "simulated-client-secret".into(),
            run_as: Some("admin@simulated.example".into()),
            approved_users: None,
            admin_approved_users_only: false,
            state: AppState::Usable,
            secret_required: true,
            pkce_required: false,
            redirect_uris: vec![
                "http://localhost:1717/OauthRedirect".into(),
                "https://login.salesforce.com/services/oauth2/success".into(),
            ],
            certificate: None,
            refresh_token_lifetime: None,
            rotate_refresh_tokens: false,
            password_flow: true,
            name: "simulated-client".into(),
        }
    }
}

/// Whether an app can be used in the org.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AppState {
    /// It can be used.
    #[default]
    Usable,
    /// An administrator has blocked it.
    Blocked,
    /// It is not installed.
    Uninstalled,
}

/// Why a user's profile rejects a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginRestriction {
    /// The address is outside the login IP ranges.
    Network,
    /// The time is outside the login hours.
    Hours,
}
