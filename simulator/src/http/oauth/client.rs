//! Who asks for a token: checks of the app and of the user.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Form, OauthError};
use crate::http::call::Call;
use crate::http::shared::Shared;
use crate::org::Org;
use crate::org::settings::{AppState, HostKind, LoginRestriction};

/// Whether a request must contain the consumer secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secret {
    /// Always.
    Required,
    /// If the app requires it.
    AsConfigured,
    /// Never.
    Optional,
}

/// Checks client id and secret, from the form or a Basic header, and that the app can be used. A
/// wrong secret is refused even if none is required.
pub(super) fn check(
    shared: &Shared,
    call: &Call,
    form: &Form,
    secret: Secret,
) -> Result<(), OauthError> {
    let (id, presented) = presented(call, form);
    let org = shared.read();
    let client = &org.settings.client;
    if id.as_deref() != Some(&client.id) {
        return Err(OauthError::unknown_client());
    }
    let required = match secret {
        Secret::Required => true,
        Secret::AsConfigured => client.secret_required,
        Secret::Optional => false,
    };
    let right = match presented {
        Some(presented) => presented == client.secret,
        None => !required,
    };
    if !right {
        return Err(OauthError::new(
            "invalid_client",
            "invalid client credentials",
        ));
    }
    check_app(&org)
}

/// Fails if an administrator has blocked the app, or it is not installed in the org.
pub(super) fn check_app(org: &Org) -> Result<(), OauthError> {
    match org.settings.client.state {
        AppState::Usable => Ok(()),
        AppState::Blocked => Err(OauthError::new(
            "OAUTH_APP_BLOCKED",
            "this app is blocked by admin",
        )),
        AppState::Uninstalled => Err(OauthError::new(
            "app_not_found",
            "the app is not installed in this org",
        )),
    }
}

/// Fails if the user cannot sign in to the app, and counts the sign-in.
pub(super) fn check_user(shared: &Shared, org: &Org, user_id: &str) -> Result<(), OauthError> {
    if !org.may_sign_in(user_id) {
        return Err(OauthError::inactive_user());
    }
    check_approval(org, user_id)?;
    match org.settings.login_restriction {
        None => {}
        Some(LoginRestriction::Network) => return Err(OauthError::invalid_grant("ip restricted")),
        Some(LoginRestriction::Hours) => {
            let text = "ip restricted or invalid login hours";
            return Err(OauthError::invalid_grant(text));
        }
    }
    let now = shared.clock.now();
    let recent = shared.sessions().count_login(user_id, now);
    if org
        .settings
        .login_rate_limit
        .is_some_and(|limit| recent > limit)
    {
        return Err(OauthError::invalid_grant("login rate exceeded"));
    }
    Ok(())
}

/// Fails if the app is only for users that an administrator has approved, and the user is not.
pub(super) fn check_approval(org: &Org, user_id: &str) -> Result<(), OauthError> {
    if org.settings.client.admin_approved_users_only && !is_approved(org, user_id) {
        return Err(OauthError::new(
            "invalid_app_access",
            "user is not admin approved to access this app",
        ));
    }
    Ok(())
}

/// Whether an administrator has approved the app for the user.
pub(super) fn is_approved(org: &Org, user_id: &str) -> bool {
    let approved = org.settings.client.approved_users.as_ref();
    approved.is_none_or(|users| {
        users
            .iter()
            .any(|name| org.user_by_username(name).as_deref() == Some(user_id))
    })
}

/// Rejects sign-ins on login.salesforce.com if the org requires its My Domain.
pub(super) fn refuse_generic_host(shared: &Shared) -> Result<(), OauthError> {
    let org = shared.read();
    if org.settings.host == HostKind::LoginHost && org.settings.my_domain_login_required {
        return Err(OauthError::invalid_grant(
            "login must use the org's My Domain",
        ));
    }
    Ok(())
}

fn presented(call: &Call, form: &Form) -> (Option<String>, Option<String>) {
    let owned = |name| form.get(name).map(str::to_owned);
    match call.header("authorization").and_then(basic) {
        Some((id, secret)) => (Some(id), Some(secret)),
        // An empty secret is none, as a form sends it.
        None => (
            owned("client_id"),
            owned("client_secret").filter(|secret| !secret.is_empty()),
        ),
    }
}

/// Decodes a Basic header. RFC 6749 requires id and secret to be form-encoded.
fn basic(header: &str) -> Option<(String, String)> {
    let encoded = header.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

fn form_decoded(text: &str) -> String {
    url::form_urlencoded::parse(format!("v={text}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
