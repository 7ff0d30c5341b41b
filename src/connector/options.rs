//! What a sync reads, and how accounts are shown and made.

use std::collections::BTreeMap;

use super::username::UsernameRule;
use crate::salesforce::soql::FieldName;

/// The choices of the person who runs the connector.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Options {
    /// Show the username as the e-mail address.
    pub username_for_email: bool,
    /// List connected apps.
    pub connected_apps: bool,
    /// List users that are deactivated.
    pub deactivated_users: bool,
    /// List users whose `UserType` is not `Standard`: portal, community, guest, automated.
    pub non_standard_users: bool,
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
    /// Check writes but send none.
    pub dry_run: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            username_for_email: false,
            connected_apps: false,
            deactivated_users: true,
            non_standard_users: false,
            user_fields: Vec::new(),
            least_privileged_profiles: BTreeMap::new(),
            username: UsernameRule::default(),
            password_mail: true,
            provisioning: false,
            dry_run: false,
        }
    }
}
