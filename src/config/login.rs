//! The options of `login`.

use std::time::Duration;

use super::flags::login as flags;
use super::problem::Problems;
use super::values::Values;

/// The options of `login`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginOptions {
    /// The callback URL.
    pub redirect_uri: String,
    /// Whether a person pastes the redirect.
    pub paste: bool,
    /// Whether to open a browser.
    pub browser: bool,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
    /// Whether to print the refresh token.
    pub print_token: bool,
    /// How long to wait for the browser.
    pub wait: Duration,
}

impl LoginOptions {
    pub(crate) fn resolve(values: &Values, problems: &mut Problems) -> Self {
        let redirect_uri = values.text(&flags::REDIRECT_URI);
        if !redirect_uri.contains("://") || redirect_uri.contains(char::is_whitespace) {
            problems.push(format!(
                "field {}: expected a URL such as http://localhost:1717/OauthRedirect",
                flags::REDIRECT_URI.name
            ));
        }
        Self {
            redirect_uri: redirect_uri.to_owned(),
            paste: values.switch(&flags::PASTE),
            browser: !values.switch(&flags::NO_BROWSER),
            scopes: scopes(values.text(&flags::SCOPES)),
            print_token: values.switch(&flags::PRINT_TOKEN),
            wait: Duration::from_secs(values.number(&flags::LOGIN_TIMEOUT_SECONDS).unsigned_abs()),
        }
    }
}

/// The scopes, with one that yields a refresh token.
fn scopes(text: &str) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    let given = text.split([' ', ',']).filter(|scope| !scope.is_empty());
    for scope in given {
        if !scopes.iter().any(|other| other == scope) {
            scopes.push(scope.to_owned());
        }
    }
    // `offline_access` is another name for it.
    let renews = |scope: &String| scope == "refresh_token" || scope == "offline_access";
    if !scopes.iter().any(renews) {
        scopes.push("refresh_token".to_owned());
    }
    scopes
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("api refresh_token", &["api", "refresh_token"]; "the default")]
    #[test_case("full", &["full", "refresh_token"]; "without a refresh token")]
    #[test_case("api,offline_access  api", &["api", "offline_access"]; "another name, and twice")]
    fn a_scope_that_yields_a_refresh_token_is_always_there(text: &str, expected: &[&str]) {
        assert_eq!(scopes(text), expected);
    }
}
