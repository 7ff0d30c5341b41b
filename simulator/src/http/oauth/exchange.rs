//! The second half of the web server flow: exchanges a code for tokens.

use super::client::{self, Secret};
use super::{Form, Granted, OauthError, pkce};
use crate::http::call::Call;
use crate::http::code::Use;
use crate::http::shared::Shared;

/// Exchanges a code for tokens. A code that is used again ends what its first use gave (RFC 6749,
/// 4.1.2).
pub(super) fn grant(shared: &Shared, call: &Call, form: &Form) -> Result<Granted, OauthError> {
    client::refuse_generic_host(shared)?;
    client::check(shared, call, form, Secret::AsConfigured)?;
    let text = form.get("code").unwrap_or("");
    // Until the approval is recorded, no other request can use the code.
    let mut org = shared.write();
    let taken = shared.sessions().codes.take(text);
    let invalid = || OauthError::invalid_grant("invalid authorization code");
    let code = match taken {
        Use::First(code) => code,
        Use::Unknown => return Err(invalid()),
        Use::Again(family) => {
            if let Some(family) = family {
                org.lose_family(family);
            }
            return Err(invalid());
        }
    };
    if code.is_expired(shared.clock.now()) {
        return Err(OauthError::invalid_grant("expired authorization code"));
    }
    if code.client_id != org.settings.client.id {
        return Err(OauthError::unknown_client());
    }
    if form.get("redirect_uri") != Some(&code.redirect_uri) {
        return Err(OauthError::redirect_uri_mismatch());
    }
    pkce::verify(code.challenge.as_deref(), form.get("code_verifier"))?;
    client::check_user(shared, &org, &code.user_id)?;
    let refreshes = code
        .scope
        .split(' ')
        .any(|scope| matches!(scope, "refresh_token" | "offline_access"));
    let approval = refreshes.then(|| org.approve(&code.user_id, &code.scope));
    let (family, refresh_token) = approval.unzip();
    if let Some(family) = family {
        shared.sessions().codes.gave(text, family);
    }
    Ok(Granted {
        family,
        refresh_token,
        code: Some(text.to_owned()),
        ..Granted::session(code.user_id, &code.scope)
    })
}
