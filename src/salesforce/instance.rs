//! The hosts of an org. Every spelling of a domain becomes one API host and one login host.
//!
//! Credentials and tokens are sent only to Salesforce's hosts, to a custom host that the
//! configuration allows, or to this computer if it is configured.
//! Must not know: tokens, paths, requests.

use std::net::IpAddr;

use url::{Host, Url};

mod domain;
#[cfg(test)]
mod tests;

use self::domain::Domain;

/// The hosts of an org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    api: Url,
    login: Url,
    kind: InstanceKind,
}

/// Kind of host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstanceKind {
    /// The org's own domain, `acme.my.salesforce.com`.
    MyDomain {
        /// Whether the name says that it is a sandbox.
        sandbox: bool,
    },
    /// A pod, `na1.salesforce.com`: an address of old orgs.
    Pod {
        /// Whether the name says that it is a sandbox.
        sandbox: bool,
    },
    /// `login.salesforce.com` or `test.salesforce.com`: the login tells the org's host.
    Login {
        /// `test.salesforce.com`
        sandbox: bool,
    },
    /// A host that is not Salesforce's and was allowed by name.
    Custom,
    /// This computer.
    Loopback,
}

/// Why a text is not the address of an org. Each message names the field and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InstanceError {
    /// Nothing was given.
    #[error("instance-url: is empty; give the org's My Domain, such as acme.my.salesforce.com")]
    Empty,
    /// No URL at all.
    #[error(
        "instance-url: is not a host name; give the org's My Domain, such as acme.my.salesforce.com"
    )]
    NotAHost,
    /// A letter outside a to z in the org's name.
    #[error(
        "instance-url: the name has a letter outside a to z, which may only look like the right \
         one; type the address instead of copying it, such as acme.my.salesforce.com"
    )]
    NotAscii,
    /// `user:password@host`
    #[error("instance-url: holds a user name or password; give only the host")]
    UserInfo,
    /// A scheme other than https (http is for this computer only).
    #[error("instance-url: must start with https:// (http is for this computer only)")]
    Scheme,
    /// A port at a Salesforce host.
    #[error("instance-url: has a port; Salesforce answers at the usual one, so leave it out")]
    Port,
    /// `my.salesforce.com` without the org's name.
    #[error("instance-url: {host} lacks the org's name; give it in full, such as acme.{suffix}")]
    NameMissing {
        /// What was given.
        host: String,
        /// What the name belongs before.
        suffix: String,
    },
    /// A sandbox whose two hyphens became one.
    #[error(
        "instance-url: {host} is no sandbox: two hyphens separate org and sandbox, and here they \
         were lost; it is probably {likely}"
    )]
    SandboxHyphens {
        /// What was given.
        host: String,
        /// What was probably meant.
        likely: String,
    },
    /// A Salesforce address that does not serve the API.
    #[error(
        "instance-url: {host} does not serve the API; use the org's My Domain, probably {likely}"
    )]
    NotAnApiHost {
        /// What was given.
        host: String,
        /// What was probably meant.
        likely: String,
    },
    /// Not a Salesforce host; sending credentials there would leak them.
    #[error(
        "instance-url: {host} is not a Salesforce host and would receive the credentials; use the \
         org's My Domain, or allow custom domains if you trust it"
    )]
    Foreign {
        /// What was given.
        host: String,
    },
}

