//! Settings of an org: credentials, policies, limits, features and permissions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::SignedDuration;

/// An error message defined by the org: of a validation rule, a flow or a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// `errorCode`.
    pub code: String,
    /// `message`.
    pub message: String,
    /// `fields`.
    pub fields: Vec<String>,
}

impl Blocker {
    /// An error that names no fields.
    #[must_use]
    pub fn new(code: &str, message: &str) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            fields: Vec::new(),
        }
    }

    /// Names the fields at fault.
    #[must_use]
    pub fn fields(mut self, fields: &[&str]) -> Self {
        self.fields = fields.iter().map(|&field| field.to_owned()).collect();
        self
    }

    /// The user is the org's default lead owner.
    #[must_use]
    pub fn default_lead_owner() -> Self {
        Self::new(
            "FIELD_INTEGRITY_EXCEPTION",
            "This user is the default lead owner and cannot be deactivated. Choose another default \
             lead owner first.",
        )
    }
}

/// A kind of write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// A create.
    Create,
    /// An update.
    Update,
    /// A delete.
    Delete,
}

/// Makes the org's own logic (validation rules, flows, triggers) reject writes of an object. It
/// applies to each record, also in collections and composites. A rejected record is not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteRefusal {
    object: String,
    write: Option<Write>,
    record: Option<String>,
    left: u32,
    errors: Vec<Blocker>,
}

impl WriteRefusal {
    /// Rejects every write of an object with these errors.
    #[must_use]
    pub fn of(object: &str, errors: impl IntoIterator<Item = Blocker>) -> Self {
        Self {
            object: object.into(),
            write: None,
            record: None,
            left: u32::MAX,
            errors: errors.into_iter().collect(),
        }
    }

    /// Limits the refusal to a kind of write.
    #[must_use]
    pub fn on(mut self, write: Write) -> Self {
        self.write = Some(write);
        self
    }

    /// Limits the refusal to an existing record, by its 18-character id.
    #[must_use]
    pub fn record(mut self, id: &str) -> Self {
        self.record = Some(id.into());
        self
    }

    /// Ends after this many refusals.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.left = times;
        self
    }

    /// Returns the errors if a write is rejected.
    pub(super) fn take(
        &mut self,
        object: &str,
        write: Write,
        record: Option<&str>,
    ) -> Option<Vec<Blocker>> {
        let applies = self.left > 0
            && self.object.eq_ignore_ascii_case(object)
            && self.write.is_none_or(|wanted| wanted == write)
            && self
                .record
                .as_deref()
                .is_none_or(|wanted| record == Some(wanted));
        applies.then(|| {
            self.left = self.left.saturating_sub(1);
            self.errors.clone()
        })
    }
}

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
    /// Whether each refresh returns a new refresh token, and each refresh token can be used once.
    pub rotate_refresh_tokens: bool,
    /// Whether the app accepts the username-password flow.
    pub password_flow: bool,
    /// Name in the per-app usage.
    pub name: String,
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

/// The kind of host that the simulator represents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostKind {
    /// The org's own My Domain.
    #[default]
    MyDomain,
    /// `login.salesforce.com` or `test.salesforce.com`.
    LoginHost,
}

