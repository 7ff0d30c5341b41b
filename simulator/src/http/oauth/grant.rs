//! The client credentials, username-password and refresh token flows.

use super::client::{self, Secret};
use super::{Form, Granted, OauthError};
use crate::http::call::Call;
use crate::http::login::{Refusal, check_password};
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
    client::check(shared, call, form, Secret::Required)?;
    let org = shared.read();
    let name = org.settings.client.run_as.as_deref();
    let user_id = name
        .and_then(|name| org.user_by_username(name))
        .ok_or_else(|| OauthError::invalid_grant("no client credentials user enabled"))?;
    client::check_user(shared, &org, &user_id)?;
    Ok(Granted::session(user_id, "api"))
}

pub(super) fn password(shared: &Shared, call: &Call, form: &Form) -> Result<Granted, OauthError> {
    client::refuse_generic_host(shared)?;
    client::check(shared, call, form, Secret::Required)?;
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
    client::check_user(shared, &org, &user_id)?;
    Ok(Granted::session(user_id, "api id"))
}

/// Checks and use are one step under the org's lock, so of two requests with one token the second
/// is a replay if the app rotates refresh tokens.
pub(super) fn refresh(shared: &Shared, call: &Call, form: &Form) -> Result<Granted, OauthError> {
    client::check(shared, call, form, Secret::AsConfigured)?;
    let presented = form.get("refresh_token").unwrap_or("");
    let mut org = shared.write();
    if org.end_if_replayed(presented) {
        return Err(OauthError::expired_refresh_token());
    }
    let (_, family) = org
        .family_of(presented)
        .ok_or_else(OauthError::expired_refresh_token)?;
    let (user_id, scope) = (family.user_id.clone(), family.scope.clone());
    client::check_user(shared, &org, &user_id)?;
    let used = org
        .use_refresh_token(presented)
        .ok_or_else(OauthError::expired_refresh_token)?;
    Ok(Granted {
        family: Some(used.family),
        refresh_token: used.replacement,
        ..Granted::session(user_id, &scope)
    })
}
