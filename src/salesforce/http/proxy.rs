//! The proxy that the environment names, with credentials that are shown nowhere.

use std::fmt;

use url::Url;

use super::bypass::Bypass;

/// Variables that name a proxy, in the order in which curl looks at them. `HTTP_PROXY` is not one:
/// everything that is sent to Salesforce is https.
const VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const BYPASS: [&str; 2] = ["no_proxy", "NO_PROXY"];
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// A proxy, and the hosts that are reached without it.
pub(super) struct Proxy {
    url: Url,
    variable: &'static str,
    bypass: Bypass,
}

/// A proxy that cannot be used. The text contains nothing of the value, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("variable {variable}: {flaw}")]
pub struct ProxyError {
    variable: &'static str,
    flaw: Flaw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Flaw {
    #[error(
        "is not the URL of a proxy, such as http://proxy.example:3128; encode special characters \
         of a user name or password in percent form, such as %40 for @"
    )]
    Malformed,
    #[error(
        "names a kind of proxy that is not supported; use a URL that begins with http://, \
         https:// or socks5h://"
    )]
    Scheme,
    #[error("is not valid UTF-8 or contains a line break")]
    Text,
}

impl Proxy {
    /// `None` if no variable names a proxy. An empty variable counts as unset.
    pub(super) fn from_variables(
        value: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, ProxyError> {
        let first = |names: &'static [&'static str]| {
            names
                .iter()
                .find_map(|name| Some((*name, value(name).filter(|text| !text.is_empty())?)))
        };
        let Some((variable, text)) = first(&VARIABLES) else {
            return Ok(None);
        };
        let url = read(&text).map_err(|flaw| ProxyError { variable, flaw })?;
        let bypass = first(&BYPASS).map_or_else(Bypass::default, |(_, list)| Bypass::parse(&list));
        Ok(Some(Self {
            url,
            variable,
            bypass,
        }))
    }

    /// The proxy to send a request for `target` through; `None` to reach it directly.
    pub(super) fn of(&self, target: &Url) -> Option<Url> {
        (!self.bypass.matches(target)).then(|| self.url.clone())
    }
}

fn read(text: &str) -> Result<Url, Flaw> {
    let text = text.trim();
    if text.contains(['\n', '\r', '\t', '\u{fffd}']) {
        return Err(Flaw::Text);
    }
    let whole = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let url = Url::parse(&whole).map_err(|_| Flaw::Malformed)?;
    if !SCHEMES.contains(&url.scheme()) {
        return Err(Flaw::Scheme);
    }
    // In `http://jane:a/b@proxy`, the slash of the password ends the host, which is then `jane`.
    let after_host = url.path().contains('@')
        || url.query().is_some_and(|text| text.contains('@'))
        || url.fragment().is_some_and(|text| text.contains('@'));
    match url.host_str() {
        Some(host) if !host.is_empty() && !after_host => Ok(url),
        _ => Err(Flaw::Malformed),
    }
}

/// Scheme, host and port, and the variable.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "{}://{host}", self.url.scheme())?;
        if let Some(port) = self.url.port() {
            write!(f, ":{port}")?;
        }
        write!(f, " ({})", self.variable)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Option<Proxy>, ProxyError> {
        Proxy::from_variables(|name| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test_case(&[] => None; "no variable")]
    #[test_case(&[("HTTPS_PROXY", "")] => None; "an empty variable")]
    #[test_case(&[("HTTP_PROXY", "http://p:1")] => None; "a proxy for plain http")]
    #[test_case(&[("HTTPS_PROXY", "http://p.example:3128")] => Some("http://p.example:3128 (HTTPS_PROXY)".to_owned()); "upper case")]
    #[test_case(&[("HTTPS_PROXY", "http://p:1"), ("https_proxy", "http://q:2")] => Some("http://q:2 (https_proxy)".to_owned()); "lower case comes first")]
    #[test_case(&[("ALL_PROXY", "http://p:1"), ("HTTPS_PROXY", "http://q:2")] => Some("http://q:2 (HTTPS_PROXY)".to_owned()); "all comes last")]
    #[test_case(&[("ALL_PROXY", "socks5h://p:1")] => Some("socks5h://p:1 (ALL_PROXY)".to_owned()); "socks")]
    #[test_case(&[("HTTPS_PROXY", "p.example:3128")] => Some("http://p.example:3128 (HTTPS_PROXY)".to_owned()); "no scheme")]
    #[test_case(&[("HTTPS_PROXY", "jane:hush@p.example:3128")] => Some("http://p.example:3128 (HTTPS_PROXY)".to_owned()); "no scheme but credentials")]
    #[test_case(&[("HTTPS_PROXY", " http://jane:hush%40@p/ ")] => Some("http://p (HTTPS_PROXY)".to_owned()); "credentials")]
    fn the_variables_are_read_as_curl_reads_them(variables: &[(&str, &str)]) -> Option<String> {
        let proxy = of(variables).unwrap();
        assert!(!format!("{proxy:?}").contains("hush"));
        proxy.map(|proxy| proxy.to_string())
    }

    #[test_case("http://"; "no host")]
    #[test_case("http://jane:hu#sh@p:1"; "a number sign in the password")]
    #[test_case("http://jane:99#hush@p:1"; "a number sign after digits")]
    #[test_case("http://jane:hu/sh@p:1"; "a slash in the password")]
    #[test_case("http://jane:99/hush@p:1"; "a slash after digits")]
    #[test_case("http://jane:1?hush@p:1"; "a question mark in the password")]
    #[test_case("http://jane:hush@p:port"; "no port")]
    #[test_case("http://jane:hush@p q:1"; "a space")]
    #[test_case("ftp://jane:hush@p:1"; "another scheme")]
    #[test_case("http://jane:hu\nsh@p:1"; "a line break")]
    fn a_value_that_is_no_proxy_is_refused_without_showing_it(value: &str) {
        let error = of(&[("HTTPS_PROXY", value)]).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(error.to_string().starts_with("variable HTTPS_PROXY: "));
        for part in ["jane", "hush", "99"] {
            assert!(!text.contains(part), "{text}");
        }
    }

    #[test]
    fn only_hosts_on_the_list_are_reached_directly() {
        let variables = [("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "login.example")];
        let proxy = of(&variables).unwrap().unwrap();
        let through = |target: &str| proxy.of(&Url::parse(target).unwrap()).is_some();
        assert!(through("https://acme.my.salesforce.com"));
        assert!(!through("https://login.example"));
        assert!(!through("http://127.0.0.1:8080"));
    }
}
