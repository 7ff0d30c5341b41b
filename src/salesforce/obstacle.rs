//! Why no answer came: name, connection, TLS, proxy or time, each with its remedy.
//!
//! One classification for sign-ins and calls. Libraries report most of these causes deep inside a
//! chain of errors, some only as text; tests hold the texts against real connections.
//! Must not know: what was sent.

use std::{error::Error as StdError, fmt, io};

use rustls::{AlertDescription as Alert, CertificateError as Flaw, Error as TlsError};

macro_rules! obstacles {
    ($($(#[$about:meta])* $variant:ident($lasting:literal) = $cause:literal, $remedy:literal;)+) => {
        /// What is in the way.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Obstacle {
            $($(#[$about])* $variant,)+
        }

        impl Obstacle {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// What happened.
            #[must_use]
            pub fn cause(self) -> &'static str {
                match self { $(Self::$variant => $cause,)+ }
            }

            /// What to do about it.
            #[must_use]
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)+ }
            }

            /// Whether somebody has to change something first: trying again at once is useless.
            #[must_use]
            pub fn is_lasting(self) -> bool {
                match self { $(Self::$variant => $lasting,)+ }
            }
        }
    };
}

obstacles! {
    /// The name of the host is not known.
    UnknownHost(false) = "the name of the host is not known (DNS)",
        "check the spelling of instance-url and the DNS of this computer; behind a proxy, set HTTPS_PROXY";
    /// Nothing listens at the address.
    Refused(false) = "the host refuses the connection",
        "check instance-url and the firewall; behind a proxy, set HTTPS_PROXY";
    /// There is no way to the address.
    NoRoute(false) = "there is no route to the host",
        "check the network of this computer and the firewall";
    /// Connecting took too long.
    ConnectTimeout(false) = "the host did not accept the connection in time",
        "check the firewall, which may drop the packets; behind a proxy, set HTTPS_PROXY";
    /// The answer took too long.
    Timeout(false) = "the answer did not come in time",
        "try again later, or raise http-timeout-seconds";
    /// The connection broke.
    Dropped(false) = "the connection was closed before the answer was complete",
        "try again; if it happens again, check the proxy and the firewall";
    /// The certificate is for another host.
    CertificateName(true) = "the certificate of the server is for another host name",
        "check instance-url; if a proxy or a network's sign-in page answers in place of Salesforce, sign in to the network or set NO_PROXY";
    /// The certificate is too old.
    CertificateExpired(true) = "the certificate of the server has expired",
        "check the clock of this computer; if a proxy inspects TLS, its certificate must be renewed";
    /// The certificate is not valid yet.
    CertificateNotYetValid(true) = "the certificate of the server is not valid yet",
        "check the clock of this computer";
    /// Nobody that this computer trusts has signed the certificate.
    UnknownAuthority(true) = "the certificate of the server is signed by an authority that this computer does not trust",
        "if a proxy inspects TLS, give the certificate of its authority with --ca-file; otherwise something answers in place of Salesforce";
    /// The certificate was withdrawn.
    CertificateRevoked(true) = "the certificate of the server was revoked",
        "something may answer in place of Salesforce; ask whoever runs the network";
    /// Any other certificate that cannot be used.
    CertificateInvalid(true) = "the certificate of the server cannot be verified",
        "if a proxy inspects TLS, its certificate must be corrected";
    /// The server asks for a certificate.
    ClientCertificate(true) = "the server asks for a client certificate, which this connector does not have",
        "use a host name and a user without mutual authentication; see Setup > Certificate and Key Management";
    /// The server speaks only versions of TLS that are not safe.
    TlsVersion(true) = "the server does not support TLS 1.2 or 1.3",
        "an old proxy may answer in place of Salesforce: update it, or set NO_PROXY";
    /// The server does not speak TLS.
    NotTls(true) = "the server does not speak TLS at this port",
        "check the port; if a proxy answers in place of Salesforce, set HTTPS_PROXY";
    /// Any other failure of TLS.
    Tls(false) = "no TLS connection could be made",
        "a proxy or a firewall may interfere; check HTTPS_PROXY and NO_PROXY";
    /// There is no connection to the proxy.
    ProxyUnreachable(false) = "the proxy cannot be reached",
        "check HTTPS_PROXY, or set NO_PROXY if Salesforce can be reached without it";
    /// The proxy wants other credentials.
    ProxyCredentials(true) = "the proxy asks for a user name and password, or refuses those that it got (407)",
        "give them in HTTPS_PROXY as http://user:password@host:port, with special characters in percent form";
    /// The proxy does not connect to the host.
    ProxyRefused(false) = "the proxy refuses to connect to the host",
        "allow CONNECT to *.salesforce.com at port 443 in the proxy, or set NO_PROXY";
    /// Anything else.
    Unknown(false) = "the host cannot be reached",
        "check instance-url, DNS, proxy and firewall";
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.cause(), self.remedy())
    }
}

