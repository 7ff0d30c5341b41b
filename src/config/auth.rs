//! Which sign-in method is used, and its credentials.

use std::io::Read as _;
use std::path::Path;

use secrecy::SecretString;

use super::flag::Flag;
use super::flags::connector as flags;
use super::group::{Group, Method};
use super::hint;
use super::problem::Problems;
use super::values::Values;

/// The largest private key file.
const LARGEST_KEY: u64 = 2 * 1024 * 1024;

/// A sign-in method with the fields that it needs.
#[derive(Clone, Debug)]
pub enum AuthMethod {
    /// A token that a platform has obtained.
    OAuthToken {
        /// The token to send with each call.
        access_token: SecretString,
        /// The org's host according to the platform.
        instance_url: Option<String>,
    },
    /// A signed assertion.
    JwtBearer {
        /// The app's client id.
        client_id: String,
        /// The PEM text of the key.
        private_key: SecretString,
        /// The username to act as.
        subject: String,
        /// Where to send the assertion, as the user wrote it.
        login_url: String,
    },
    /// The app's own credentials.
    ClientCredentials {
        /// The app's client id.
        client_id: String,
        /// The app's client secret.
        client_secret: SecretString,
    },
    /// A user's name and password.
    Password {
        /// The username.
        username: String,
        /// The password.
        password: SecretString,
        /// The security token; not needed from a trusted IP range.
        security_token: Option<SecretString>,
    },
}

/// The sign-in method, and whether it was inferred.
pub(super) struct Chosen {
    pub(super) method: AuthMethod,
    /// The name of the group, if it was inferred from the fields that are set.
    pub(super) inferred: Option<&'static str>,
}

/// The method that `--auth-method` names, or `None` and the reasons in `problems`.
pub(super) fn resolve(
    values: &Values,
    directory: &Path,
    problems: &mut Problems,
) -> Option<Chosen> {
    let (group, inferred) = problems.keep(choose(values))?;
    let method = method(&group, values, directory, problems)?;
    Some(Chosen {
        method,
        inferred: inferred.then_some(group.name),
    })
}

/// The group that is named. Without a name it is the default. If there is no token for the default,
/// it is the only other group whose fields are set: scripts for the Go connector give a user name
/// and a password without naming a group.
fn choose(values: &Values) -> Result<(Group, bool), String> {
    let field = flags::AUTH_METHOD.name;
    let name = values.text(&flags::AUTH_METHOD);
    if name.is_empty() && !values.is_set(&flags::OAUTH2_TOKEN) {
        let complete: Vec<Group> = complete(values).collect();
        return match complete.as_slice() {
            [] => Ok((Group::OAUTH, false)),
            [only] => Ok((*only, true)),
            several => {
                let names: Vec<_> = several.iter().map(|group| group.name).collect();
                let names = names.join(" and ");
                Err(format!(
                    "field {field}: is not set, and the fields that are set fit {names}: choose one"
                ))
            }
        };
    }
    let group = Group::find(name).ok_or_else(|| {
        let names = Group::ALL.map(|group| group.name).join(", ");
        format!("field {field}: value must be one of {names} but got '{name}'")
    })?;
    Ok((group, false))
}

/// The groups other than the default whose required fields are all set.
fn complete(values: &Values) -> impl Iterator<Item = Group> {
    Group::ALL
        .into_iter()
        .filter(|group| group.is_complete(values))
}

fn method(
    group: &Group,
    values: &Values,
    directory: &Path,
    problems: &mut Problems,
) -> Option<AuthMethod> {
    for flag in group.required() {
        values.require(flag, problems);
    }
    hint::check_credentials(group, values, problems);
    match group.method {
        Method::OAuthToken => oauth_token(values, problems),
        Method::JwtBearer => {
            let login_url = values.text(&flags::SALESFORCE_LOGIN_URL);
            problems.keep(hint::check_url(&flags::SALESFORCE_LOGIN_URL, login_url));
            Some(AuthMethod::JwtBearer {
                client_id: text(values, &flags::SALESFORCE_CLIENT_ID),
                private_key: problems.keep(private_key(values, directory)).flatten()?,
                subject: text(values, &flags::SALESFORCE_JWT_SUBJECT),
                login_url: login_url.to_owned(),
            })
        }
        Method::ClientCredentials => Some(AuthMethod::ClientCredentials {
            client_id: text(values, &flags::SALESFORCE_CLIENT_ID),
            client_secret: values.secret(&flags::SALESFORCE_CLIENT_SECRET)?,
        }),
        Method::Password => Some(AuthMethod::Password {
            username: text(values, &flags::SALESFORCE_USERNAME),
            password: values.secret(&flags::SALESFORCE_PASSWORD)?,
            security_token: values.secret(&flags::SECURITY_TOKEN),
        }),
    }
}

