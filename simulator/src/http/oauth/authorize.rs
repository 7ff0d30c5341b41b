//! The web-server flow: a user who approves at once, and the exchange of the code.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::{Form, Granted, OauthError, grant, refuse_generic_host};
use crate::http::Shared;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::http::session::{Code, opaque};

/// Redirects back with a code, as if the administrator had signed in and approved.
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
    match (
        form.get("response_type"),
        approve(shared, &form, redirect_uri),
    ) {
        (Some("code"), Some(code)) => {
            location.query_pairs_mut().append_pair("code", &code);
        }
        (Some("code"), None) => {
            location
                .query_pairs_mut()
                .append_pair("error", "access_denied")
                .append_pair("error_description", "end-user denied authorization");
        }
        _ => {
            location
                .query_pairs_mut()
                .append_pair("error", "unsupported_response_type")
                .append_pair("error_description", "response type not supported");
        }
    }
    if let Some(state) = form.get("state") {
        location.query_pairs_mut().append_pair("state", state);
    }
    Reply::empty(302).with_header("location", location.into())
}

fn approve(shared: &Shared, form: &Form, redirect_uri: &str) -> Option<String> {
    let (client_id, user_id) = {
        let org = shared.read();
        let user_id = org.user_by_username(&org.settings.username)?;
        if !org.may_sign_in(&user_id) {
            return None;
        }
        (org.settings.client.id.clone(), user_id)
    };
    let challenge = form.get("code_challenge").map(str::to_owned);
    let issued = shared.clock.now();
    let redirect_uri = redirect_uri.to_owned();
    Some(shared.sessions().issue_code(Code {
        client_id,
        redirect_uri,
        challenge,
        user_id,
        issued,
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
    let refresh_token = format!("5Aep861{}", opaque());
    let username = org.settings.username.clone();
    org.refresh_tokens.insert(refresh_token.clone(), username);
    Ok(Granted {
        user_id: code.user_id,
        refresh_token: Some(refresh_token),
        scope: "refresh_token api id",
    })
}

fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}
