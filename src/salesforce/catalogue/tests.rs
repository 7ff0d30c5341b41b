//! The literal texts of Salesforce, one by one.
#![expect(clippy::unwrap_used, reason = "tests")]

use test_case::test_case;

use super::*;
use crate::salesforce::auth::Refusal as R;

#[test_case("invalid_grant", "expired access/refresh token" => R::TokenExpired)]
#[test_case("invalid_grant", "Expired Access/Refresh Token" => R::TokenExpired; "another casing")]
#[test_case("invalid_grant", "expired authorization code" => R::CodeExpired)]
#[test_case("invalid_grant", "invalid code verifier" => R::Pkce)]
#[test_case("invalid_request", "code challenge method is not supported" => R::Pkce)]
#[test_case("inactive_user", "user is inactive" => R::InactiveUser)]
#[test_case("inactive_org", "organization is inactive" => R::OrgLocked)]
#[test_case("invalid_grant", "Audience validation failed" => R::Audience)]
#[test_case("invalid_grant", "user hasn't approved this consumer" => R::NotApproved)]
#[test_case("invalid_grant", "user hasn’t approved this consumer" => R::NotApproved; "a curly apostrophe")]
#[test_case("invalid_grant", "invalid assertion" => R::Assertion)]
#[test_case("invalid_app_access", "user is not admin approved to access this app" => R::AppAccess)]
#[test_case("invalid_app_access", "" => R::AppAccess; "no text")]
#[test_case("invalid_client_id", "client identifier invalid" => R::ClientId)]
#[test_case("invalid_grant", "user does not exist or is inactive" => R::InactiveUser; "a user of another org")]
#[test_case("invalid_grant", "request not supported on this domain" => R::MyDomainNeeded)]
#[test_case("invalid_grant", "no client credentials user enabled" => R::NoRunAsUser)]
#[test_case("invalid_client", "invalid client credentials" => R::ClientSecret)]
#[test_case("invalid_client", "client identifier invalid" => R::ClientId; "the code of the secret with the text of the key")]
#[test_case("invalid_client_credentials", "client secret invalid" => R::ClientSecret)]
#[test_case("invalid_grant", "authentication failure - Invalid Password" => R::InvalidLogin)]
#[test_case("invalid_grant", "authentication failure" => R::InvalidLogin; "the newer text")]
#[test_case("invalid_grant", "this flow is not enabled for this connected app" => R::FlowDisabled)]
#[test_case("unsupported_grant_type", "grant type not supported" => R::FlowDisabled)]
#[test_case("unsupported_response_type", "response type must be code" => R::FlowDisabled)]
#[test_case("rate_limit_exceeded", "" => R::RateLimited)]
#[test_case("invalid_grant", "login rate exceeded" => R::RateLimited; "a rate")]
#[test_case("unknown_error", "retry your request" => R::Unavailable)]
#[test_case("invalid_grant", "token request is already being processed" => R::Unavailable)]
#[test_case("redirect_uri_mismatch", "redirect_uri must match configuration" => R::RedirectUri)]
#[test_case("redirect_uri_missing", "" => R::RedirectUri)]
#[test_case("access_denied", "end-user denied authorization" => R::AccessDenied)]
#[test_case("access-denied", "" => R::AccessDenied; "the spelling of the help page")]
#[test_case("immediate_unsuccessful", "immediate unsuccessful" => R::NobodySignedIn)]
#[test_case("invalid_scope", "the requested scope is not allowed" => R::Scope)]
#[test_case("app_not_found", "" => R::AppBlocked)]
#[test_case("OAUTH_APP_BLOCKED", "this app is blocked by admin" => R::AppBlocked)]
#[test_case("OAUTH_APPROVAL_ERROR_GENERIC", "An unexpected error has occured during authentication" => R::AppBlocked)]
#[test_case("OAUTH_EC_APP_NOT_FOUND", "External client app is not installed in this org" => R::AppBlocked)]
#[test_case("invalid_client", "app must be installed into org" => R::AppBlocked; "an app that is not installed, with the code of the secret")]
#[test_case("invalid_grant", "ip restricted" => R::IpRestricted)]
#[test_case("invalid_grant", "ip restricted or invalid login hours" => R::IpRestricted; "network or hour")]
fn a_refused_sign_in_is_understood(code: &str, description: &str) -> R {
    oauth(code, description).unwrap()
}

#[test]
fn words_that_nobody_knows_get_no_meaning() {
    assert_eq!(oauth("invalid_grant", "words of a newer Salesforce"), None);
    assert_eq!(oauth("jane@acme.example", "jane@acme.example"), None);
    assert_eq!(soap("SOMETHING_NEW"), None);
    assert_eq!(call("SOMETHING_NEW", "text"), None);
}