/// A request without an answer: what was in the way, and what the HTTP client says about it.
#[derive(Debug)]
pub struct NoAnswer {
    obstacle: Obstacle,
    source: reqwest::Error,
}

impl NoAnswer {
    /// What was in the way.
    #[must_use]
    pub fn obstacle(&self) -> Obstacle {
        self.obstacle
    }
}

impl From<reqwest::Error> for NoAnswer {
    fn from(error: reqwest::Error) -> Self {
        // A URL may hold a session.
        let source = error.without_url();
        Self {
            obstacle: classify(&source),
            source,
        }
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.obstacle.fmt(f)
    }
}

impl StdError for NoAnswer {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.source)
    }
}

fn classify(error: &reqwest::Error) -> Obstacle {
    let causes = causes(error);
    let says = |text: &str| causes.iter().any(|cause| cause.to_string().contains(text));
    let tls = causes.iter().find_map(|cause| cause.downcast_ref());
    if says("tunnel error: proxy authorization required") {
        Obstacle::ProxyCredentials
    } else if says("tunnel error: failed to create") || says("error connecting to socks proxy") {
        Obstacle::ProxyUnreachable
    } else if says("tunnel error") || says("proxy response") {
        Obstacle::ProxyRefused
    } else if let Some(tls) = tls {
        of_tls(tls)
    } else if says("dns error") {
        Obstacle::UnknownHost
    } else if error.is_timeout() {
        if error.is_connect() {
            Obstacle::ConnectTimeout
        } else {
            Obstacle::Timeout
        }
    } else {
        causes
            .iter()
            .find_map(|cause| of_io(cause.downcast_ref::<io::Error>()?.kind()))
            .unwrap_or(if error.is_connect() {
                Obstacle::Unknown
            } else {
                Obstacle::Dropped
            })
    }
}

/// The error and everything below it. An `io::Error` hides the error that it wraps from `source`.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> Vec<&'a (dyn StdError + 'static)> {
    let mut found = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        found.push(error);
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        };
    }
    found
}

fn of_io(kind: io::ErrorKind) -> Option<Obstacle> {
    use io::ErrorKind as K;
    Some(match kind {
        K::ConnectionRefused => Obstacle::Refused,
        K::HostUnreachable | K::NetworkUnreachable | K::NetworkDown | K::AddrNotAvailable => {
            Obstacle::NoRoute
        }
        K::TimedOut => Obstacle::ConnectTimeout,
        K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe | K::UnexpectedEof => {
            Obstacle::Dropped
        }
        _ => return None,
    })
}

fn of_tls(error: &TlsError) -> Obstacle {
    match error {
        TlsError::InvalidCertificate(flaw) => match flaw {
            Flaw::NotValidForName | Flaw::NotValidForNameContext { .. } => {
                Obstacle::CertificateName
            }
            Flaw::Expired | Flaw::ExpiredContext { .. } => Obstacle::CertificateExpired,
            Flaw::NotValidYet | Flaw::NotValidYetContext { .. } => Obstacle::CertificateNotYetValid,
            Flaw::UnknownIssuer => Obstacle::UnknownAuthority,
            Flaw::Revoked => Obstacle::CertificateRevoked,
            // A server that signs its own certificate is its own authority.
            Flaw::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
                Obstacle::UnknownAuthority
            }
            _ => Obstacle::CertificateInvalid,
        },
        TlsError::AlertReceived(Alert::ProtocolVersion | Alert::InsufficientSecurity)
        | TlsError::PeerIncompatible(_) => Obstacle::TlsVersion,
        TlsError::AlertReceived(Alert::CertificateRequired) => Obstacle::ClientCertificate,
        TlsError::InvalidMessage(_) => Obstacle::NotTls,
        _ => Obstacle::Tls,
    }
}
