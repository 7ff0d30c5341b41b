//! A user's row as a resource: one mapping for sync, get and account creation, so that a user looks
//! the same wherever it comes from (the incumbent's defect B13).

use super::record::UserRow;
use crate::baton::{
    AccountType, Email, Object, Resource, ResourceId, Result, Status, StatusKind, UserDetails,
    Value, Variant,
};
use crate::connector::catalog::USER;
use crate::connector::memory::Locks;
use crate::connector::options::Options;

/// The resource of `row`; `custom` are fields that somebody chose, by API name.
pub(in crate::connector) fn to_resource(
    row: &UserRow,
    custom: Object,
    locks: &Locks,
    options: &Options,
) -> Result<Resource> {
    let full_name = full_name(row);
    let address = if options.username_for_email {
        Some(&row.username)
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
        login: row.username.clone(),
        account_type: account_type(row),
        last_login: row.last_login_date,
        employee_ids: row.employee_number.iter().cloned().collect(),
        given_name: row.first_name.clone(),
        family_name: row.last_name.clone(),
    };
    Ok(Resource {
        id: ResourceId::new(USER.id, row.id.to_string())?,
        profile: Some(profile(row, &full_name, custom, locks)),
        display_name: full_name,
        description: None,
        variant: Variant::User(Box::new(details)),
        status: Some(status(row, locks)),
        created_at: row.created_date,
    })
}

/// First and last name; accounts without a first name exist (defect B14).
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
        let name = row.name.as_deref().filter(|name| !name.trim().is_empty());
        return name.unwrap_or(&row.username).to_owned();
    }
    parts.join(" ")
}

/// A machine's account is known by its type or its licence (facts/incumbent-surface.md 2).
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

/// Deactivated, frozen and locked are three things (defect B19): a frozen user still costs a
/// licence, a locked one only has to wait or reset the password.
fn status(row: &UserRow, locks: &Locks) -> Status {
    let (kind, details) = if !row.is_active {
        (StatusKind::Disabled, Some("deactivated"))
    } else if locks.frozen.contains(&row.id) {
        (StatusKind::Disabled, Some("frozen"))
    } else if locks.password_locked.contains(&row.id) {
        (StatusKind::Enabled, Some("password locked"))
    } else {
        (StatusKind::Enabled, None)
    };
    Status {
        kind,
        details: details.map(str::to_owned),
    }
}

fn profile(row: &UserRow, full_name: &str, custom: Object, locks: &Locks) -> Object {
    let mut profile = custom;
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            profile.insert(key.to_owned(), value);
        }
    };
    let text = |value: &Option<String>| {
        value
            .as_deref()
            .filter(|value| !value.is_empty())
            .map(Value::from)
    };
    // The incumbent's keys: always there.
    set("full_name", Some(full_name.into()));
    set("username", Some(row.username.as_str().into()));
    set(
        "account_type",
        Some(row.user_type.as_deref().unwrap_or_default().into()),
    );
    set(
        "email",
        Some(row.email.as_deref().unwrap_or_default().into()),
    );
    set("id", Some(row.id.to_string().into()));
    // Ours.
    set("first_name", text(&row.first_name));
    set("last_name", text(&row.last_name));
    set("is_active", Some(row.is_active.into()));
    set(
        "is_frozen",
        locks.frozen.contains(&row.id).then_some(true.into()),
    );
    set(
        "is_password_locked",
        locks
            .password_locked
            .contains(&row.id)
            .then_some(true.into()),
    );
    set("profile_id", row.profile_id.map(|id| id.to_string().into()));
    set("role_id", row.user_role_id.map(|id| id.to_string().into()));
    set(
        "role",
        row.user_role.as_ref().and_then(|role| text(&role.name)),
    );
    set("manager_id", row.manager_id.map(|id| id.to_string().into()));
    set("department", text(&row.department));
    set("title", text(&row.title));
    set("employee_number", text(&row.employee_number));
    set("federation_identifier", text(&row.federation_identifier));
    set(
        "created_at",
        row.created_date.map(|time| time.to_string().into()),
    );
    if let Some(part) = &row.profile {
        set("profile", text(&part.name));
        let license = part.user_license.as_ref();
        set("license", license.and_then(|license| text(&license.name)));
        set(
            "license_key",
            license.and_then(|license| text(&license.license_definition_key)),
        );
    }
    profile
}
