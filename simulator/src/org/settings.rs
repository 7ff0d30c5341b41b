//! The switches of an org: credentials, policies, limits, features, what the user may see.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// One error in the org's own words: of a validation rule, a flow, a trigger.
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

/// What an administrator's own logic (validation rules, flows, triggers) refuses. It applies to
/// single records, in collections and in composites alike; nothing is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteRefusal {
    object: String,
    write: Option<Write>,
    record: Option<String>,
    left: u32,
    errors: Vec<Blocker>,
}

impl WriteRefusal {
    /// Refuses every write of an object with these errors.
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

    /// Narrows to one kind of write.
    #[must_use]
    pub fn on(mut self, write: Write) -> Self {
        self.write = Some(write);
        self
    }

    /// Narrows to an existing record, by its 18-character id.
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

    /// The errors of a write, if it is refused.
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

/// The connected app through which clients sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedClient {
    /// Consumer key.
    pub id: String,
    /// Consumer secret.
    pub secret: String,
    /// The user that the client-credentials flow runs as; without one the flow is refused.
    pub run_as: Option<String>,
    /// Users that may use the JWT flow; `None` lets every active user.
    pub approved_users: Option<BTreeSet<String>>,
    /// Whether each refresh returns a new refresh token and kills the old one.
    pub rotate_refresh_tokens: bool,
    /// Whether the app accepts the username-password flow.
    pub password_flow: bool,
    /// The name that shows in per-app usage.
    pub name: String,
}

/// Which host the simulator plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostKind {
    /// The org's own My Domain.
    #[default]
    MyDomain,
    /// `login.salesforce.com` or `test.salesforce.com`.
    LoginHost,
}

/// Everything about an org that tests switch and that is not a record.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent switch for tests"
)]
pub struct Settings {
    /// The connected app.
    pub client: ConnectedClient,
    /// The administrator's user name.
    pub username: String,
    /// The administrator's password.
    pub password: String,
    /// The administrator's security token.
    pub security_token: String,
    /// Whether the caller's network is trusted, so that the password needs no token.
    pub trusted_network: bool,
    /// Wrong passwords in a row that lock the user out.
    pub lockout_after: u32,
    /// Whether SOAP `login()` is on at all.
    pub soap_login_enabled: bool,
    /// Whether the password has expired: SOAP login succeeds, the session is of no use.
    pub password_expired: bool,
    /// Which host this server plays.
    pub host: HostKind,
    /// Whether generic login hosts are shut.
    pub my_domain_login_required: bool,
    /// The `instance_url` of token replies; `None` is the server's own.
    pub instance_url: Option<String>,
    /// A session dies after this long without a call.
    pub session_lifetime: Duration,
    /// Whether the edition has the API.
    pub api_enabled_for_org: bool,
    /// Permissions (`ApiEnabled`, `ManageUsers`, `ViewSetup`, ...) that the integration user lacks.
    pub missing_permissions: BTreeSet<String>,
    /// Objects that the user does not see (`INVALID_TYPE`).
    pub hidden_objects: BTreeSet<String>,
    /// Objects that the user may not read (`INSUFFICIENT_ACCESS`).
    pub forbidden_objects: BTreeSet<String>,
    /// Whether Sales Territories are on.
    pub territories: bool,
    /// Whether Agents are on.
    pub agents: bool,
    /// Whether user access policies are on (`IsRevoked` may be written).
    pub user_access_policies: bool,
    /// Calls allowed in a day.
    pub daily_limit: u64,
    /// Calls used before the simulator started.
    pub used_before: u64,
    /// The per-app limit; adds `per-app-api-usage` to the limit header.
    pub per_app_limit: Option<u64>,
    /// Calls at once beyond which the org refuses.
    pub concurrent_limit: Option<usize>,
    /// The most rows that a page holds, whatever was asked.
    pub batch_row_cap: Option<usize>,
    /// How long query locators live.
    pub locator_lifetime: Duration,
    /// The oldest locator dies when there are more than this many (the rule of old orgs).
    pub open_cursor_limit: Option<usize>,
    /// Whether a row for a permission set group also holds the aggregate set's id.
    pub group_rows_name_the_aggregate: bool,
    /// Why users cannot be deactivated, by 18-character id.
    pub deactivation_blockers: BTreeMap<String, Blocker>,
    /// Writes that the org's own logic refuses.
    pub write_refusals: Vec<WriteRefusal>,
    /// Records that somebody else holds for so many more writes, by 18-character id.
    pub locked_records: BTreeMap<String, u32>,
    /// A pause before each request.
    pub latency: Duration,
}

impl Settings {
    /// The settings of a fresh org: everything allowed, optional features off.
    #[must_use]
    pub fn new() -> Self {
        Self {
            client: ConnectedClient {
                id: "simulated-client-id".into(),
                secret: "simulated-client-secret".into(),
                run_as: Some("admin@simulated.example".into()),
                approved_users: None,
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
        }
    }

    /// Whether the integration user has a permission.
    #[must_use]
    pub fn permits(&self, permission: &str) -> bool {
        !self.missing_permissions.contains(permission)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}
