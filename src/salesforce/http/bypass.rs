//! Which hosts are reached without the proxy: `NO_PROXY`, read as curl reads it.
//!
//! A list separated by commas or spaces. `*` stands for every host; a name for itself and the names
//! below it, with or without a leading dot; an address for itself; `10.0.0.0/8` for a network; a
//! port after a name or an address limits the entry to that port.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The entries of `NO_PROXY`.
#[derive(Clone, Debug, Default)]
pub(super) struct Bypass(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    pattern: Pattern,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Everything,
    Name(String),
    Network(IpAddr, u8),
}

impl Bypass {
    /// Reads the list. An entry that is none of the forms matches nothing.
    pub(super) fn parse(list: &str) -> Self {
        let entries = list.split([',', ' ', '\t']).map(str::trim);
        Self(entries.filter_map(Entry::parse).collect())
    }

    /// Whether `target` is reached directly. This computer always is.
    pub(super) fn matches(&self, target: &Url) -> bool {
        let Some(host) = target.host() else {
            return true;
        };
        is_this_computer(&host)
            || self.0.iter().any(|entry| {
                let port = target.port_or_known_default();
                (entry.port.is_none() || entry.port == port) && entry.pattern.matches(&host)
            })
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        if text == "*" {
            let pattern = Pattern::Everything;
            return Some(Self {
                pattern,
                port: None,
            });
        }
        // `::1` has colons and no port; `[::1]:443` has brackets around the address.
        if let Some(pattern) = Pattern::network(text) {
            return Some(Self {
                pattern,
                port: None,
            });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text, None),
        };
        let pattern = Pattern::network(host).or_else(|| Pattern::name(host))?;
        Some(Self { pattern, port })
    }
}

impl Pattern {
    fn network(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address = address.trim_start_matches('[').trim_end_matches(']');
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(longest);
        (bits <= longest).then_some(Self::Network(address, bits))
    }

    /// Names are compared as they are sent: in lower case and in punycode.
    fn name(text: &str) -> Option<Self> {
        let text = text.trim_start_matches('.').trim_end_matches('.');
        match Host::parse(text).ok()? {
            Host::Domain(name) => Some(Self::Name(name.to_ascii_lowercase())),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        }
    }

    fn matches(&self, host: &Host<&str>) -> bool {
        match (self, host) {
            (Self::Everything, _) => true,
            (Self::Name(name), Host::Domain(host)) => {
                let host = host.trim_end_matches('.');
                let below = host.strip_suffix(name.as_str());
                below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            (Self::Network(IpAddr::V4(net), bits), Host::Ipv4(host)) => same_v4(*net, *host, *bits),
            (Self::Network(IpAddr::V6(net), bits), Host::Ipv6(host)) => same_v6(*net, *host, *bits),
            _ => false,
        }
    }
}

fn same_v4(one: Ipv4Addr, other: Ipv4Addr, bits: u8) -> bool {
    let differing = u32::from(one) ^ u32::from(other);
    differing.leading_zeros() >= u32::from(bits)
}

fn same_v6(one: Ipv6Addr, other: Ipv6Addr, bits: u8) -> bool {
    let differing = u128::from(one) ^ u128::from(other);
    differing.leading_zeros() >= u32::from(bits)
}

/// `localhost` and the names below it, and the addresses of the loopback interface.
fn is_this_computer(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;

    const ORG: &str = "https://acme.my.salesforce.com";

    #[test_case("", ORG, false; "an empty list")]
    #[test_case("*", ORG, true; "everything")]
    #[test_case("salesforce.com", ORG, true; "a domain")]
    #[test_case(".salesforce.com", ORG, true; "a leading dot")]
    #[test_case("Salesforce.COM.", ORG, true; "case and a trailing dot")]
    #[test_case("esforce.com", ORG, false; "a part of a label")]
    #[test_case("acme.my.salesforce.com", ORG, true; "the host itself")]
    #[test_case(".acme.my.salesforce.com", ORG, true; "the host itself with a dot")]
    #[test_case("other.example, ,my.salesforce.com", ORG, true; "a list")]
    #[test_case("other.example my.salesforce.com", ORG, true; "a list with spaces")]
    #[test_case("*.salesforce.com", ORG, false; "a pattern, which curl does not know either")]
    #[test_case("salesforce.com:443", ORG, true; "the usual port")]
    #[test_case("salesforce.com:8443", ORG, false; "another port")]
    #[test_case("10.1.2.3", "https://10.1.2.3", true; "an address")]
    #[test_case("10.0.0.0/8", "https://10.1.2.3", true; "a network")]
    #[test_case("10.0.0.0/8", "https://11.1.2.3", false; "outside a network")]
    #[test_case("10.0.0.0/33", "https://10.0.0.0", false; "no network")]
    #[test_case("0.0.0.0/0", "https://11.1.2.3", true; "every address")]
    #[test_case("0.0.0.0/0", ORG, false; "a network is not a name")]
    #[test_case("10.1.2.3:8443", "https://10.1.2.3:8443", true; "an address with a port")]
    #[test_case("fd00::/8", "https://[fd12::1]", true; "a network of ipv6")]
    #[test_case("fd12::1", "https://[fd12::1]", true; "an address of ipv6")]
    #[test_case("[fd12::1]:443", "https://[fd12::1]", true; "an address of ipv6 with a port")]
    #[test_case("2.3", "https://10.1.2.3", false; "a part of an address")]
    #[test_case("", "http://127.0.0.1:8080", true; "loopback")]
    #[test_case("", "http://127.8.9.1:8080", true; "any loopback address")]
    #[test_case("", "http://[::1]:8080", true; "loopback in ipv6")]
    #[test_case("", "http://[::ffff:127.0.0.1]:8080", true; "loopback as mapped")]
    #[test_case("", "http://localhost:8080", true; "loopback by name")]
    #[test_case("", "http://org.localhost:8080", true; "loopback below its name")]
    #[test_case("", "https://notlocalhost", false; "a name that looks like it")]
    fn a_host_on_the_list_is_reached_directly(list: &str, target: &str, direct: bool) {
        let target = Url::parse(target).unwrap();
        assert_eq!(Bypass::parse(list).matches(&target), direct);
    }
}
