//! The web server flow: approves every request immediately, and exchanges codes for tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::{ALL_SCOPES, Form, Granted, OauthError, grant, refuse_generic_host};
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::http::session::{Code, opaque};
use crate::http::shared::Shared;

/// The scopes that an app can have. Source: Salesforce Help, "OAuth Tokens and Scopes".
const SCOPES: &[&str] = &[
    "address",
    "api",
    "chatter_api",
    "content",
    "custom_permissions",
    "email",
    "full",
    "id",
    "lightning",
    "offline_access",
    "openid",
    "phone",
    "profile",
    "refresh_token",
    "visualforce",
    "wave_api",
    "web",
];

/// Redirects with a code, as if the administrator had signed in and approved.
pub(super) fn handle(shared: &Shared, call: &Call) -> Reply {
    let form = Form(call.form());
    if let Err(error) = grant::check_client_id(shared, call, &form) {
        return error.into();
    }
    let Some(redirect_uri) = form.get("redirect_uri") else {
        return OauthError::new("redirect_uri_missing", "redirect_uri must be provided").into();
    };
    let Ok(mut location) = url::Url::parse(redirect_uri) else {
        return OauthError::new(
            "redirect_uri_mismatch",
            "redirect_uri must match configuration",
        )
        .into();
    };
    let answer = match (form.get("response_type"), scope(&form)) {
        (Some("code"), Ok(scope)) => approve(shared, &form, redirect_uri, scope),
        (Some("code"), Err(refused)) => Err(refused),
        _ => Err(OauthError::new(
            "unsupported_response_type",
            "response type not supported",
        )),
    };
    match answer {
        Ok(code) => location.query_pairs_mut().append_pair("code", &code),
        Err(error) => location
            .query_pairs_mut()
            .append_pair("error", error.code)
            .append_pair("error_description", &error.description),
    };
    if let Some(state) = form.get("state") {
        location.query_pairs_mut().append_pair("state", state);
    }
    Reply::empty(302).with_header("location", location.into())
}

/// Returns the requested scopes, or all scopes of the app.
fn scope(form: &Form) -> Result<String, OauthError> {
    let scopes: Vec<&str> = form.get("scope").unwrap_or("").split_whitespace().collect();
    if scopes.is_empty() {
        return Ok(ALL_SCOPES.to_owned());
    }
    match scopes.iter().find(|scope| !SCOPES.contains(scope)) {
        Some(unknown) => Err(OauthError::new(
            "invalid_scope",
            format!("the requested scope is not allowed: {unknown}"),
        )),
        None => Ok(scopes.join(" ")),
    }
}

fn approve(
    shared: &Shared,
    form: &Form,
    redirect_uri: &str,
    scope: String,
) -> Result<String, OauthError> {
    let denied = || OauthError::new("access_denied", "end-user denied authorization");
    let (client_id, user_id) = {
        let org = shared.read();
        let user_id = org.user_by_username(&org.settings.username);
        let user_id = user_id.filter(|id| org.may_sign_in(id));
        (org.settings.client.id.clone(), user_id.ok_or_else(denied)?)
    };
    Ok(shared.sessions().issue_code(Code {
        client_id,
        redirect_uri: redirect_uri.to_owned(),
        challenge: form.get("code_challenge").map(str::to_owned),
        scope,
        user_id,
        issued: shared.clock.now(),
    }))
}

/// Exchanges a code for tokens.
pub(super) fn exchange(shared: &Shared, call: &Call, form: &Form) -> Result<Granted, OauthError> {
    refuse_generic_host(shared)?;
    grant::check_client_id(shared, call, form)?;
    let code = shared
        .sessions()
        .take_code(form.get("code").unwrap_or(""))
        .ok_or_else(|| OauthError::invalid_grant("invalid authorization code"))?;
    if code.is_expired(shared.clock.now()) {
        return Err(OauthError::invalid_grant("expired authorization code"));
    }
    if form.get("redirect_uri") != Some(&code.redirect_uri) {
        return Err(OauthError::new(
            "redirect_uri_mismatch",
            "redirect_uri must match configuration",
        ));
    }
    let mut org = shared.write();
    if code.client_id != org.settings.client.id {
        return Err(OauthError::new(
            "invalid_client_id",
            "client identifier invalid",
        ));
    }
    match (code.challenge.as_deref(), form.get("code_verifier")) {
        (Some(_), None) => return Err(OauthError::invalid_grant("invalid code verifier")),
        (Some(challenge), Some(verifier)) if challenge_of(verifier) != challenge => {
            return Err(OauthError::new("invalid_request", "invalid code verifier"));
        }
        _ => {}
    }
    let refreshes = code
        .scope
        .split(' ')
        .any(|scope| matches!(scope, "refresh_token" | "offline_access"));
    let approval = refreshes.then(|| {
        let token = format!("5Aep861{}", opaque());
        let username = org.settings.username.clone();
        org.refresh_tokens.insert(token.clone(), username);
        shared.sessions().approve(&token, &code.scope);
        token
    });
    Ok(Granted {
        user_id: code.user_id,
        scope: code.scope,
        approval,
        tells_refresh_token: true,
    })
}

fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}
