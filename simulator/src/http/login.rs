//! Checks usernames and passwords for the SOAP login and the OAuth password flow.

use jiff::Timestamp;

use super::session::Sessions;
use crate::org::Org;

/// Why a sign-in with a password was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Username, password or token is wrong, or the user cannot sign in.
    Invalid,
    /// The password is right, the security token is missing.
    TokenMissing,
    /// Too many wrong passwords.
    LockedOut,
}

/// Checks a password with the security token appended to it. Returns the user's id.
pub(crate) fn check_password(
    org: &Org,
    sessions: &mut Sessions,
    username: &str,
    typed: &str,
) -> Result<String, Refusal> {
    let settings = &org.settings;
    let with_token = format!("{}{}", settings.password, settings.security_token);
    let right = typed == with_token || (settings.trusted_network && typed == settings.password);
    check(org, sessions, username, typed, right)
}

/// Checks a password that was typed into a login page, which asks for no security token. Returns the
/// user's id.
pub(crate) fn check_browser_password(
    org: &Org,
    sessions: &mut Sessions,
    username: &str,
    typed: &str,
) -> Result<String, Refusal> {
    let right = typed == org.settings.password;
    check(org, sessions, username, typed, right)
}

fn check(
    org: &Org,
    sessions: &mut Sessions,
    username: &str,
    typed: &str,
    right: bool,
) -> Result<String, Refusal> {
    let settings = &org.settings;
    if sessions.wrong_passwords(username) >= settings.lockout_after {
        return Err(Refusal::LockedOut);
    }
    let known = username.eq_ignore_ascii_case(&settings.username);
    let user = org
        .user_by_username(username)
        .filter(|id| known && org.may_sign_in(id));
    match user {
        Some(id) if right => {
            sessions.forgive(username);
            Ok(id)
        }
        Some(_) if typed == settings.password => Err(Refusal::TokenMissing),
        _ => {
            let wrong = sessions.count_wrong_password(username);
            if wrong >= settings.lockout_after {
                tracing::debug!(wrong, "the user is locked out now");
            }
            Err(Refusal::Invalid)
        }
    }
}

/// Formats a time as `issued_at` of a token response: milliseconds since 1970.
pub(crate) fn issued_at(now: Timestamp) -> String {
    now.as_millisecond().to_string()
}
