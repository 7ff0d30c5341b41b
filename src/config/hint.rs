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
    let result = match group.method {
        Method::OAuthToken => check_token(values.text(&flags::OAUTH2_TOKEN)),
        Method::JwtBearer => check_client_id(values)
            .and_then(|()| check_username(values, &flags::SALESFORCE_JWT_SUBJECT)),
        Method::ClientCredentials => check_client_id(values)
            .and_then(|()| check_client_secret(values.text(&flags::SALESFORCE_CLIENT_SECRET))),
        Method::Password => check_username(values, &flags::SALESFORCE_USERNAME),
    };
    problems.keep(result);
}

/// Refuses a text that is not a private key in PEM.
pub(super) fn check_key(flag: &Flag, pem: &str) -> Result<(), String> {
    let name = flag.name;
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
        "a refresh token"
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
