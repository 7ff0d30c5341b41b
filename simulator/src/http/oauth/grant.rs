//! The client credentials, username-password and refresh token flows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{ALL_SCOPES, Form, Granted, OauthError, refuse_generic_host};
use crate::http::call::Call;
use crate::http::login::{Refusal, check_password};
use crate::http::session::opaque;
use crate::http::shared::Shared;
use crate::org::settings::HostKind;

pub(super) fn client_credentials(
    shared: &Shared,
    call: &Call,
    form: &Form,
) -> Result<Granted, OauthError> {
    if shared.read().settings.host == HostKind::LoginHost {
        return Err(OauthError::invalid_grant(
            "request not supported on this domain",
        ));
    }
    check_client(shared, call, form)?;
    let org = shared.read();
    let name = org
        .settings
        .client
        .run_as
        .as_deref()
        .ok_or_else(|| OauthError::invalid_grant("no client credentials user enabled"))?;
    let user_id = org
        .user_by_username(name)
        .ok_or_else(|| OauthError::invalid_grant("no client credentials user enabled"))?;
    if !org.may_sign_in(&user_id) {
        return Err(OauthError::new("inactive_user", "user is inactive"));
    }
    Ok(Granted::session(user_id, "api"))
}

pub(super) fn password(shared: &Shared, call: &Call, form: &Form) -> Result<Granted, OauthError> {
    refuse_generic_host(shared)?;
    check_client(shared, call, form)?;
    let org = shared.read();
    if !org.settings.client.password_flow {
        return Err(OauthError::invalid_grant(
            "this flow is not enabled for this connected app",
        ));
    }
    let (username, typed) = (form.get("username"), form.get("password"));
    let (Some(username), Some(typed)) = (username, typed) else {
        return Err(OauthError::new(
            "invalid_request",
            "missing required parameter",
        ));
    };
    let user_id =
        check_password(&org, &mut shared.sessions(), username, typed).map_err(|refusal| {
            OauthError::invalid_grant(match refusal {
                Refusal::Invalid | Refusal::TokenMissing => "authentication failure",
                Refusal::LockedOut => "authentication failure - user locked out",
            })
        })?;
    Ok(Granted::session(user_id, "api id"))
}

pub(super) fn refresh(shared: &Shared, call: &Call, form: &Form) -> Result<Granted, OauthError> {
    check_client_id(shared, call, form)?;
    let presented = form.get("refresh_token").unwrap_or("");
    let mut org = shared.write();
    let expired = || OauthError::invalid_grant("expired access/refresh token");
    let username = org
        .refresh_tokens
        .get(presented)
        .cloned()
        .ok_or_else(expired)?;
    let user_id = org.user_by_username(&username).ok_or_else(expired)?;
    if !org.may_sign_in(&user_id) {
        return Err(OauthError::new("inactive_user", "user is inactive"));
    }
    let rotated = org.settings.client.rotate_refresh_tokens;
    let mut sessions = shared.sessions();
    let approval = if rotated {
        let fresh = format!("5Aep861{}", opaque());
        org.refresh_tokens.remove(presented);
        org.refresh_tokens.insert(fresh.clone(), username);
        sessions.rotate_approval(presented, &fresh);
        fresh
    } else {
        presented.to_owned()
    };
    let scope = sessions.approved_scope(&approval).unwrap_or(ALL_SCOPES);
    Ok(Granted {
        user_id,
        scope: scope.to_owned(),
        approval: Some(approval),
        tells_refresh_token: rotated,
    })
}

/// Checks client id and secret, from the form or a Basic header.
pub(super) fn check_client(shared: &Shared, call: &Call, form: &Form) -> Result<(), OauthError> {
    check_client_id(shared, call, form)?;
    let (_, secret) = presented_client(call, form);
    if secret.as_deref() == Some(&shared.read().settings.client.secret) {
        return Ok(());
    }
    Err(OauthError::new(
        "invalid_client",
        "invalid client credentials",
    ))
}

/// Checks the client id, and the secret if one was sent.
pub(super) fn check_client_id(shared: &Shared, call: &Call, form: &Form) -> Result<(), OauthError> {
    let (id, secret) = presented_client(call, form);
    let org = shared.read();
    if id.as_deref() != Some(&org.settings.client.id) {
        return Err(OauthError::new(
            "invalid_client_id",
            "client identifier invalid",
        ));
    }
    if secret.is_some_and(|secret| secret != org.settings.client.secret) {
        return Err(OauthError::new(
            "invalid_client",
            "invalid client credentials",
        ));
    }
    Ok(())
}

fn presented_client(call: &Call, form: &Form) -> (Option<String>, Option<String>) {
    let owned = |name| form.get(name).map(str::to_owned);
    match call.header("authorization").and_then(basic) {
        Some((id, secret)) => (Some(id), Some(secret)),
        None => (owned("client_id"), owned("client_secret")),
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
