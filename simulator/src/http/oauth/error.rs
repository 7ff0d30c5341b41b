//! Errors of the OAuth endpoints.

use serde_json::json;

use crate::http::reply::Reply;

/// An error in the form of RFC 6749.
#[derive(Debug)]
pub(super) struct OauthError {
    pub(super) code: &'static str,
    pub(super) description: String,
}

impl OauthError {
    pub(super) fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
        }
    }

    pub(super) fn invalid_grant(description: &str) -> Self {
        Self::new("invalid_grant", description)
    }

    pub(super) fn unknown_client() -> Self {
        Self::new("invalid_client_id", "client identifier invalid")
    }

    pub(super) fn inactive_user() -> Self {
        Self::new("inactive_user", "user is inactive")
    }

    pub(super) fn expired_refresh_token() -> Self {
        Self::invalid_grant("expired access/refresh token")
    }

    pub(super) fn unapproved_user() -> Self {
        Self::invalid_grant("user hasn't approved this consumer")
    }

    pub(super) fn redirect_uri_mismatch() -> Self {
        let text = "redirect_uri must match configuration";
        Self::new("redirect_uri_mismatch", text)
    }
}

impl From<OauthError> for Reply {
    fn from(error: OauthError) -> Self {
        let body = json!({"error": error.code, "error_description": error.description});
        Self::json(400, body)
            .with_header("cache-control", "no-store".into())
            .with_error_code(error.code)
    }
}
