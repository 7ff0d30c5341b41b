//! The options of a sync.

use super::flags::{connector, host};
use super::problem::Problems;
use super::values::Values;

/// The options of a sync.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[non_exhaustive]
pub struct SyncOptions {
    /// Use the username as the email address.
    pub username_for_email: bool,
    /// Sync connected apps.
    pub connected_apps: bool,
    /// Sync licences.
    pub licenses: bool,
    /// Sync territories.
    pub territories: bool,
    /// Sync agents.
    pub agents: bool,
    /// Sync Chatter groups.
    pub chatter_groups: bool,
    /// Sync who may view or modify all records of an object.
    pub object_permissions: bool,
    /// Sync security insights.
    pub security_insights: bool,
    /// After how many days without a sign-in an account is dormant.
    pub dormant_after_days: u32,
    /// Sync only resources, as the host was told.
    pub only_resources: bool,
    /// Sync deactivated users.
    pub deactivated_users: bool,
    /// Sync users whose type is not `Standard`.
    pub non_standard_users: bool,
    /// The company's e-mail domains, as the user wrote them; empty or `*` for any.
    pub company_domains: Vec<String>,
    /// Additional fields of User, by API name.
    pub user_custom_fields: Vec<String>,
}

impl SyncOptions {
    pub(super) fn resolve(values: &Values, problems: &mut Problems) -> Self {
        let user_custom_fields = values.list(&connector::USER_CUSTOM_FIELDS);
        for field in user_custom_fields
            .iter()
            .filter(|field| !is_api_name(field))
        {
            let name = connector::USER_CUSTOM_FIELDS.name;
            problems.push(format!(
                "field {name}: '{field}' is not the API name of a field, nor a path such as \
                 Manager.Name"
            ));
        }
        Self {
            username_for_email: values.switch(&connector::USER_USERNAME_FOR_EMAIL),
            connected_apps: values.switch(&connector::SYNC_CONNECTED_APPS),
            licenses: values.switch(&connector::SYNC_LICENSES),
            territories: values.switch(&connector::SYNC_TERRITORIES),
            agents: values.switch(&connector::SYNC_AGENTS),
            chatter_groups: values.switch(&connector::SYNC_CHATTER_GROUPS),
            object_permissions: values.switch(&connector::SYNC_OBJECT_PERMISSIONS),
            security_insights: values.switch(&connector::SYNC_SECURITY_INSIGHTS),
            dormant_after_days: u32::try_from(values.number(&connector::DORMANT_AFTER_DAYS))
                .unwrap_or(u32::MAX),
            only_resources: values.switch(&host::SKIP_ENTITLEMENTS_AND_GRANTS),
            deactivated_users: values.switch(&connector::SYNC_DEACTIVATED_USERS),
            non_standard_users: values.switch(&connector::SYNC_NON_STANDARD_USERS),
            company_domains: values.list(&connector::COMPANY_DOMAINS),
            user_custom_fields,
        }
    }
}

/// An API name, or several with dots between them.
fn is_api_name(text: &str) -> bool {
    text.split('.').all(|part| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    })
}
