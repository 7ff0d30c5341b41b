//! The way to the platform: straight, or through the proxy that the environment names, as programs
//! with gRPC in Go choose it: `HTTPS_PROXY`, unless `NO_PROXY` names the host.

use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tonic::transport::{Channel, Endpoint};

use super::error::{Error, Result};

/// A channel that connects when it is needed.
pub(super) fn channel(
    endpoint: &Endpoint,
    keepalive: Duration,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Channel> {
    let Some(proxy) = proxy(endpoint, variable) else {
        return Ok(endpoint.connect_lazy());
    };
    // The address may hold a password, so it is not repeated.
    if proxy.uri().scheme_str() != Some("http") {
        return Err(Error::Proxy);
    }
    let mut straight = HttpConnector::new();
    straight.set_nodelay(true);
    straight.set_keepalive(Some(keepalive));
    let tunnel = Tunnel::new(proxy.uri().clone(), straight);
    let tunnel = match proxy.basic_auth() {
        Some(credentials) => tunnel.with_auth(credentials.clone()),
        None => tunnel,
    };
    // TLS is spoken through the tunnel, with the platform.
    Ok(endpoint.connect_with_connector_lazy(tunnel))
}

fn proxy(endpoint: &Endpoint, variable: impl Fn(&str) -> Option<String>) -> Option<Intercept> {
    let either = |upper: &str| {
        let given = |name: &str| variable(name).filter(|text| !text.is_empty());
        given(upper).or_else(|| given(&upper.to_lowercase()))
    };
    let proxies = Matcher::builder()
        .https(either("HTTPS_PROXY")?)
        .no(either("NO_PROXY").unwrap_or_default());
    proxies.build().intercept(endpoint.uri())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(&[] => None; "no variable")]
    #[test_case(&[("HTTPS_PROXY", "http://proxy:3128")] => Some("http://proxy:3128/".to_owned()); "a proxy")]
    #[test_case(&[("https_proxy", "proxy:3128")] => Some("http://proxy:3128/".to_owned()); "in small letters")]
    #[test_case(&[("HTTP_PROXY", "http://proxy:3128"), ("ALL_PROXY", "http://proxy:1")] => None; "others")]
    #[test_case(&[("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", "conductor.one")] => None; "an exception")]
    #[test_case(&[("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", "other.one")] => Some("http://proxy:3128/".to_owned()); "another exception")]
    fn the_environment_decides(variables: &[(&str, &str)]) -> Option<String> {
        let endpoint = Endpoint::from_static("https://acme.conductor.one");
        let variable = |name: &str| {
            let found = variables.iter().find(|(given, _)| *given == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        proxy(&endpoint, variable).map(|proxy| proxy.uri().to_string())
    }

    #[tokio::test]
    async fn a_proxy_of_another_kind_is_refused_without_its_password() {
        let endpoint = Endpoint::from_static("https://acme.conductor.one");
        let variable = |name: &str| {
            (name == "HTTPS_PROXY").then(|| "socks5://user:hush@proxy:1080".to_owned())
        };
        let refused = channel(&endpoint, Duration::from_secs(30), variable).unwrap_err();
        assert!(refused.to_string().contains("HTTPS_PROXY"), "{refused}");
        assert!(!format!("{refused:?} {refused}").contains("hush"));
    }
}
