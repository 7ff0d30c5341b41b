//! Serves developers: on an address of their choice, with reflection and health, for clients such as
//! grpcurl that have no proto files.
//!
//! Clients do not sign in, so plain text is allowed on this machine only.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use super::error::Error;
use super::unix_socket::{self, SocketFile};
use super::{accept, server, tls};
use crate::pb::FILE_DESCRIPTOR_SET;
use crate::service::Services;

/// How often to ask a silent client whether it is still there. A network may have lost it.
const LIVENESS: Option<Duration> = Some(Duration::from_mins(1));

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A TCP address.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

impl Default for Address {
    fn default() -> Self {
        Self::Tcp(SocketAddr::from(([127, 0, 0, 1], 50051)))
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err(Error::Address(
                    "unix: needs a path, such as unix:/tmp/baton".into(),
                )),
                path => Ok(Self::Unix(path.into())),
            };
        }
        let text = match text.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}"),
            None => text.to_owned(),
        };
        text.parse().map(Self::Tcp).map_err(|_| {
            Error::Address(format!(
                "{text} is not an address to listen on; use <ip>:<port>, such as 127.0.0.1:50051, \
                 or unix:<path>"
            ))
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Certificate and key in PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate chain.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Clients must show a certificate of this authority.
    pub client_ca: Option<PathBuf>,
}

/// How to serve.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServeOptions {
    /// Where.
    pub listen: Address,
    /// With TLS, if given.
    pub tls: Option<TlsFiles>,
}

/// Serves until SIGINT, SIGTERM or SIGHUP.
pub async fn serve(services: &Services, options: &ServeOptions) -> Result<(), Error> {
    let end = CancellationToken::new();
    server::end_on_signals(&end)?;
    Bound::new(options).await?.run(services, end).await
}

/// A server that listens but does not answer yet.
#[derive(Debug)]
pub struct Bound {
    socket: Socket,
    tls: Option<std::sync::Arc<rustls::ServerConfig>>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
}

impl Bound {
    /// Listens, unless the options contradict each other.
    pub async fn new(options: &ServeOptions) -> Result<Self, Error> {
        let tls = options.tls.as_ref();
        if let Address::Tcp(address) = options.listen {
            require_safety(address.ip(), tls.is_some())?;
        }
        let config = tls
            .map(|files| {
                tls::from_files(&files.certificate, &files.key, files.client_ca.as_deref())
            })
            .transpose()?;
        let socket = match &options.listen {
            Address::Tcp(address) => {
                let bound = TcpListener::bind(address).await;
                Socket::Tcp(bound.map_err(|source| Error::Bind {
                    address: address.to_string(),
                    source,
                })?)
            }
            Address::Unix(_) if config.is_some() => {
                return Err(Error::Address(
                    "TLS is for TCP addresses; only its owner can connect to a Unix socket".into(),
                ));
            }
            Address::Unix(path) => {
                let (listener, file) = unix_socket::listen(path).await?;
                Socket::Unix(listener, file)
            }
        };
        Ok(Self {
            socket,
            tls: config,
        })
    }

    /// The address; the port is the real one, even if 0 was given.
    pub fn address(&self) -> Result<Address, Error> {
        match &self.socket {
            Socket::Tcp(listener) => {
                listener
                    .local_addr()
                    .map(Address::Tcp)
                    .map_err(|source| Error::System {
                        what: "getting the server's address",
                        source,
                    })
            }
            Socket::Unix(_, file) => Ok(Address::Unix(file.path().to_owned())),
        }
    }

    /// Serves until `end`, then lets running calls finish.
    pub async fn run(self, services: &Services, end: CancellationToken) -> Result<(), Error> {
        let routes = with_reflection(services.routes()).await?;
        let address = self.address()?;
        tracing::info!(%address, tls = self.tls.is_some(), "serving gRPC");
        match (self.socket, self.tls) {
            (Socket::Unix(listener, _file), _) => {
                let incoming = accept::plain(listener, end.clone());
                server::run(services, routes, incoming, None, end).await
            }
            (Socket::Tcp(listener), None) => {
                let incoming = accept::plain(listener, end.clone());
                server::run(services, routes, incoming, LIVENESS, end).await
            }
            (Socket::Tcp(listener), Some(config)) => {
                let incoming = accept::secured(listener, config, end.clone());
                server::run(services, routes, incoming, LIVENESS, end).await
            }
        }
    }
}

/// Anyone who can connect to the port can use the connector's credentials.
fn require_safety(ip: IpAddr, encrypted: bool) -> Result<(), Error> {
    if encrypted || ip.to_canonical().is_loopback() {
        return Ok(());
    }
    Err(Error::Address(format!(
        "refusing to serve on {ip} in plain text: it is not a loopback address, and anyone who can \
         connect could read and change access; give --tls-cert and --tls-key (and --tls-client-ca \
         to ask clients for certificates), or listen on 127.0.0.1"
    )))
}

/// Adds both versions of reflection, and the health of every service.
async fn with_reflection(routes: Routes) -> Result<Routes, Error> {
    use tonic_reflection::server::Builder;
    let broken = |error: tonic_reflection::server::Error| Error::Serve(error.into());
    let builder = || {
        Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let current = offered(builder()).build_v1().map_err(broken)?;
    let older = offered(builder()).build_v1alpha().map_err(broken)?;
    let (reporter, health) = tonic_health::server::health_reporter();
    for service in Services::names() {
        reporter
            .set_service_status(service, tonic_health::ServingStatus::Serving)
            .await;
    }
    Ok(routes
        .add_service(current)
        .add_service(older)
        .add_service(health))
}

/// Lists only the services that are served; the descriptors contain more.
fn offered(
    builder: tonic_reflection::server::Builder<'static>,
) -> tonic_reflection::server::Builder<'static> {
    Services::names()
        .into_iter()
        .chain(["grpc.health.v1.Health"])
        .fold(
            builder,
            tonic_reflection::server::Builder::with_service_name,
        )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("127.0.0.1:50051" => "127.0.0.1:50051")]
    #[test_case("localhost:0" => "127.0.0.1:0"; "by name")]
    #[test_case("[::1]:9" => "[::1]:9"; "v6")]
    #[test_case("unix:/run/baton" => "unix:/run/baton"; "unix")]
    #[test_case("unix:///run/baton" => "unix:/run/baton"; "unix as a URL")]
    fn an_address_is_read(text: &str) -> String {
        text.parse::<Address>().unwrap().to_string()
    }

    #[test_case("50051"; "port alone")]
    #[test_case("unix:"; "no path")]
    #[test_case("example.com:50051"; "name")]
    fn a_bad_address_is_refused(text: &str) {
        assert!(matches!(text.parse::<Address>(), Err(Error::Address(_))));
    }

    #[test_case("127.0.0.2", false => true; "loopback")]
    #[test_case("::1", false => true; "loopback v6")]
    #[test_case("::ffff:127.0.0.1", false => true; "loopback in v6")]
    #[test_case("0.0.0.0", false => false; "everywhere")]
    #[test_case("0.0.0.0", true => true; "everywhere with TLS")]
    #[test_case("10.0.0.1", false => false; "a network")]
    fn plain_text_is_for_this_machine(ip: &str, encrypted: bool) -> bool {
        require_safety(ip.parse().unwrap(), encrypted).is_ok()
    }
}
