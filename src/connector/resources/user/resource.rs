//! A user's row as a resource. Sync, lookup and account creation share this mapping, so a user looks
//! the same everywhere.

use super::record::{ProfilePart, UserRow};
use crate::baton::{
    AccountType, Email, Object, Resource, ResourceId, Result, Status, StatusKind, UserDetails,
    Value, Variant,
};
use crate::connector::catalog::USER;
use crate::connector::options::Options;
use crate::connector::resources::login_states::LoginStates;

/// The resource of `row`; `chosen` are the fields that the configuration adds, by API name.
pub(in crate::connector) fn to_resource(
    row: &UserRow,
    chosen: Object,
    states: &LoginStates,
    options: &Options,
) -> Result<Resource> {
    let full_name = full_name(row);
    let address = if options.username_for_email {
        row.username.as_ref()
    } else {
        row.email.as_ref()
    };
    let emails = address
        .filter(|address| !address.is_empty())
        .map(|address| Email {
            address: address.clone(),
            is_primary: true,
        });
    let details = UserDetails {
        emails: emails.into_iter().collect(),
        login: row.username.clone().unwrap_or_default(),
        account_type: account_type(row),
        last_login: row.last_login_date,
        employee_ids: row.employee_number.iter().cloned().collect(),
        given_name: row.first_name.clone(),
        family_name: row.last_name.clone(),
    };
    Ok(Resource {
        id: ResourceId::new(USER.id, row.id.to_string())?,
        profile: Some(profile(row, &full_name, chosen, states)),
        display_name: full_name,
        description: None,
        variant: Variant::User(Box::new(details)),
        status: Some(status(row, states)),
        created_at: row.created_date,
    })
}

/// First and last name. Some accounts have no first name.
fn full_name(row: &UserRow) -> String {
    let parts: Vec<&str> = [&row.first_name, &row.last_name]
        .into_iter()
        .filter_map(|part| {
            part.as_deref()
                .map(str::trim)
                .filter(|part| !part.is_empty())
        })
        .collect();
    if parts.is_empty() {
        let names = [&row.name, &row.username].into_iter();
        let name = names
            .filter_map(|name| name.as_deref())
            .find(|name| !name.trim().is_empty());
        return name.map_or_else(|| row.id.to_string(), str::to_owned);
    }
    parts.join(" ")
}

/// The type or the licence of an account shows whether it belongs to a machine.
fn account_type(row: &UserRow) -> AccountType {
    let is_machine_type = matches!(
        row.user_type.as_deref(),
        Some("AutomatedProcess" | "CloudIntegrationUser")
    );
    let license = row
        .profile
        .as_ref()
        .and_then(|profile| profile.user_license.as_ref());
    let key = license.and_then(|license| license.license_definition_key.as_deref());
    let is_machine_license = key.is_some_and(|key| {
        key.starts_with("PID_DigitalAgent")
            || key.ends_with("_INTEGRATION_USER")
            || key == "PID_XOrg_Proxy_User"
    });
    if is_machine_type || is_machine_license {
        AccountType::Service
    } else {
        AccountType::Human
    }
}

/// Deactivated, frozen and locked differ: a frozen user still uses a licence, and a locked user only
/// has to wait or to reset the password.
fn status(row: &UserRow, states: &LoginStates) -> Status {
    let (kind, details) = if !row.is_active {
        (StatusKind::Disabled, Some("deactivated"))
    } else if states.frozen.contains(&row.id) {
        (StatusKind::Disabled, Some("frozen"))
    } else if states.password_locked.contains(&row.id) {
        (StatusKind::Enabled, Some("password locked"))
    } else {
        (StatusKind::Enabled, None)
    };
    Status {
        kind,
        details: details.map(str::to_owned),
    }
}

fn profile(row: &UserRow, full_name: &str, chosen: Object, states: &LoginStates) -> Object {
    let text = |value: &Option<String>| Value::from(value.as_deref().unwrap_or_default());
    // Hosts have stored these keys, so they are always present.
    let always = [
        ("full_name", full_name.into()),
        ("username", text(&row.username)),
        ("account_type", text(&row.user_type)),
        ("email", text(&row.email)),
        ("id", row.id.to_string().into()),
    ];
    let mut profile = chosen;
    let frozen = states.frozen.contains(&row.id);
    let locked = states.password_locked.contains(&row.id);
    let states = [("is_frozen", frozen), ("is_password_locked", locked)].into_iter();
    let states = states
        .filter(|(_, is_set)| *is_set)
        .map(|(key, _)| (key, true.into()));
    let parent = row.profile.iter().flat_map(ProfilePart::profile_values);
    let values = always
        .into_iter()
        .chain(row.profile_values())
        .chain(parent)
        .chain(states);
    profile.extend(values.map(|(key, value)| (key.to_owned(), value)));
    profile
}