/// Everything about an org that is not a record and that tests can change.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent switch for tests"
)]
pub struct Settings {
    /// The connected app.
    pub client: ConnectedClient,
    /// The administrator's username.
    pub username: String,
    /// The administrator's password.
    pub password: String,
    /// The administrator's security token.
    pub security_token: String,
    /// Whether the client's network is trusted, so that no security token is needed.
    pub trusted_network: bool,
    /// Number of wrong passwords in a row that locks the user out.
    pub lockout_after: u32,
    /// Whether SOAP `login()` is enabled.
    pub soap_login_enabled: bool,
    /// Whether the password has expired: SOAP login succeeds, but the session cannot be used.
    pub password_expired: bool,
    /// Number of OAuth sign-ins of a user in an hour. Salesforce's limit is 3,600.
    pub login_rate_limit: Option<usize>,
    /// Rejects every OAuth sign-in.
    pub login_restriction: Option<LoginRestriction>,
    /// Whether the user denies authorization in the web server flow.
    pub user_denies: bool,
    /// Whether the web server flow shows a page for signing in and approving. Otherwise the
    /// administrator is signed in and approves at once.
    pub login_page: bool,
    /// The kind of host that this server represents.
    pub host: HostKind,
    /// Whether sign-ins on generic login hosts are rejected.
    pub my_domain_login_required: bool,
    /// `instance_url` of token responses; `None` means the server's URL.
    pub instance_url: Option<String>,
    /// A session expires after this time without a call.
    pub session_lifetime: Duration,
    /// Whether the edition includes the API.
    pub api_enabled_for_org: bool,
    /// Permissions (`ApiEnabled`, `ManageUsers`, `ViewSetup`, ...) that every user lacks, whatever
    /// profiles and permission sets say.
    pub missing_permissions: BTreeSet<String>,
    /// Objects that are invisible to the user (`INVALID_TYPE`).
    pub hidden_objects: BTreeSet<String>,
    /// Objects that the user cannot read (`INSUFFICIENT_ACCESS`).
    pub forbidden_objects: BTreeSet<String>,
    /// Whether Sales Territories are enabled.
    pub territories: bool,
    /// Whether Agents are enabled.
    pub agents: bool,
    /// Whether user access policies are enabled (`IsRevoked` can be written).
    pub user_access_policies: bool,
    /// Maximum API calls in a day.
    pub daily_limit: u64,
    /// API calls used before the simulator started.
    pub used_before: u64,
    /// The per-app limit; adds `per-app-api-usage` to the limit header.
    pub per_app_limit: Option<u64>,
    /// Maximum number of concurrent calls.
    pub concurrent_limit: Option<usize>,
    /// Maximum number of rows in a page, regardless of the requested batch size.
    pub batch_row_cap: Option<usize>,
    /// Lifetime of query locators.
    pub locator_lifetime: Duration,
    /// Maximum number of open locators; further ones close the oldest (as before 2023).
    pub open_cursor_limit: Option<usize>,
    /// Whether the assignment of a permission set group also has the id of its aggregate set.
    pub group_rows_name_the_aggregate: bool,
    /// Errors for deactivating users, by 18-character id.
    pub deactivation_blockers: BTreeMap<String, Blocker>,
    /// Writes that the org's own logic rejects.
    pub write_refusals: Vec<WriteRefusal>,
    /// Locked records by 18-character id, with the number of writes that fail.
    pub locked_records: BTreeMap<String, u32>,
    /// Delay before each request.
    pub latency: Duration,
    /// Difference between the org's clock and the real time, also in the header `Date`.
    pub clock_offset: SignedDuration,
}

impl Settings {
    /// Returns the settings of a new org: everything is allowed, optional features are disabled.
    #[must_use]
    pub fn new() -> Self {
        Self {
            client: ConnectedClient {
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
                rotate_refresh_tokens: false,
                password_flow: true,
                name: "simulated-client".into(),
            },
            username: "admin@simulated.example".into(),
            password: "simulated-password".into(),
            security_token: "simulatedtoken".into(),
            trusted_network: false,
            lockout_after: 5,
            soap_login_enabled: true,
            password_expired: false,
            login_rate_limit: None,
            login_restriction: None,
            user_denies: false,
            login_page: false,
            host: HostKind::MyDomain,
            my_domain_login_required: false,
            instance_url: None,
            session_lifetime: Duration::from_hours(2),
            api_enabled_for_org: true,
            missing_permissions: BTreeSet::new(),
            hidden_objects: BTreeSet::new(),
            forbidden_objects: BTreeSet::new(),
            territories: false,
            agents: false,
            user_access_policies: false,
            daily_limit: 100_000,
            used_before: 0,
            per_app_limit: None,
            concurrent_limit: None,
            batch_row_cap: None,
            locator_lifetime: Duration::from_hours(48),
            open_cursor_limit: None,
            group_rows_name_the_aggregate: true,
            deactivation_blockers: BTreeMap::new(),
            write_refusals: Vec::new(),
            locked_records: BTreeMap::new(),
            latency: Duration::ZERO,
            clock_offset: SignedDuration::ZERO,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}