impl Instance {
    /// Understands what a user pastes: a host, a whole URL, or a bare My Domain name.
    ///
    /// ```
    /// use baton_salesforce::salesforce::Instance;
    /// let instance = Instance::parse("https://acme.lightning.force.com/one/one.app", false).unwrap();
    /// assert_eq!(instance.api().as_str(), "https://acme.my.salesforce.com/");
    /// ```
    pub fn parse(text: &str, allow_custom_domain: bool) -> Result<Self, InstanceError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InstanceError::Empty);
        }
        let url = read(text)?;
        if is_loopback(&url) {
            return Ok(Self::same(origin(&url), InstanceKind::Loopback));
        }
        if url.scheme() != "https" {
            return Err(InstanceError::Scheme);
        }
        let host = named(&url).to_owned();
        // `https://crm:8443` is a host of one's own network, where such hosts are allowed.
        let whole = allow_custom_domain && (text.contains("://") || url.port().is_some());
        match Domain::read(&host)?.filter(|domain| !(domain.completed && whole)) {
            _ if host.is_empty() => Err(InstanceError::NotAHost),
            Some(_) if url.port().is_some() => Err(InstanceError::Port),
            Some(domain) => Self::known(&domain),
            None if allow_custom_domain => Ok(Self::same(origin(&url), InstanceKind::Custom)),
            None => Err(InstanceError::Foreign { host }),
        }
    }

    /// Scheme and host of the API; for [`InstanceKind::Login`] the login host, until a token tells.
    #[must_use]
    pub fn api(&self) -> &Url {
        &self.api
    }

    /// Scheme and host that logins go to.
    #[must_use]
    pub fn login(&self) -> &Url {
        &self.login
    }

    /// What kind of host it is.
    #[must_use]
    pub fn kind(&self) -> InstanceKind {
        self.kind
    }

    /// Whether the name says that it is a sandbox; the org itself knows better.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        use InstanceKind::{Login, MyDomain, Pod};
        matches!(
            self.kind,
            MyDomain { sandbox: true } | Pod { sandbox: true } | Login { sandbox: true }
        )
    }

    /// Checks the host that a sign-in response names, before anything is sent to it.
    pub(crate) fn admit(&self, told: &str) -> Result<Url, InstanceError> {
        let mut url = read(told)?;
        // Old orgs answer SOAP logins with a host that serves SOAP only.
        if let Some(pod) = url
            .host_str()
            .and_then(|host| host.strip_suffix("-api.salesforce.com"))
        {
            let host = format!("{pod}.salesforce.com");
            url.set_host(Some(&host))
                .map_err(|_| InstanceError::NotAHost)?;
        }
        if url.origin() == self.api.origin() {
            return Ok(origin(&url));
        }
        // `localhost` and `127.0.0.1` are the same computer, but another port is another program.
        let is_same_program = url.scheme() == self.api.scheme() && url.port() == self.api.port();
        if self.kind == InstanceKind::Loopback && is_loopback(&url) && is_same_program {
            return Ok(self.api.clone());
        }
        if url.scheme() != "https" {
            return Err(InstanceError::Scheme);
        }
        let host = named(&url).to_owned();
        let admitted = domain::is_salesforce(&host) && self.kind != InstanceKind::Loopback;
        match url.port() {
            None if admitted => {
                url.set_host(Some(&host))
                    .map_err(|_| InstanceError::NotAHost)?;
                Ok(origin(&url))
            }
            Some(_) if admitted => Err(InstanceError::Port),
            _ => Err(InstanceError::Foreign { host }),
        }
    }

    fn known(domain: &Domain) -> Result<Self, InstanceError> {
        let url = |host: &str| {
            Url::parse(&format!("https://{host}/")).map_err(|_| InstanceError::NotAHost)
        };
        let login = if domain.is_pod() {
            domain.generic_login()
        } else {
            &domain.host
        };
        Ok(Self {
            api: url(&domain.host)?,
            login: url(login)?,
            kind: domain.kind,
        })
    }

    fn same(url: Url, kind: InstanceKind) -> Self {
        Self {
            api: url.clone(),
            login: url,
            kind,
        }
    }
}

/// Adds what a user leaves out; never repeats the text, which may hold a password.
fn read(text: &str) -> Result<Url, InstanceError> {
    let text = text.trim_start_matches("//");
    let url = if text.contains("://") {
        Url::parse(text)
    } else {
        match Url::parse(&format!("https://{text}")) {
            Ok(url) if is_loopback(&url) => Url::parse(&format!("http://{text}")),
            other => other,
        }
    };
    let url = url.map_err(|_| InstanceError::NotAHost)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(InstanceError::UserInfo);
    }
    match (url.scheme(), url.host()) {
        ("http" | "https", Some(_)) => Ok(url),
        (_, Some(_)) => Err(InstanceError::Scheme),
        (_, None) => Err(InstanceError::NotAHost),
    }
}

/// The host without the dot that may end a full name (RFC 1034, section 3.1).
fn named(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    host.strip_suffix('.').unwrap_or(host)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// Scheme, host and port as Salesforce writes an `instance_url`: without a slash at the end.
#[must_use]
pub fn address(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn origin(url: &Url) -> Url {
    let mut origin = url.clone();
    origin.set_path("/");
    origin.set_query(None);
    origin.set_fragment(None);
    origin
}