fn text(values: &Values, flag: &Flag) -> String {
    values.text(flag).to_owned()
}

/// The token in the form of an answer of Salesforce's token endpoint. Its other fields describe the
/// token and have no effect.
#[derive(serde::Deserialize)]
struct TokenObject {
    access_token: Option<String>,
    refresh_token: Option<String>,
    instance_url: Option<String>,
}

fn oauth_token(values: &Values, problems: &mut Problems) -> Option<AuthMethod> {
    let name = flags::OAUTH2_TOKEN.name;
    let text = values.text(&flags::OAUTH2_TOKEN);
    if text.is_empty() {
        problems.push(missing_token(values));
        return None;
    }
    if !text.starts_with('{') {
        return Some(AuthMethod::OAuthToken {
            access_token: text.into(),
            instance_url: None,
        });
    }
    // The parser's own text may quote the token.
    let object: Result<TokenObject, _> = serde_json::from_str(text);
    let object = problems.keep(object.map_err(|error| {
        format!(
            "field {name}: the JSON is wrong at column {}",
            error.column()
        )
    }))?;
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    if filled(object.refresh_token).is_some() {
        problems.push(format!(
            "field {name}: has a refresh_token, which this version cannot use: leave it out and \
             hand over a new access_token in time, or sign in with client-credentials-group"
        ));
    }
    let Some(access_token) = filled(object.access_token) else {
        problems.push(format!("field {name}: the JSON object has no access_token"));
        return None;
    };
    Some(AuthMethod::OAuthToken {
        access_token: access_token.trim().into(),
        instance_url: filled(object.instance_url),
    })
}

/// Says that the token is missing, or that the fields fit another method.
fn missing_token(values: &Values) -> String {
    let flag = &flags::OAUTH2_TOKEN;
    let text = format!(
        "field {} of type string is required by auth-method {} but it has a zero-value",
        flag.name,
        Group::OAUTH.name,
    );
    let others: Vec<String> = complete(values)
        .map(|group| format!("--auth-method {}", group.name))
        .collect();
    if others.is_empty() {
        let (name, variable) = (flag.name, flag.variable());
        format!("{text}: set --{name} or {variable}, or choose another --auth-method")
    } else {
        format!(
            "{text}: the fields that are set fit {}",
            others.join(" or ")
        )
    }
}

/// The key, from the value or from the file that it names.
fn private_key(values: &Values, directory: &Path) -> Result<Option<SecretString>, String> {
    let flag = &flags::SALESFORCE_PRIVATE_KEY;
    let text = values.text(flag);
    if text.is_empty() {
        return Ok(None);
    }
    let pem = if text.starts_with("-----BEGIN") {
        text.to_owned()
    } else {
        read_key(flag, &directory.join(text), text)?
    };
    // Variables often carry the line breaks as the two characters `\n`.
    let pem = if pem.contains('\n') {
        pem
    } else {
        pem.replace("\\n", "\n")
    };
    hint::check_key(flag, &pem)?;
    Ok(Some(pem.into()))
}

fn read_key(flag: &Flag, path: &Path, text: &str) -> Result<String, String> {
    // The value may be the key itself, so it is shown only if it is clearly a path.
    let is_path = text.len() < 256
        && ["pem", "key", "txt"]
            .iter()
            .any(|end| path.extension().is_some_and(|it| it == *end));
    let subject = if is_path {
        format!("the file {text}")
    } else {
        "the file it names".to_owned()
    };
    let describe = |error: &std::io::Error| {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => "does not exist".to_owned(),
            kind => format!("cannot be read ({kind})"),
        };
        format!(
            "field {}: {subject} {reason}: expected the path of a PEM file",
            flag.name
        )
    };
    let mut pem = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LARGEST_KEY + 1).read_to_string(&mut pem))
        .map_err(|error| describe(&error))?;
    if pem.len() as u64 > LARGEST_KEY {
        return Err(format!(
            "field {}: {subject} is larger than 2 MB",
            flag.name
        ));
    }
    Ok(pem)
}
