//! The same services for developers: on an address of their choice, with reflection and health, so
//! that grpcurl lists and calls everything without proto files.
//!
//! There is no sign-in of any kind, so that plain text is for this machine only.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tokio::net::{TcpListener, UnixListener};
use tokio_stream::wrappers::UnixListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;

use super::{Error, server, tls};
use crate::pb::FILE_DESCRIPTOR_SET;
use crate::service::Services;

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

/// Certificate and key, in PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, and what is between it and its authority.
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

/// Serves until SIGINT or SIGTERM.
pub async fn serve(services: &Services, options: &ServeOptions) -> Result<(), Error> {
    let end = CancellationToken::new();
    server::end_on_signals(&end)?;
    Bound::new(options).await?.run(services, end).await
}

/// A server that listens already, but does not answer yet.
#[derive(Debug)]
pub struct Bound {
    socket: Socket,
    tls: Option<std::sync::Arc<rustls::ServerConfig>>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener, OwnedPath),
}

impl Bound {
    /// Listens, if the options may be combined.
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
                Socket::Tcp(bound.map_err(|source| failed(&options.listen, source))?)
            }
            Address::Unix(_) if config.is_some() => {
                return Err(Error::Address(
                    "TLS is for TCP addresses; a Unix socket is guarded by its directory".into(),
                ));
            }
            Address::Unix(path) => {
                make_room(path).await?;
                let bound = UnixListener::bind(path);
                let bound = bound.map_err(|source| failed(&options.listen, source))?;
                Socket::Unix(bound, OwnedPath(path.clone()))
            }
        };
        Ok(Self {
            socket,
            tls: config,
        })
    }

    /// Where it listens; the port is the real one, even if 0 was asked for.
    pub fn address(&self) -> Result<Address, Error> {
        match &self.socket {
            Socket::Tcp(listener) => {
                listener
                    .local_addr()
                    .map(Address::Tcp)
                    .map_err(|source| Error::System {
                        what: "asking for the own address",
                        source,
                    })
            }
            Socket::Unix(_, path) => Ok(Address::Unix(path.0.clone())),
        }
    }

    /// Answers until `end`, then lets running calls finish.
    pub async fn run(self, services: &Services, end: CancellationToken) -> Result<(), Error> {
        let routes = with_reflection(services.routes()).await?;
        let address = self.address()?;
        tracing::info!(%address, tls = self.tls.is_some(), "serving gRPC");
        match (self.socket, self.tls) {
            (Socket::Unix(listener, _path), _) => {
                server::run(services, routes, UnixListenerStream::new(listener), end).await
            }
            (Socket::Tcp(listener), None) => {
                // Without this, each small answer waits 40 ms for the client's acknowledgement.
                let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
                server::run(services, routes, incoming, end).await
            }
            (Socket::Tcp(listener), Some(config)) => {
                let incoming = server::secured(listener, config, end.clone());
                server::run(services, routes, incoming, end).await
            }
        }
    }
}

fn failed(address: &Address, source: std::io::Error) -> Error {
    Error::Bind {
        address: address.to_string(),
        source,
    }
}

/// Whoever reaches the port can use the connector's credentials.
fn require_safety(ip: IpAddr, encrypted: bool) -> Result<(), Error> {
    if encrypted || ip.to_canonical().is_loopback() {
        return Ok(());
    }
    Err(Error::Address(format!(
        "refusing to serve on {ip} in plain text: it is not a loopback address, and whoever \
         reaches it could read and change access; give --tls-cert and --tls-key (and \
         --tls-client-ca to ask clients for certificates), or listen on 127.0.0.1"
    )))
}

/// Adds both versions of reflection, and health for every service and for the server.
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

/// The contract also describes services that are not served; reflection lists only those that are.
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

/// Removes the socket that a dead server left behind, and nothing else.
async fn make_room(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::FileTypeExt as _;
    let shown = path.display();
    let found = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(Error::Read {
                path: path.to_owned(),
                source,
            });
        }
        Ok(found) => found,
    };
    if !found.file_type().is_socket() {
        return Err(Error::Address(format!(
            "{shown} exists and is not a socket; it stays, choose another path"
        )));
    }
    match tokio::net::UnixStream::connect(path).await {
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(|source| Error::Bind {
                address: format!("unix:{shown}"),
                source,
            })
        }
        Ok(_) => Err(Error::Address(format!(
            "another process listens on {shown}; stop it or choose another path"
        ))),
        Err(source) => Err(Error::Bind {
            address: format!("unix:{shown}"),
            source,
        }),
    }
}

/// A socket file that is removed with its listener.
#[derive(Debug)]
struct OwnedPath(PathBuf);

impl Drop for OwnedPath {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::debug!(path = %self.0.display(), %error, "the socket file stays");
        }
    }
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

    fn on(path: &Path) -> ServeOptions {
        ServeOptions {
            listen: Address::Unix(path.to_owned()),
            tls: None,
        }
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "the standard library leaves the file");
        let bound = Bound::new(&on(&path)).await.unwrap();
        let error = Bound::new(&on(&path)).await.unwrap_err().to_string();
        assert!(error.starts_with("another process listens on"), "{error}");
        drop(bound);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_file_is_not_replaced() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Bound::new(&on(file.path())).await.unwrap_err().to_string();
        assert!(error.contains("is not a socket"), "{error}");
        assert!(file.path().exists());
    }
}