/// All exception codes of `login()` in the partner WSDL.
#[test_case("INVALID_LOGIN" => R::InvalidLogin)]
#[test_case("LOGIN_MUST_USE_SECURITY_TOKEN" => R::SecurityTokenNeeded)]
#[test_case("PASSWORD_LOCKOUT" => R::Locked)]
#[test_case("LOGIN_DURING_RESTRICTED_DOMAIN" => R::RestrictedDomain)]
#[test_case("LOGIN_DURING_RESTRICTED_TIME" => R::LoginHours)]
#[test_case("LOGIN_CHALLENGE_ISSUED" => R::Challenge)]
#[test_case("LOGIN_CHALLENGE_PENDING" => R::Challenge)]
#[test_case("ORG_LOCKED" => R::OrgLocked)]
#[test_case("TRIAL_EXPIRED" => R::OrgLocked)]
#[test_case("INVALID_SSO_GATEWAY_URL" => R::SingleSignOn)]
#[test_case("SSO_SERVICE_DOWN" => R::SingleSignOn)]
#[test_case("API_DISABLED_FOR_ORG" => R::ApiDisabled)]
#[test_case("API_CURRENTLY_DISABLED" => R::ApiDisabled)]
#[test_case("CLIENT_NOT_ACCESSIBLE_FOR_USER" => R::ClientBlocked)]
#[test_case("CLIENT_REQUIRE_UPDATE_FOR_USER" => R::ClientBlocked)]
#[test_case("INVALID_OPERATION_WITH_EXPIRED_PASSWORD" => R::PasswordExpired)]
#[test_case("MUTUAL_AUTHENTICATION_FAILED" => R::MutualTls)]
#[test_case("UNSUPPORTED_API_VERSION" => R::SoapLoginOff)]
fn a_soap_fault_is_understood(code: &str) -> R {
    soap(code).unwrap()
}

#[test_case("INVALID_SESSION_ID", "Session expired or invalid", "IP restrictions")]
#[test_case("INVALID_SESSION_ID", "This session is not valid for use with the REST API", "instance URL"; "not for the API")]
#[test_case("INVALID_JWT_FORMAT", "", "new sign-in")]
#[test_case("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE", "new sign-in")]
#[test_case(
    "FUNCTIONALITY_NOT_ENABLED",
    "This feature is not currently enabled for this user.",
    "\"API Enabled\""
)]
#[test_case(
    "API_DISABLED_FOR_ORG",
    "The REST API is not enabled for this Organization.",
    "Group, Essentials and Professional"
)]
#[test_case("API_CURRENTLY_DISABLED", "API is currently disabled", "Support")]
#[test_case("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", "Last 24 Hours"; "of the day")]
#[test_case("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", "at the same time"; "concurrent")]
#[test_case("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn", "at the same time"; "concurrent and long")]
#[test_case(
    "INSUFFICIENT_ACCESS",
    "You do not have permission to view this record.",
    "docs/permissions.md"
)]
#[test_case(
    "INSUFFICIENT_ACCESS_OR_READONLY",
    "insufficient access rights on object id",
    "docs/permissions.md"
)]
#[test_case(
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    "insufficient access rights on cross-reference id",
    "docs/permissions.md"
)]
#[test_case(
    "TXN_SECURITY_METERING_ERROR",
    "We can't complete the action because enabled transaction security policies took too long to complete.",
    "Exempt from Transaction Security"
)]
#[test_case("INVALID_FIELD", "No such column 'x' on entity 'User'", "read access")]
#[test_case(
    "INVALID_FIELD_FOR_INSERT_UPDATE",
    "Unable to create/update fields: X.",
    "edit access"
)]
#[test_case(
    "INVALID_TYPE",
    "sObject type 'Foo' is not supported.",
    "does not have the object"
)]
#[test_case("LICENSE_LIMIT_EXCEEDED", "license limit exceeded", "User Licenses")]
#[test_case("DUPLICATE_USERNAME", "Duplicate Username.", "another org")]
#[test_case(
    "INVALID_NEW_PASSWORD",
    "Your password must have a mix of letters and numbers.",
    "Password Policies"
)]
#[test_case(
    "FIELD_INTEGRITY_EXCEPTION",
    "Can't assign permission set FeatureB User to user Demo User (Non-Admin). The user license doesn't allow the permission: Custom Permission Feature B is not valid for this Permission Set.",
    "another licence"
)]
#[test_case("CANNOT_DISABLE_LAST_ADMIN", "", "another active user")]
#[test_case(
    "INACTIVE_OWNER_OR_USER",
    "operation performed with inactive user [005] as owner of account",
    "Setup > Users"
)]
#[test_case("SERVER_UNAVAILABLE", "", "status.salesforce.com")]
#[test_case(
    "QUERY_TIMEOUT",
    "Your query request was running for too long.",
    "less busy"
)]
#[test_case(
    "UNABLE_TO_LOCK_ROW",
    "unable to obtain exclusive access to this record",
    "another transaction"
)]
fn a_refused_call_is_understood(code: &str, message: &str, part: &str) {
    let advice = call(code, message).unwrap();
    let text = format!("{}; {}", advice.cause, advice.remedy);
    assert!(text.contains(part), "{text}");
}

#[test]
fn every_entry_says_what_happened_and_what_to_do() {
    let waiting = [R::Unreachable, R::Unavailable].map(R::advice);
    let rows = [sign_in_rows(), call_rows(), network_rows()].concat();
    for Row { advice, .. } in rows {
        assert!(!advice.cause.is_empty());
        assert!(
            !advice.remedy.is_empty() || waiting.contains(&advice),
            "{advice:?}"
        );
    }
}

/// A wrong password that is sent again and again locks the user.
#[test]
fn advice_about_a_wrong_password_invites_no_second_try() {
    for refusal in [
        R::InvalidLogin,
        R::Locked,
        R::SecurityTokenNeeded,
        R::PasswordExpired,
    ] {
        let text = refusal.text();
        assert!(refusal.is_permanent());
        assert!(
            !text.contains("try again") && !text.contains("retry"),
            "{text}"
        );
    }
}
