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
const SUFFIXES: [(&str, &str); 10] = [
    ("my.salesforce.com", "my.salesforce.com"),
    ("lightning.force.com", "my.salesforce.com"),
    ("my.salesforce-setup.com", "my.salesforce.com"),
    ("salesforce-setup.com", "my.salesforce.com"),
    ("my.salesforce.mil", "my.salesforce.mil"),
    ("lightning.crmforce.mil", "my.salesforce.mil"),
    ("my.sfcrmproducts.cn", "my.sfcrmproducts.cn"),
    ("lightning.sfcrmapps.cn", "my.sfcrmproducts.cn"),
    // The command line of Salesforce maps these to each other, too.
    ("my-salesforce.com", "my-salesforce.com"),
    ("my-lightning.com", "my-salesforce.com"),
];

/// Hosts of files and of Visualforce pages, which contain the org's name. That of a page is followed
/// by the name of a package, `acme--c.vf.force.com`: `DomainCreator` of the Apex reference has
/// examples.
const PAGES: [&str; 6] = [
    "vf.force.com",
    "visual.force.com",
    "visualforce.com",
    "content.force.com",
    "documentforce.com",
    "file.force.com",
];

/// Hosts that a login may name: Salesforce's own, none of which a customer can point elsewhere.
const OWN: [&str; 4] = [
    ".salesforce.com",
    ".salesforce.mil",
    ".sfcrmproducts.cn",
    ".my-salesforce.com",
];

/// Sites and the like: Salesforce's, but without the API. With the suffix of the API in that cloud.
const WITHOUT_API: [(&str, &str); 9] = [
    (".force.com", COMMERCIAL),
    (".site.com", COMMERCIAL),
    (".salesforce-sites.com", COMMERCIAL),
    (".salesforce-experience.com", COMMERCIAL),
    (".salesforceliveagent.com", COMMERCIAL),
    (".cloudforce.com", COMMERCIAL),
    (".crmforce.mil", "my.salesforce.mil"),
    (".sfcrmproducts.cn", "my.sfcrmproducts.cn"),
    (".sfcrmapps.cn", "my.sfcrmproducts.cn"),
];
const COMMERCIAL: &str = "my.salesforce.com";

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
            if let Some(name) = name_before(host, shown) {
                return Self::my_domain(host, name, api).map(Some);
            }
        }
        for shown in PAGES {
            if let Some(name) = name_before(host, shown) {
                return Self::my_domain(host, &without_package(name), COMMERCIAL).map(Some);
            }
        }
        if let Some(name) = host.strip_suffix(".salesforce.com") {
            return Self::pod(host, name).map(Some);
        }
        for (suffix, api) in WITHOUT_API {
            if let Some(rest) = host.strip_suffix(suffix) {
                return Err(not_an_api_host(host, rest, api));
            }
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
        if name.is_empty() {
            return Err(name_missing(host, api));
        }
        // Such a name looks like another one: it has letters that only seem to be a, e or o.
        if name.split('.').any(|label| label.starts_with("xn--")) {
            return Err(InstanceError::NotAscii);
        }
        let (org, partition) = match name.rsplit_once('.') {
            Some((org, partition)) if PARTITIONS.contains(&partition) => (org, Some(partition)),
            // A pod may stand between org and suffix in old addresses: `acme.na1.my.salesforce.com`.
            Some((org, pod)) if is_pod(pod) => (org, None),
            Some((_, last)) => return Err(not_an_api_host(host, last, api)),
            None if PARTITIONS.contains(&name) => {
                return Err(name_missing(host, &format!("{name}.{api}")));
            }
            None => (name, None),
        };
        if !is_org_name(org) {
            return Err(InstanceError::NotAHost);
        }
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
        if !is_pod(name) {
            return Err(not_an_api_host(host, name, COMMERCIAL));
        }
        let kind = InstanceKind::Pod {
            sandbox: name.starts_with("cs"),
        };
        Ok(Self {
            host: format!("{name}.salesforce.com"),
            completed: false,
            kind,
        })
    }

    /// A name without a domain: `acme`, `acme--sbx`, `acme.develop`, `acme.my`.
    fn bare(host: &str) -> Result<Option<Self>, InstanceError> {
        let api = COMMERCIAL;
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

/// `na1`, `um12`, `cs42`
fn is_pod(name: &str) -> bool {
    let letters = name.trim_end_matches(|last: char| last.is_ascii_digit());
    matches!(letters.len(), 2..=4)
        && letters.len() < name.len()
        && letters.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Salesforce takes letters, digits and hyphens for the name of a My Domain, with a letter or digit
/// at both ends.
fn is_org_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len())
        && name.bytes().all(allowed)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// What stands before `suffix`; empty if the host is the suffix itself.
fn name_before<'a>(host: &'a str, suffix: &str) -> Option<&'a str> {
    let rest = host.strip_suffix(suffix)?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_suffix('.')
}

/// `acme` for `acme--c`, `acme--uat.sandbox` for `acme--uat--c.sandbox`. Without a package, a
/// sandbox keeps its name.
fn without_package(name: &str) -> String {
    let (org, rest) = name.split_once('.').unwrap_or((name, ""));
    let in_sandbox = rest == "sandbox";
    let org = match org.rsplit_once("--") {
        Some((before, _)) if !in_sandbox || before.contains("--") => before,
        _ => org,
    };
    match rest {
        "" => org.to_owned(),
        rest => format!("{org}.{rest}"),
    }
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

/// `rest` is what stands before the suffix: the org's name, and perhaps a partition and more.
fn not_an_api_host(host: &str, rest: &str, api: &str) -> InstanceError {
    let mut labels = rest.split('.');
    let name = labels.next().unwrap_or_default();
    let likely = match labels.next().filter(|label| PARTITIONS.contains(label)) {
        Some(partition) => format!("{name}.{partition}.{api}"),
        None => format!("{name}.{api}"),
    };
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
