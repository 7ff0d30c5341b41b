//! The auth URL of Salesforce's own CLI:
//! `force://<client id>:<client secret>:<refresh token>@<instance>`.
//!
//! The CLI shows it as text or in JSON (`sf org auth show-sfdx-auth-url --json`, older versions
//! `sf org display --verbose --json`), always as `result.sfdxAuthUrl`. The secret is empty for the
//! CLI's own app. Error texts never repeat the URL.

use std::path::Path;

use secrecy::SecretString;

use crate::config::flag::Flag;
use crate::config::flags::connector as flags;
use crate::config::problem::Problems;
use crate::config::secret_file;
use crate::config::values::Values;

const FLAG: &Flag = &flags::SALESFORCE_AUTH_URL;

const SCHEME: &str = "force://";

/// The client of the oldest form, `force://<refresh token>@<instance>`.
const OWN_CLIENT: &str = "PlatformCLI";

/// Where to get a URL.
const ADVICE: &str = "expected the output of `sf org auth show-sfdx-auth-url --json`";

/// The parts of the URL. The texts may be secrets.
#[derive(PartialEq, Eq)]
struct Parts {
    client_id: String,
    client_secret: String,
    refresh_token: String,
    instance: String,
}

/// What the URL says.
pub(super) struct AuthUrl {
    pub(super) client_id: String,
    pub(super) client_secret: Option<SecretString>,
    pub(super) refresh_token: SecretString,
    /// The host, as it is written.
    pub(super) instance: String,
}

/// The URL in the value or in the file that it names, or `None` and the reason in `problems`.
pub(super) fn resolve(
    values: &Values,
    directory: &Path,
    problems: &mut Problems,
) -> Option<AuthUrl> {
    let text = values.text(FLAG);
    if text.is_empty() {
        return None;
    }
    let parts = problems.keep(read(text, directory))?;
    parts.check_others(values, problems);
    Some(AuthUrl {
        client_id: parts.client_id,
        client_secret: Some(parts.client_secret)
            .filter(|secret| !secret.is_empty())
            .map(SecretString::from),
        refresh_token: parts.refresh_token.into(),
        instance: parts.instance,
    })
}

fn read(text: &str, directory: &Path) -> Result<Parts, String> {
    let name = FLAG.name;
    if text == "-" {
        // The host reads it. Here, stdin is the connection to a host.
        return Err(format!(
            "field {name}: a connector process cannot read it from standard input: give the URL or \
             a file"
        ));
    }
    let content;
    let text = if text.starts_with(SCHEME) || text.contains(['{', '\n']) {
        text
    } else {
        content = secret_file::read(FLAG, directory, text, "with an auth URL")?;
        &content
    };
    let url = find(text).map_err(|reason| format!("field {name}: {reason}"))?;
    Parts::parse(&url).map_err(|reason| format!("field {name}: {reason}"))
}

/// The answer of the CLI with `--json`.
#[derive(serde::Deserialize)]
struct Answer {
    #[serde(default)]
    result: Option<Holder>,
    #[serde(flatten)]
    bare: Holder,
}

#[derive(serde::Deserialize)]
struct Holder {
    #[serde(rename = "sfdxAuthUrl")]
    url: Option<String>,
}

/// The URL within a text: alone, in JSON, or in a table.
fn find(text: &str) -> Result<String, String> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let answer: Option<Answer> = serde_json::from_str(text).ok();
    let is_json = answer.is_some();
    let value = answer.and_then(|answer| {
        let inner = answer.result.and_then(|holder| holder.url);
        inner.or(answer.bare.url)
    });
    let text = value.as_deref().unwrap_or(text);
    if let Some(at) = text.find(SCHEME) {
        let url = text.get(at..).unwrap_or_default();
        let end = url.find(|c: char| !c.is_ascii_graphic() || matches!(c, '"' | '\'' | ',' | '|'));
        return Ok(url
            .get(..end.unwrap_or(url.len()))
            .unwrap_or(url)
            .to_owned());
    }
    Err(if text.to_ascii_lowercase().contains("redacted") {
        format!("the CLI has replaced the URL by a note: {ADVICE}")
    } else if is_json {
        format!(
            "the JSON has no sfdxAuthUrl: {ADVICE}, for an org that was signed in to with \
             `sf org login web`"
        )
    } else {
        format!("has no {SCHEME} URL: {ADVICE}")
    })
}

