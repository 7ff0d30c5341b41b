//! The options of the developers' server and of the HTTP health endpoint.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use super::flags::{serve as flags, telemetry};
use super::problem::Problems;
use super::values::Values;

/// The options of `serve`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServeOptions {
    /// `host:port` or `unix:PATH`, as the user wrote it.
    pub listen: String,
    /// The server's certificate chain and key.
    pub tls: Option<ServeTls>,
    /// The HTTP health endpoint, if it is enabled.
    pub health: Option<HealthSettings>,
}

/// The files for TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServeTls {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// The authority of the clients' certificates. With it, clients must show one.
    pub client_authority: Option<PathBuf>,
}

/// The address of the HTTP health endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthSettings {
    /// The address.
    pub address: SocketAddr,
}

impl ServeOptions {
    pub(crate) fn resolve(values: &Values, directory: &Path, problems: &mut Problems) -> Self {
        let path = |flag| values.optional(flag).map(|path| directory.join(path));
        let client_authority = path(&flags::TLS_CLIENT_CA);
        let tls = match (path(&flags::TLS_CERT), path(&flags::TLS_KEY)) {
            (Some(certificate), Some(key)) => Some(ServeTls {
                certificate,
                key,
                client_authority,
            }),
            (None, None) if client_authority.is_none() => None,
            _ => {
                problems.push(format!(
                    "fields {} and {} are needed together ({} needs both)",
                    flags::TLS_CERT.name,
                    flags::TLS_KEY.name,
                    flags::TLS_CLIENT_CA.name
                ));
                None
            }
        };
        let health = values
            .switch(&telemetry::HEALTH_CHECK)
            .then(|| problems.keep(HealthSettings::resolve(values)))
            .flatten();
        Self {
            listen: values.text(&flags::LISTEN).to_owned(),
            tls,
            health,
        }
    }
}

impl HealthSettings {
    /// Reads the address, whether or not the endpoint is enabled.
    pub(crate) fn resolve(values: &Values) -> Result<Self, String> {
        let flag = &telemetry::HEALTH_CHECK_BIND_ADDRESS;
        let text = values.text(flag);
        let host = if text == "localhost" {
            "127.0.0.1"
        } else {
            text
        };
        let address: IpAddr = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .map_err(|_| {
                format!(
                    "field {}: expected an IP address but got '{text}'",
                    flag.name
                )
            })?;
        let port = u16::try_from(values.number(&telemetry::HEALTH_CHECK_PORT)).unwrap_or_default();
        Ok(Self {
            address: SocketAddr::new(address, port),
        })
    }
}
