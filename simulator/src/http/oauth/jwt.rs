//! The JWT bearer flow. Checks the claims but not the signature: the simulator has no public key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::client::refuse_generic_host;
use super::{Form, Granted, OauthError};
use crate::http::shared::Shared;

/// Maximum lifetime of an assertion, with some tolerance for clock differences.
const LONGEST_LIFE_SECONDS: i64 = 5 * 60;

pub(super) fn grant(shared: &Shared, form: &Form) -> Result<Granted, OauthError> {
    refuse_generic_host(shared)?;
    if form.get("scope").is_some() {
        return Err(OauthError::new(
            "invalid_request",
            "scope parameter not supported",
        ));
    }
    let assertion = form.get("assertion").unwrap_or("");
    let claims = claims(assertion).ok_or_else(|| OauthError::invalid_grant("invalid assertion"))?;
    let org = shared.read();
    let text = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned()
    };
    if text("iss") != org.settings.client.id {
        return Err(OauthError::new(
            "invalid_client_id",
            "client identifier invalid",
        ));
    }
    let sandbox = org.is_sandbox();
    let host = if sandbox {
        "https://test.salesforce.com"
    } else {
        "https://login.salesforce.com"
    };
    let audience = text("aud");
    let audience = audience.trim_end_matches('/');
    if audience != host && audience != shared.base {
        return Err(OauthError::invalid_grant("Audience validation failed"));
    }
    check_expiry(&claims, shared.clock.now().as_second())?;
    let user_id = org
        .user_by_username(&text("sub"))
        .ok_or_else(OauthError::unapproved_user)?;
    let approved = org.settings.client.approved_users.as_ref();
    if approved.is_some_and(|users| !users.contains(&text("sub"))) {
        return Err(OauthError::invalid_grant(
            "user hasn't approved this consumer",
        ));
    }
    if !org.may_sign_in(&user_id) {
        return Err(OauthError::new("inactive_user", "user is inactive"));
    }
    Ok(Granted::session(user_id, "api"))
}

fn check_expiry(claims: &Value, now: i64) -> Result<(), OauthError> {
    // Salesforce accepts the time as a number or as text.
    let expiry = claims.get("exp").and_then(|exp| {
        exp.as_i64()
            .or_else(|| exp.as_str().and_then(|text| text.parse().ok()))
    });
    match expiry {
        None => Err(OauthError::invalid_grant("invalid assertion")),
        Some(at) if at <= now => Err(OauthError::invalid_grant("expired authorization code")),
        Some(at) if at > now + LONGEST_LIFE_SECONDS => {
            Err(OauthError::invalid_grant("invalid assertion"))
        }
        Some(_) => Ok(()),
    }
}

fn claims(assertion: &str) -> Option<Value> {
    let mut parts = assertion.split('.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let header = decoded(header)?;
    let signed = URL_SAFE_NO_PAD
        .decode(signature)
        .is_ok_and(|bytes| !bytes.is_empty());
    if parts.next().is_some() || header.get("alg")?.as_str()? != "RS256" || !signed {
        return None;
    }
    decoded(claims)
}

fn decoded(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
