//! What the platform is told about this host and its connector.

use super::connector::Connector;
use super::platform::Greeting;
use crate::pb::connector::ConnectorServiceGetMetadataRequest;
use crate::pb::platform::baton_service_hello_request::{BuildInfo, OsInfo};
use crate::runner::Result;

/// The longest text that the contract allows, in bytes.
const LONGEST: usize = 256;

pub(super) async fn greeting(connector: &Connector) -> Result<Greeting> {
    let doing = "asking the connector for its metadata";
    let reply = connector
        .call(doing, ConnectorServiceGetMetadataRequest {})
        .await?;
    Ok(Greeting {
        build: BuildInfo {
            lang_version: concat!("rust", env!("CARGO_PKG_RUST_VERSION")).to_owned(),
            package: env!("CARGO_PKG_NAME").to_owned(),
            package_version: concat!("v", env!("CARGO_PKG_VERSION")).to_owned(),
        },
        system: system(),
        connector: reply.metadata.unwrap_or_default(),
    })
}

/// No field may be empty: the platform refuses a host that does not name its system.
fn system() -> OsInfo {
    let name = rustix::system::uname();
    let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let kernel = text(name.release());
    let or = |value: String, other: &str| {
        let value = if value.is_empty() {
            other.to_owned()
        } else {
            value
        };
        shortened(value)
    };
    let os = std::env::consts::OS;
    let platform = or(entry(&release, "ID"), os);
    OsInfo {
        hostname: or(text(name.nodename()), "unknown"),
        os: os.to_owned(),
        platform_family: or(entry(&release, "ID_LIKE"), &platform),
        platform_version: or(entry(&release, "VERSION_ID"), &kernel),
        platform,
        kernel_version: or(kernel, "unknown"),
        kernel_arch: or(text(name.machine()), std::env::consts::ARCH),
        virtualization_system: "none".to_owned(),
    }
}

/// An entry of os-release(5).
fn entry(release: &str, key: &str) -> String {
    let mut entries = release.lines().filter_map(|line| line.split_once('='));
    let found = entries.find(|(name, _)| *name == key);
    found.map_or_else(String::new, |(_, value)| value.trim_matches('"').to_owned())
}

fn shortened(mut text: String) -> String {
    while text.len() > LONGEST {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_empty() {
        let system = system();
        for field in [
            system.hostname,
            system.os,
            system.platform,
            system.platform_version,
            system.platform_family,
            system.kernel_version,
            system.kernel_arch,
            system.virtualization_system,
        ] {
            assert!(!field.is_empty() && field.len() <= LONGEST);
        }
    }

    #[test]
    fn quoted_entries_are_read() {
        let release = "NAME=\"Debian\"\nID=debian\nVERSION_ID=\"13\"\n";
        assert_eq!(entry(release, "ID"), "debian");
        assert_eq!(entry(release, "VERSION_ID"), "13");
        assert_eq!(entry(release, "ID_LIKE"), "");
    }
}