impl Parts {
    fn parse(url: &str) -> Result<Self, String> {
        let form = "force://<client id>:<client secret>:<refresh token>@<instance>";
        let malformed = || format!("expected {form}");
        let (credentials, instance) = url
            .strip_prefix(SCHEME)
            .and_then(|rest| rest.rsplit_once('@'))
            .ok_or_else(malformed)?;
        let parts: Vec<&str> = credentials.split(':').collect();
        let (client_id, client_secret, refresh_token) = match parts.as_slice() {
            [token] => (OWN_CLIENT, "", *token),
            [id, secret, token] => (*id, *secret, *token),
            _ => return Err(malformed()),
        };
        let decoded = |part: &str| decode(part).ok_or_else(malformed);
        let parts = Self {
            client_id: decoded(client_id)?,
            client_secret: decoded(client_secret)?,
            refresh_token: decoded(refresh_token)?,
            instance: instance.trim_end_matches('/').to_owned(),
        };
        for (part, text) in [
            ("client id", &parts.client_id),
            ("refresh token", &parts.refresh_token),
            ("instance", &parts.instance),
        ] {
            // Versions of the CLI wrote this for what they did not have.
            if text.is_empty() || text == "undefined" {
                return Err(format!("the URL has no {part}: {ADVICE}"));
            }
        }
        if parts.client_secret == "undefined" {
            return Ok(Self {
                client_secret: String::new(),
                ..parts
            });
        }
        Ok(parts)
    }

    /// Adds a problem for each field that says something else than the URL.
    fn check_others(&self, values: &Values, problems: &mut Problems) {
        let differs = |flag, part: &str| values.text(flag) != part;
        let is_elsewhere = |flag| are_other_orgs(values.text(flag), &self.instance);
        let (id, secret, token) = (
            &flags::SALESFORCE_CLIENT_ID,
            &flags::SALESFORCE_CLIENT_SECRET,
            &flags::SALESFORCE_REFRESH_TOKEN,
        );
        let (instance, login) = (&flags::INSTANCE_URL, &flags::SALESFORCE_LOGIN_URL);
        let checks = [
            (id, differs(id, &self.client_id)),
            (secret, differs(secret, &self.client_secret)),
            (token, differs(token, &self.refresh_token)),
            (instance, is_elsewhere(instance)),
            (login, is_elsewhere(login)),
        ];
        for (flag, contradicts) in checks {
            if values.is_set(flag) && contradicts {
                problems.push(format!(
                    "field {}: contradicts field {}, which contains another value: leave one of \
                     them out",
                    flag.name, FLAG.name
                ));
            }
        }
    }
}

/// A part without percent signs, which are no characters of a client's or a token.
fn decode(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    let text = String::from_utf8(bytes).ok()?;
    let is_clean = text.chars().all(|c| c.is_ascii_graphic());
    is_clean.then_some(text)
}

/// Whether both hosts have the name of an org, and not the same. Only the name counts, because an
/// org has several domains.
fn are_other_orgs(one: &str, other: &str) -> bool {
    let name = |url: &str| {
        let host = host(url);
        let (name, domain) = host.split_once('.')?;
        let is_own = ["my.", "lightning."]
            .iter()
            .any(|part| domain.starts_with(part) || domain.contains(&format!(".{part}")));
        is_own.then(|| name.to_owned())
    };
    matches!((name(one), name(other)), (Some(one), Some(other)) if one != other)
}

