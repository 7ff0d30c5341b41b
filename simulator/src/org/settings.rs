//! Settings of an org: credentials, policies, limits, features and permissions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::SignedDuration;

mod app;
mod write_refusal;

pub use app::{AppState, ConnectedClient, LoginRestriction};
pub use write_refusal::{Blocker, Write, WriteRefusal};

/// The kind of host that the simulator represents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostKind {
    /// The org's own My Domain.
    #[default]
    MyDomain,
    /// `login.salesforce.com` or `test.salesforce.com`.
    LoginHost,
}

/// Objects without stored records, which Bulk API 2.0 cannot read.
const VIRTUAL: [&str; 4] = [
    "EntityDefinition",
    "EntityParticle",
    "PicklistValueInfo",
    "UserPermissionAccess",
];

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
    /// Rejects every sign-in.
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
    /// Whether Chatter is enabled.
    pub chatter: bool,
    /// Seats of feature licenses by their field of User, for example `UserPermissionsKnowledgeUser`.
    /// A field that is not here has no limit.
    pub feature_seats: BTreeMap<String, usize>,
    /// How long an org recalculates a permission set group after a component was added or removed.
    /// Until then its `Status` is `Updating`; at zero it is `Updated` at once.
    pub group_recalculation: Duration,
    /// Whether SCIM accepts `PATCH /Entitlements`, as it once did.
    pub scim_entitlement_writes: bool,
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
    /// Whether Bulk API 2.0 is disabled.
    pub bulk_disabled: bool,
    /// Objects that Bulk API 2.0 does not support.
    pub bulk_unsupported: BTreeSet<String>,
    /// How long a bulk job takes.
    pub bulk_duration: Duration,
    /// Whether the queue of bulk jobs is too long: jobs stay `UploadComplete`.
    pub bulk_stuck: bool,
    /// Maximum number of bulk query jobs in 24 hours.
    pub bulk_daily_jobs: u64,
    /// Rows in a page of a bulk result if the request has no `maxRecords`.
    pub bulk_page_rows: usize,
    /// Whether only the first page of a bulk result has the header line.
    pub bulk_header_first_page_only: bool,
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
            client: ConnectedClient::new(),
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
            chatter: true,
            feature_seats: BTreeMap::new(),
            group_recalculation: Duration::ZERO,
            scim_entitlement_writes: false,
            user_access_policies: false,
            daily_limit: 100_000,
            used_before: 0,
            per_app_limit: None,
            concurrent_limit: None,
            batch_row_cap: None,
            locator_lifetime: Duration::from_hours(48),
            open_cursor_limit: None,
            bulk_disabled: false,
            bulk_unsupported: VIRTUAL.map(str::to_owned).into(),
            bulk_duration: Duration::from_millis(100),
            bulk_stuck: false,
            bulk_daily_jobs: 10_000,
            bulk_page_rows: 50_000,
            bulk_header_first_page_only: false,
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
