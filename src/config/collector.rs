//! The OpenTelemetry collector that traces and logs are sent to.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use url::Url;

use super::ca_file;
use super::flags::host::STARTED_BY_OWN_HOST;
use super::flags::telemetry as flags;
use super::problem::Problems;
use super::values::Values;

/// Where traces and logs are sent to, and which of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CollectorSettings {
    /// The collector's URL: `https://<host>:<port>`, or `http` for plain text.
    pub url: String,
    /// The certificate authorities to trust, in PEM; the system's if not given.
    pub authorities: Option<String>,
    /// Whether traces are sent.
    pub traces: bool,
    /// Whether logs are sent.
    pub logs: bool,
    /// Whether a collector that does not work is worth a warning. One process of two says it.
    pub warns: bool,
}

impl CollectorSettings {
    /// Reads the settings; `None` if nothing is to be sent.
    pub(crate) fn resolve(
        values: &Values,
        directory: &Path,
        problems: &mut Problems,
    ) -> Option<Self> {
        let endpoint = values.optional(&flags::OTEL_COLLECTOR_ENDPOINT)?;
        let traces = !values.switch(&flags::OTEL_TRACING_DISABLED);
        let logs = !values.switch(&flags::OTEL_LOGGING_DISABLED);
        let is_plain = values.switch(&flags::OTEL_TLS_INSECURE);
        let url = problems.keep(url(&endpoint, is_plain));
        let authorities = problems.keep(authorities(values, directory)).flatten();
        (traces || logs).then_some(())?;
        Some(Self {
            url: url?,
            authorities,
            traces,
            logs,
            warns: !values.switch(&STARTED_BY_OWN_HOST),
        })
    }
}

/// `<host>:<port>`, as programs in Go write it, perhaps with a scheme in front of it.
fn url(endpoint: &str, is_plain: bool) -> Result<String, String> {
    let name = flags::OTEL_COLLECTOR_ENDPOINT.name;
    let wrong = || format!("field {name}: expected <host>:<port>, such as collector.example:4317");
    let (scheme, rest) = match endpoint.split_once("://") {
        None => (None, endpoint),
        // `dns:///<host>:<port>` is how gRPC writes what is looked up.
        Some(("dns", rest)) => (None, rest.trim_start_matches('/')),
        Some((scheme @ ("http" | "https"), rest)) => (Some(scheme), rest.trim_end_matches('/')),
        Some(_) => return Err(wrong()),
    };
    let scheme = match (scheme, is_plain) {
        (Some("https"), true) => {
            let switch = flags::OTEL_TLS_INSECURE.name;
            return Err(format!("field {name}: https contradicts {switch}"));
        }
        (Some(scheme), _) => scheme,
        (None, true) => "http",
        (None, false) => "https",
    };
    let text = format!("{scheme}://{rest}");
    let is_host = Url::parse(&text).is_ok_and(|url| url.has_host() && url.path() == "/");
    if !is_host || rest.contains(['@', '/', '?', '#', ' ']) {
        return Err(wrong());
    }
    Ok(text)
}

fn authorities(values: &Values, directory: &Path) -> Result<Option<String>, String> {
    let (by_path, by_text) = (&flags::OTEL_TLS_CERT_PATH, &flags::OTEL_TLS_CERT);
    match (values.optional(by_path), values.optional(by_text)) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(format!(
            "fields {} and {} exclude each other",
            by_path.name, by_text.name
        )),
        (Some(path), None) => ca_file::certificates(&directory.join(&path))
            .map(Some)
            .map_err(|flaw| format!("field {}: the file {path} {flaw}", by_path.name)),
        (None, Some(text)) => decoded(text.trim())
            .and_then(|bytes| ca_file::pem(&bytes))
            .map(Some)
            .map_err(|flaw| format!("field {}: it {flaw}", by_text.name)),
    }
}

/// PEM, or PEM in base64: that of URLs without padding, as the Go SDK reads it, or the usual one.
fn decoded(text: &str) -> Result<Vec<u8>, String> {
    if text.contains("-----BEGIN") {
        return Ok(text.as_bytes().to_vec());
    }
    URL_SAFE_NO_PAD
        .decode(text.trim_end_matches('='))
        .or_else(|_| STANDARD.decode(text))
        .map_err(|_| "is neither PEM nor base64".to_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("collector:4317", false => Ok("https://collector:4317".to_owned()); "as in Go")]
    #[test_case("collector:4317", true => Ok("http://collector:4317".to_owned()); "plain text")]
    #[test_case("dns:///collector:4317", true => Ok("http://collector:4317".to_owned()); "looked up")]
    #[test_case("http://[::1]:4317/", false => Ok("http://[::1]:4317".to_owned()); "a URL")]
    #[test_case("https://collector:4317", true => matches Err(_); "a contradiction")]
    #[test_case("unix:///run/collector", true => matches Err(_); "a socket")]
    #[test_case("name:password@collector:4317", false => matches Err(_); "with a password")]
    #[test_case("collector:4317/v1/traces", false => matches Err(_); "with a path")]
    #[test_case("two words", false => matches Err(_); "nonsense")]
    fn an_endpoint_is_read(endpoint: &str, is_plain: bool) -> Result<String, String> {
        url(endpoint, is_plain)
    }

    #[test]
    fn a_certificate_is_taken_in_each_form() {
        let pem = "-----BEGIN CERTIFICATE-----\nAA~~".replace('~', "\u{fe}");
        for text in [
            pem.clone(),
            URL_SAFE_NO_PAD.encode(&pem),
            STANDARD.encode(&pem),
        ] {
            assert_eq!(decoded(&text).unwrap(), pem.as_bytes());
        }
        assert!(decoded("*").is_err());
    }
}