/// The host in lower case, without scheme, port and path.
pub(super) fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#', ':']).unwrap_or(rest.len());
    rest.get(..end).unwrap_or(rest).to_ascii_lowercase()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;

    const URL: &str = "force://PlatformCLI::5Aep861.x_y-z@acme.my.salesforce.com";

    fn parse(text: &str) -> Result<(String, String, String, String), String> {
        let parts = Parts::parse(&find(text)?)?;
        Ok((
            parts.client_id,
            parts.client_secret,
            parts.refresh_token,
            parts.instance,
        ))
    }

    #[test_case(URL, ["PlatformCLI", "", "5Aep861.x_y-z", "acme.my.salesforce.com"]; "of the CLI's own app")]
    #[test_case("force://3MVG9==:abc:5Aep==@acme.my.salesforce.com", ["3MVG9==", "abc", "5Aep==", "acme.my.salesforce.com"]; "of another app")]
    #[test_case("force://3MVG9%3D%3D:a%2Fb:5Aep%3d@acme.my.salesforce.com", ["3MVG9==", "a/b", "5Aep=", "acme.my.salesforce.com"]; "with percent signs")]
    #[test_case("force://5Aep861@acme.my.salesforce.com", ["PlatformCLI", "", "5Aep861", "acme.my.salesforce.com"]; "the oldest form")]
    #[test_case("force://PlatformCLI:undefined:5Aep861@acme.my.salesforce.com/", ["PlatformCLI", "", "5Aep861", "acme.my.salesforce.com"]; "an undefined secret and a slash")]
    #[test_case("force://a:b:c@http://127.0.0.1:4000", ["a", "b", "c", "http://127.0.0.1:4000"]; "an instance with a scheme")]
    #[test_case("force://a:b:c@127.0.0.1:4000", ["a", "b", "c", "127.0.0.1:4000"]; "an instance with a port")]
    fn the_parts_are_found(url: &str, expected: [&str; 4]) {
        let [id, secret, token, instance] = expected.map(str::to_owned);
        assert_eq!(parse(url).unwrap(), (id, secret, token, instance));
    }

    #[test_case("\u{feff}{\"status\":0,\"result\":{\"sfdxAuthUrl\":\"URL\"},\"warnings\":[\"secret\"]}"; "show-sfdx-auth-url")]
    #[test_case("{\n  \"status\": 0,\n  \"result\": {\n    \"id\": \"00D\",\n    \"clientId\": \"PlatformCLI\",\n    \"sfdxAuthUrl\": \"URL\"\n  }\n}"; "org display")]
    #[test_case("{\"sfdxAuthUrl\":\"URL\"}"; "the inner object")]
    #[test_case("│ Sfdx Auth Url │ URL │"; "a table")]
    #[test_case("Warning: secret\n\u{1b}[32m\"URL\"\u{1b}[39m"; "colours")]
    #[test_case("URL\n"; "a line")]
    fn the_url_is_found_in_what_the_cli_prints(text: &str) {
        assert_eq!(find(&text.replace("URL", URL)).unwrap(), URL);
        let escaped = text.replace("URL", &URL.replace('/', "\\/"));
        if text.starts_with('{') {
            assert_eq!(find(&escaped).unwrap(), URL);
        }
    }

    #[test_case("{\"result\":{\"sfdxAuthUrl\":\"[REDACTED] Use 'sf org auth show-sfdx-auth-url'\"}}", "replaced the URL"; "redacted")]
    #[test_case("{\"status\":0,\"result\":{\"accessToken\":\"S3CRET\"}}", "no sfdxAuthUrl"; "signed in with a key")]
    #[test_case("{\"status\":1,\"name\":\"NoOrg\"}", "no sfdxAuthUrl"; "an error of the CLI")]
    #[test_case("S3CRET", "has no force:// URL"; "another text")]
    #[test_case("force://S3CRET", "expected force://"; "no instance")]
    #[test_case("force://a:S3CRET@x", "expected force://"; "two parts")]
    #[test_case("force://a:b:S3CRET:d@x", "expected force://"; "four parts")]
    #[test_case("force://a:b:S3CRET%zz@x", "expected force://"; "a percent sign alone")]
    #[test_case("force://a:b:@x", "no refresh token"; "no token")]
    #[test_case("force://a:S3CRET:undefined@x", "no refresh token"; "an undefined token")]
    #[test_case("force://:S3CRET:c@x", "no client id"; "no client")]
    #[test_case("force://a:b:S3CRET@", "no instance"; "an empty instance")]
    fn a_wrong_url_is_told_and_not_repeated(text: &str, expected: &str) {
        let problem = parse(text).unwrap_err();
        assert!(problem.contains(expected), "{problem}");
        assert!(!problem.contains("S3CRET"), "{problem}");
    }

    #[test_case("acme", "acme.my.salesforce.com", false; "no domain")]
    #[test_case("https://ACME.lightning.force.com/x", "acme.my.salesforce.com", false; "another domain of the org")]
    #[test_case("login.salesforce.com", "acme.my.salesforce.com", false; "the login host of all")]
    #[test_case("other.my.salesforce.com", "acme.my.salesforce.com", true; "another org")]
    #[test_case("acme--uat.sandbox.my.salesforce.com", "acme.my.salesforce.com", true; "a sandbox")]
    fn orgs_are_told_apart_by_their_names(one: &str, other: &str, expected: bool) {
        assert_eq!(are_other_orgs(one, other), expected);
    }
}
