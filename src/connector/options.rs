//! What a sync reads, and how accounts are shown and made.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::company_domains::CompanyDomains;
use super::username::UsernameRule;
use crate::metrics::Writes;
use crate::salesforce::soql::FieldName;

/// The API through which accounts and their entitlements are changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LifecycleApi {
    /// The REST API.
    #[default]
    Rest,
    /// SCIM 2.0 (RFC 7644), with REST for what it cannot do.
    Scim,
}

/// Where rows are kept for the next sync, and how long they are compared instead of read.
#[derive(Clone, Debug)]
pub struct RowCacheSettings {
    /// The directory of the files, one for each org.
    pub directory: PathBuf,
    /// After this time, all rows of a table are read again.
    pub full_after: Duration,
}

/// The choices of the person who runs the connector.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Options {
    /// Show the username as the e-mail address.
    pub username_for_email: bool,
    /// List connected apps.
    pub connected_apps: bool,
    /// List licences and who holds them.
    pub licenses: bool,
    /// List territories.
    pub territories: bool,
    /// List agents.
    pub agents: bool,
    /// List Chatter groups.
    pub chatter_groups: bool,
    /// Show who may view or modify all records of an object.
    pub object_permissions: bool,
    /// List security insights.
    pub security_insights: bool,
    /// After how many days without a sign-in an account is dormant.
    pub dormant_after_days: u32,
    /// Tables with more rows than this are read by query jobs; `None` for no table.
    pub bulk_threshold: Option<u64>,
    /// Where the rows of a sync are kept for the next one; `None` if they are not.
    pub row_cache: Option<RowCacheSettings>,
    /// Whether the host asks for grants after the resources, so that they can be read meanwhile.
    pub grants_follow: bool,
    /// List users that are deactivated.
    pub deactivated_users: bool,
    /// List users whose `UserType` is not `Standard`: portal, community, guest, automated.
    pub non_standard_users: bool,
    /// The e-mail domains of the users to list. Accounts without an address are listed only if any
    /// domain is.
    pub company_domains: CompanyDomains,
    /// Further User fields to read, by API name.
    pub user_fields: Vec<FieldName>,
    /// Licence name → name of the profile that a user falls back to when a profile is revoked.
    pub least_privileged_profiles: BTreeMap<String, String>,
    /// How a new account's username is made when the form gives none.
    pub username: UsernameRule,
    /// Whether Salesforce mails new accounts a link to set their password, unless the form says
    /// otherwise. Accounts that sign in elsewhere never get it unasked.
    pub password_mail: bool,
    /// Whether the host may write: what a write lacks is then worth a warning.
    pub provisioning: bool,
    /// Through which API accounts and what they have are changed.
    pub lifecycle_api: LifecycleApi,
    /// Check writes but send none.
    pub dry_run: bool,
    /// Counts the writes.
    pub metrics: Writes,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            username_for_email: false,
            connected_apps: false,
            licenses: true,
            territories: true,
            agents: true,
            chatter_groups: false,
            object_permissions: false,
            security_insights: false,
            dormant_after_days: 90,
            bulk_threshold: None,
            row_cache: None,
            grants_follow: true,
            deactivated_users: true,
            non_standard_users: false,
            company_domains: CompanyDomains::default(),
            user_fields: Vec::new(),
            least_privileged_profiles: BTreeMap::new(),
            username: UsernameRule::default(),
            password_mail: true,
            provisioning: false,
            lifecycle_api: LifecycleApi::default(),
            dry_run: false,
            metrics: Writes::default(),
        }
    }
}
