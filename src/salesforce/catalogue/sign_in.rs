//! Codes and texts of refused sign-ins.
//!
//! Salesforce Help lists them under "OAuth 2.0 Authorization Errors"; the codes of SOAP are those of
//! the partner WSDL. The same description comes with different codes, so descriptions come first.

use super::{Sign, find};
use crate::salesforce::auth::Refusal as R;

const fn text(phrase: &'static str, meaning: R) -> Sign<R> {
    Sign {
        codes: &[],
        phrase,
        meaning,
    }
}

const fn code(codes: &'static [&'static str], meaning: R) -> Sign<R> {
    Sign {
        codes,
        phrase: "",
        meaning,
    }
}

/// The token endpoint and the authorization page. The first that fits decides.
const OAUTH: &[Sign<R>] = &[
    text("login rate exceeded", R::RateLimited),
    text("not supported on this domain", R::MyDomainNeeded),
    text("no client credentials user", R::NoRunAsUser),
    text("expired access/refresh token", R::TokenExpired),
    text("refresh token expired", R::TokenExpired),
    text("token validity expired", R::TokenExpired),
    text("authorization code", R::CodeExpired),
    text("code verifier", R::Pkce),
    text("code challenge", R::Pkce),
    text("already being processed", R::Unavailable),
    text("hasn't approved", R::NotApproved),
    text("has not approved", R::NotApproved),
    text("not admin approved", R::AppAccess),
    text("not installed", R::AppBlocked),
    text("must be installed", R::AppBlocked),
    text("app is blocked", R::AppBlocked),
    text("user is inactive", R::InactiveUser),
    text("does not exist or is inactive", R::InactiveUser),
    text("inactive user", R::InactiveUser),
    text("inactive organization", R::OrgLocked),
    text("audience", R::Audience),
    text("assertion", R::Assertion),
    text("ip restricted", R::IpRestricted),
    text("ip not allowed", R::IpRestricted),
    text("invalid login hours", R::LoginHours),
    text("invalid client credentials", R::ClientSecret),
    text("client identifier invalid", R::ClientId),
    text("not enabled", R::FlowDisabled),
    text("grant type not supported", R::FlowDisabled),
    text("redirect_uri must match", R::RedirectUri),
    text("authentication failure", R::InvalidLogin),
    text("invalid password", R::InvalidLogin),
    code(&["invalid_client_id"], R::ClientId),
    code(
        &["invalid_client", "invalid_client_credentials"],
        R::ClientSecret,
    ),
    code(&["inactive_user"], R::InactiveUser),
    code(&["inactive_org"], R::OrgLocked),
    code(&["rate_limit_exceeded"], R::RateLimited),
    code(
        &[
            "unsupported_grant_type",
            "unauthorized_client",
            "unsupported_response_type",
        ],
        R::FlowDisabled,
    ),
    code(&["invalid_scope"], R::Scope),
    code(&["invalid_app_access"], R::AppAccess),
    code(
        &[
            "app_not_found",
            "OAUTH_APP_BLOCKED",
            "OAUTH_APP_ACCESS_DENIED",
            "OAUTH_EC_APP_NOT_FOUND",
            "OAUTH_AUTHORIZATION_BLOCKED",
            "OAUTH_APPROVAL_ERROR_GENERIC",
        ],
        R::AppBlocked,
    ),
    code(
        &["redirect_uri_mismatch", "redirect_uri_missing"],
        R::RedirectUri,
    ),
    code(&["access_denied", "access-denied"], R::AccessDenied),
    code(&["immediate_unsuccessful"], R::NobodySignedIn),
    code(
        &["temporarily_unavailable", "server_error", "unknown_error"],
        R::Unavailable,
    ),
];

/// SOAP `login()`.
const SOAP: &[Sign<R>] = &[
    code(&["INVALID_LOGIN"], R::InvalidLogin),
    code(&["LOGIN_MUST_USE_SECURITY_TOKEN"], R::SecurityTokenNeeded),
    code(&["PASSWORD_LOCKOUT"], R::Locked),
    code(&["LOGIN_DURING_RESTRICTED_DOMAIN"], R::RestrictedDomain),
    code(&["LOGIN_DURING_RESTRICTED_TIME"], R::LoginHours),
    code(
        &["LOGIN_CHALLENGE_ISSUED", "LOGIN_CHALLENGE_PENDING"],
        R::Challenge,
    ),
    code(&["ORG_LOCKED", "TRIAL_EXPIRED"], R::OrgLocked),
    code(
        &["INVALID_SSO_GATEWAY_URL", "SSO_SERVICE_DOWN"],
        R::SingleSignOn,
    ),
    code(
        &[
            "API_DISABLED_FOR_ORG",
            "API_CURRENTLY_DISABLED",
            "FUNCTIONALITY_NOT_ENABLED",
        ],
        R::ApiDisabled,
    ),
    code(
        &[
            "CLIENT_NOT_ACCESSIBLE_FOR_USER",
            "CLIENT_REQUIRE_UPDATE_FOR_USER",
        ],
        R::ClientBlocked,
    ),
    code(
        &["INVALID_OPERATION_WITH_EXPIRED_PASSWORD"],
        R::PasswordExpired,
    ),
    code(&["MUTUAL_AUTHENTICATION_FAILED"], R::MutualTls),
    code(
        &["UNSUPPORTED_API_VERSION", "INVALID_OPERATION"],
        R::SoapLoginOff,
    ),
    code(
        &["REQUEST_LIMIT_EXCEEDED", "LOGIN_RATE_EXCEEDED"],
        R::RateLimited,
    ),
    code(&["SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION"], R::Unavailable),
];

/// What the `error` and `error_description` of an OAuth answer mean.
pub(in crate::salesforce) fn oauth(code: &str, description: &str) -> Option<R> {
    find(OAUTH, code, description)
}

/// What the `exceptionCode` of a SOAP fault means.
pub(in crate::salesforce) fn soap(code: &str) -> Option<R> {
    find(SOAP, code, "")
}

/// All codes and texts with this meaning.
pub(super) fn signs_of(refusal: R) -> Vec<String> {
    let signs = OAUTH.iter().chain(SOAP);
    signs
        .filter(|sign| sign.meaning == refusal)
        .flat_map(Sign::says)
        .collect()
}
