//! Recognizes values in the wrong field. The error texts never repeat a value.

use super::flag::Flag;
use super::flags::connector as flags;
use super::group::{Group, Method};
use super::problem::Problems;
use super::values::Values;

/// Refuses a URL that contains credentials, and credentials instead of a URL.
pub(super) fn check_url(flag: &Flag, url: &str) -> Result<(), String> {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = host.split(['/', '?', '#']).next().unwrap_or_default();
    let name = flag.name;
    if authority.contains('@') {
        return Err(format!(
            "field {name}: contains a user name or password before '@': leave only the domain"
        ));
    }
    if is_pem(url) || is_client_id(url) || is_client_secret(url) {
        return Err(format!(
            "field {name}: looks like a credential: expected a domain such as \
             acme.my.salesforce.com"
        ));
    }
    Ok(())
}

/// Adds a problem for each credential of `group` that looks like something else.
pub(super) fn check_credentials(group: &Group, values: &Values, problems: &mut Problems) {
    let client_id = || check_client_id(values);
    let client_secret = || check_client_secret(values.text(&flags::SALESFORCE_CLIENT_SECRET));
    let results = match group.method {
        Method::OAuthToken => vec![check_token(values.text(&flags::OAUTH2_TOKEN))],
        Method::JwtBearer => vec![
            client_id(),
            check_username(values, &flags::SALESFORCE_JWT_SUBJECT),
        ],
        Method::ClientCredentials => vec![client_id().and_then(|()| client_secret())],
        Method::Password => vec![check_username(values, &flags::SALESFORCE_USERNAME)],
        Method::RefreshToken => vec![
            client_id().and_then(|()| client_secret()),
            check_refresh_token(values.text(&flags::SALESFORCE_REFRESH_TOKEN)),
        ],
        Method::AuthUrl => Vec::new(),
    };
    for result in results {
        problems.keep(result);
    }
}

/// Refuses a text that is not a private key in PEM.
pub(super) fn check_key(flag: &Flag, pem: &str) -> Result<(), String> {
    let name = flag.name;
    if pem.contains("BEGIN EC PRIVATE KEY") {
        return Err(format!(
            "field {name}: is an elliptic-curve key: Salesforce accepts RSA keys only"
        ));
    }
    if pem.contains("BEGIN OPENSSH PRIVATE KEY") {
        return Err(format!(
            "field {name}: is a key in OpenSSH's own format: convert it with \
             `ssh-keygen -p -m PKCS8 -f FILE`"
        ));
    }
    if pem.contains("ENCRYPTED") {
        return Err(format!(
            "field {name}: the key is encrypted: give it without a passphrase"
        ));
    }
    if pem.contains("PRIVATE KEY-----") {
        return Ok(());
    }
    let found = if pem.contains("CERTIFICATE-----") {
        "a certificate"
    } else if pem.contains("PUBLIC KEY-----") {
        "a public key"
    } else {
        "no PEM text"
    };
    Err(format!(
        "field {name}: expected a private key in PEM but found {found}"
    ))
}

fn check_client_id(values: &Values) -> Result<(), String> {
    let id = values.text(&flags::SALESFORCE_CLIENT_ID);
    let looks_like = if is_pem(id) {
        "a key or certificate"
    } else if is_client_secret(id) {
        "a client secret"
    } else if id.contains('@') {
        "a username"
    } else if id.contains("://") {
        "a URL"
    } else {
        return Ok(());
    };
    let (name, secret) = (
        flags::SALESFORCE_CLIENT_ID.name,
        flags::SALESFORCE_CLIENT_SECRET.name,
    );
    let swapped = is_client_id(values.text(&flags::SALESFORCE_CLIENT_SECRET));
    let advice = if swapped {
        format!("it and {secret} are swapped")
    } else {
        "expected the consumer key of the app".to_owned()
    };
    Err(format!("field {name}: looks like {looks_like}: {advice}"))
}

fn check_client_secret(secret: &str) -> Result<(), String> {
    let looks_like = if is_pem(secret) {
        "a key or certificate, which auth-method jwt-bearer-group takes"
    } else if is_client_id(secret) {
        "a client ID"
    } else {
        return Ok(());
    };
    Err(format!(
        "field {}: looks like {looks_like}",
        flags::SALESFORCE_CLIENT_SECRET.name
    ))
}

fn check_token(token: &str) -> Result<(), String> {
    let looks_like = if is_pem(token) {
        "a key or certificate"
    } else if token.starts_with("5Aep") {
        "a refresh token, which auth-method refresh-token-group takes"
    } else if is_auth_url(token) {
        "an auth URL, which auth-method auth-url-group takes"
    } else if is_client_id(token) || is_client_secret(token) {
        "a client ID or client secret"
    } else {
        return Ok(());
    };
    Err(format!(
        "field {}: looks like {looks_like}: expected an access token",
        flags::OAUTH2_TOKEN.name
    ))
}

fn check_refresh_token(token: &str) -> Result<(), String> {
    let looks_like = if is_pem(token) {
        "a key or certificate"
    } else if token.starts_with("00D") && token.contains('!') {
        "an access token, which auth-method oauth-group takes"
    } else if is_auth_url(token) {
        "an auth URL, which auth-method auth-url-group takes"
    } else if token.starts_with('{') {
        "a JSON object, which auth-method oauth-group takes"
    } else if is_client_id(token) || is_client_secret(token) {
        "a client ID or client secret"
    } else {
        return Ok(());
    };
    Err(format!(
        "field {}: looks like {looks_like}",
        flags::SALESFORCE_REFRESH_TOKEN.name
    ))
}

fn check_username(values: &Values, flag: &Flag) -> Result<(), String> {
    let username = values.text(flag);
    if username.is_empty() || username.contains('@') {
        return Ok(());
    }
    Err(format!(
        "field {}: a Salesforce username has the form of an email address",
        flag.name
    ))
}

fn is_pem(text: &str) -> bool {
    text.trim_start().starts_with("-----BEGIN")
}

fn is_auth_url(text: &str) -> bool {
    text.starts_with("force://")
}

/// All consumer keys of Salesforce begin like this.
fn is_client_id(text: &str) -> bool {
    text.starts_with("3MVG9")
}

/// 64 hexadecimal digits, in older apps 15 to 20 decimal ones.
fn is_client_secret(text: &str) -> bool {
    let hexadecimal = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let decimal = (15..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    hexadecimal || decimal
}
