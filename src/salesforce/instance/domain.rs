//! Salesforce's domain names and what each of them stands for.
//!
//! Must not know: schemes, ports, or whether foreign hosts are allowed.

use super::{InstanceError, InstanceKind};

/// Parts between an org's name and `my.salesforce.com`.
const PARTITIONS: [&str; 8] = [
    "sandbox",
    "develop",
    "scratch",
    "trailblaze",
    "demo",
    "patch",
    "free",
    "wax",
];

/// What a browser shows, and the suffix of the API host that belongs to it; first match wins.
const SUFFIXES: [(&str, &str); 8] = [
    ("my.salesforce.com", "my.salesforce.com"),
    ("lightning.force.com", "my.salesforce.com"),
    ("my.salesforce-setup.com", "my.salesforce.com"),
    ("salesforce-setup.com", "my.salesforce.com"),
    ("my.salesforce.mil", "my.salesforce.mil"),
    ("lightning.crmforce.mil", "my.salesforce.mil"),
    ("my.sfcrmproducts.cn", "my.sfcrmproducts.cn"),
    ("lightning.sfcrmapps.cn", "my.sfcrmproducts.cn"),
];

/// Hosts that a login may name: Salesforce's own, none of which a customer can point elsewhere.
const OWN: [&str; 3] = [".salesforce.com", ".salesforce.mil", ".sfcrmproducts.cn"];

/// Sites, files and pages: Salesforce's, but without the API.
const WITHOUT_API: [&str; 5] = [
    ".force.com",
    ".site.com",
    ".salesforce-sites.com",
    ".salesforce-experience.com",
    ".documentforce.com",
];

/// A Salesforce host that serves the API or logins.
pub(super) struct Domain {
    pub(super) host: String,
    /// Only a name was given, and the rest was added.
    pub(super) completed: bool,
    pub(super) kind: InstanceKind,
}

impl Domain {
    /// `Ok(None)`: not one of Salesforce's.
    pub(super) fn read(host: &str) -> Result<Option<Self>, InstanceError> {
        match host {
            "login.salesforce.com" => return Ok(Some(Self::login(host, false))),
            "test.salesforce.com" => return Ok(Some(Self::login(host, true))),
            _ => {}
        }
        for (shown, api) in SUFFIXES {
            if host == shown {
                return Err(name_missing(host, api));
            }
            if let Some(name) = host
                .strip_suffix(shown)
                .and_then(|rest| rest.strip_suffix('.'))
            {
                return Self::my_domain(host, name, api).map(Some);
            }
        }
        if let Some(name) = host.strip_suffix(".salesforce.com") {
            return Self::pod(host, name).map(Some);
        }
        if WITHOUT_API.iter().any(|suffix| host.ends_with(suffix)) {
            let name = host.split(['.']).next().unwrap_or_default();
            return Err(not_an_api_host(host, name));
        }
        Self::bare(host)
    }

    pub(super) fn is_pod(&self) -> bool {
        matches!(self.kind, InstanceKind::Pod { .. })
    }

    pub(super) fn generic_login(&self) -> &'static str {
        match self.kind {
            InstanceKind::Pod { sandbox: true } => "test.salesforce.com",
            _ => "login.salesforce.com",
        }
    }

    fn login(host: &str, sandbox: bool) -> Self {
        Self {
            host: host.to_owned(),
            completed: false,
            kind: InstanceKind::Login { sandbox },
        }
    }

    fn my_domain(host: &str, name: &str, api: &str) -> Result<Self, InstanceError> {
        let (org, partition) = match name.rsplit_once('.') {
            Some((org, partition)) if PARTITIONS.contains(&partition) => (org, Some(partition)),
            // A pod may stand between org and suffix in old addresses: `acme.na1.my.salesforce.com`.
            Some((org, _)) => (org, None),
            None if PARTITIONS.contains(&name) => {
                return Err(name_missing(host, &format!("{name}.{api}")));
            }
            None => (name, None),
        };
        let sandbox = partition == Some("sandbox");
        if sandbox && !org.contains("--") {
            return Err(collapsed(host, org, api));
        }
        let kind = InstanceKind::MyDomain {
            sandbox: sandbox || org.contains("--"),
        };
        Ok(Self {
            host: format!("{name}.{api}"),
            completed: false,
            kind,
        })
    }

    /// `na1.salesforce.com`, `cs42.salesforce.com`, `na1-api.salesforce.com`
    fn pod(host: &str, name: &str) -> Result<Self, InstanceError> {
        let name = name.strip_suffix("-api").unwrap_or(name);
        let letters = name.trim_end_matches(|last: char| last.is_ascii_digit());
        let is_pod = matches!(letters.len(), 2..=4)
            && letters.len() < name.len()
            && letters.bytes().all(|byte| byte.is_ascii_lowercase());
        if !is_pod {
            return Err(not_an_api_host(host, name));
        }
        let kind = InstanceKind::Pod {
            sandbox: letters == "cs",
        };
        Ok(Self {
            host: format!("{name}.salesforce.com"),
            completed: false,
            kind,
        })
    }

    /// A name without a domain: `acme`, `acme--sbx`, `acme.develop`, `acme.my`.
    fn bare(host: &str) -> Result<Option<Self>, InstanceError> {
        let api = "my.salesforce.com";
        let name = host.strip_suffix(".my").unwrap_or(host);
        match name.split_once('.') {
            Some((_, partition)) if !PARTITIONS.contains(&partition) => return Ok(None),
            None if !is_label(name) => return Ok(None),
            _ => {}
        }
        let sandbox_left_out = name.contains("--") && !name.contains('.');
        let name = if sandbox_left_out {
            format!("{name}.sandbox")
        } else {
            name.to_owned()
        };
        Self::my_domain(host, &name, api).map(|domain| {
            Some(Self {
                completed: true,
                ..domain
            })
        })
    }
}

/// Whether a host that a login names belongs to Salesforce.
pub(super) fn is_salesforce(host: &str) -> bool {
    OWN.iter()
        .any(|suffix| host.len() > suffix.len() && host.ends_with(suffix))
}

/// Not an IP address, which the URL parser would have recognised, and not a single number.
fn is_label(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && name.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn name_missing(host: &str, suffix: &str) -> InstanceError {
    InstanceError::NameMissing {
        host: host.to_owned(),
        suffix: suffix.to_owned(),
    }
}

fn not_an_api_host(host: &str, name: &str) -> InstanceError {
    let likely = format!("{name}.my.salesforce.com");
    InstanceError::NotAnApiHost {
        host: host.to_owned(),
        likely,
    }
}

fn collapsed(host: &str, org: &str, api: &str) -> InstanceError {
    match org.rsplit_once('-') {
        Some((name, sandbox)) => InstanceError::SandboxHyphens {
            host: host.to_owned(),
            likely: format!("{name}--{sandbox}.sandbox.{api}"),
        },
        None => InstanceError::SandboxHyphens {
            host: host.to_owned(),
            likely: format!("{org}--SANDBOX.sandbox.{api}, with the sandbox's name"),
        },
    }
}
