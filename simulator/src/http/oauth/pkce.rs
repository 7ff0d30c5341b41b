//! Proof Key for Code Exchange (RFC 7636). Source of the errors: REST API Developer Guide, "OAuth 2.0
//! Web Server Flow", parameters `code_challenge` and `code_verifier`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::{Form, OauthError};

/// Returns the challenge of an authorization request. Salesforce only knows S256, which is also
/// assumed if no method is named.
pub(super) fn challenge(form: &Form, required: bool) -> Result<Option<String>, OauthError> {
    let Some(challenge) = form.get("code_challenge") else {
        if required {
            let text = "missing required code challenge";
            return Err(OauthError::new("invalid_request", text));
        }
        return Ok(None);
    };
    if form
        .get("code_challenge_method")
        .is_some_and(|method| method != "S256")
    {
        let text = "invalid code challenge method: S256 is required";
        return Err(OauthError::new("invalid_request", text));
    }
    let digest = URL_SAFE_NO_PAD.decode(challenge);
    if !digest.is_ok_and(|digest| digest.len() == 32) {
        return Err(OauthError::new("invalid_request", "invalid code challenge"));
    }
    Ok(Some(challenge.to_owned()))
}

/// Checks the verifier of a token request.
pub(super) fn verify(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), OauthError> {
    let text = "invalid code verifier";
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (Some(_), None) | (None, Some(_)) => Err(OauthError::invalid_grant(text)),
        (Some(challenge), Some(verifier)) => {
            let digest = Sha256::digest(verifier.as_bytes());
            if URL_SAFE_NO_PAD.encode(digest) == challenge && is_well_formed(verifier) {
                Ok(())
            } else {
                Err(OauthError::new("invalid_request", text))
            }
        }
    }
}

/// RFC 7636, 4.1: at least 43 unreserved characters. Salesforce also takes more than the 128 that the
/// RFC allows: jsforce sends 171.
fn is_well_formed(verifier: &str) -> bool {
    let unreserved = |c: u8| c.is_ascii_alphanumeric() || b"-._~".contains(&c);
    verifier.len() >= 43 && verifier.bytes().all(unreserved)
}
