//! The JWT bearer flow.

use super::assertion::Assertion;
use super::client;
use super::{Form, Granted, OauthError};
use crate::http::shared::Shared;
use crate::org::Org;

/// Maximum lifetime of an assertion: three minutes, and two for differences of clocks. Source:
/// Salesforce Help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration".
const LONGEST_LIFE_SECONDS: i64 = 5 * 60;

pub(super) fn grant(shared: &Shared, form: &Form) -> Result<Granted, OauthError> {
    client::refuse_generic_host(shared)?;
    if form.get("scope").is_some() {
        return Err(OauthError::new(
            "invalid_request",
            "scope parameter not supported",
        ));
    }
    let invalid = || OauthError::invalid_grant("invalid assertion");
    let assertion = Assertion::read(form.get("assertion").unwrap_or("")).ok_or_else(invalid)?;
    let org = shared.read();
    let app = &org.settings.client;
    if assertion.text("iss") != Some(&app.id) {
        return Err(OauthError::unknown_client());
    }
    client::check_app(&org)?;
    let certificate = app.certificate.as_deref().ok_or_else(invalid)?;
    if !assertion.is_signed_by(certificate) {
        return Err(invalid());
    }
    if !is_audience(shared, &org, assertion.text("aud").unwrap_or("")) {
        return Err(OauthError::invalid_grant("Audience validation failed"));
    }
    let expiry = assertion.expiry().ok_or_else(invalid)?;
    let left = expiry.saturating_sub(shared.clock.now().as_second());
    if left <= 0 {
        return Err(OauthError::invalid_grant("expired authorization code"));
    }
    if left > LONGEST_LIFE_SECONDS {
        return Err(invalid());
    }
    let user_id = org
        .user_by_username(assertion.text("sub").unwrap_or(""))
        .ok_or_else(OauthError::unapproved_user)?;
    client::check_user(shared, &org, &user_id)?;
    if !client::is_approved(&org, &user_id) {
        return Err(OauthError::unapproved_user());
    }
    Ok(Granted {
        signed: false,
        ..Granted::session(user_id, "api")
    })
}

/// Whether an assertion is meant for this org: the login host of its kind, or its own.
fn is_audience(shared: &Shared, org: &Org, audience: &str) -> bool {
    let host = if org.is_sandbox() {
        "https://test.salesforce.com"
    } else {
        "https://login.salesforce.com"
    };
    let own = org.settings.instance_url.as_deref();
    audience == host || audience == shared.base || Some(audience) == own
}
