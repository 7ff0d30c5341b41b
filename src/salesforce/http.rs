//! The HTTP client for everything that is sent to Salesforce: TLS, proxy, time limits.
//!
//! The roots are the system's (`SSL_CERT_FILE` and `SSL_CERT_DIR` count) and those of the
//! configuration. No redirect is followed: the other host would get the credentials.
//! Must not know: what is sent.

use std::{sync::Arc, time::Duration};

use reqwest::{Certificate, redirect::Policy, tls::Version};
use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

mod bypass;
mod proxy;

use self::proxy::Proxy;
pub use self::proxy::ProxyError;

/// How much of a body may be on its way before somebody reads it, in bytes, with HTTP/2: of one
/// body, and of all bodies of a connection. Bodies that wait for their reader must leave room for
/// the others, or nobody gets on.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 64 * STREAM_WINDOW;

/// How the network is reached: the authorities to trust besides the system's, and the proxy.
#[derive(Clone, Debug, Default)]
pub struct Network {
    authorities: Vec<Certificate>,
    proxy: Option<Arc<Proxy>>,
}

/// The client cannot be created with this configuration.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot prepare TLS; if this system has no certificate authorities, install the package \
     ca-certificates, set SSL_CERT_FILE, or give a ca-file"
)]
pub struct SetupError(#[source] reqwest::Error);

/// A bundle of authorities that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthoritiesError {
    /// Nothing in it is a certificate.
    #[error("has no certificate")]
    Empty,
    /// One of its certificates is damaged.
    #[error("has a damaged certificate: number {0} in the file cannot be read")]
    Damaged(usize),
}

impl Network {
    /// Trusts the certificates of a PEM bundle as well as the system's.
    pub fn with_authorities(mut self, pem: &[u8]) -> Result<Self, AuthoritiesError> {
        let mut roots = RootCertStore::empty();
        for (before, found) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let damaged = AuthoritiesError::Damaged(before + 1);
            let found = found.map_err(|_| damaged)?;
            let certificate = Certificate::from_der(&found).map_err(|_| damaged)?;
            // reqwest does not look at it before a client is created.
            roots.add(found).map_err(|_| damaged)?;
            self.authorities.push(certificate);
        }
        if roots.is_empty() {
            return Err(AuthoritiesError::Empty);
        }
        Ok(self)
    }

    /// Takes the proxy from `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, also in lower case, as curl
    /// does. `variable` returns the value of a variable.
    pub fn with_proxy(
        mut self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ProxyError> {
        self.proxy = Proxy::from_variables(variable)?.map(Arc::new);
        Ok(self)
    }

    /// The proxy for people: scheme, host and port, without credentials, and its variable.
    #[must_use]
    pub fn proxy(&self) -> Option<String> {
        self.proxy.as_ref().map(ToString::to_string)
    }

    /// Creates a client. `request` limits a whole exchange, `connect` the connecting alone.
    pub fn client(
        &self,
        request: Duration,
        connect: Duration,
    ) -> Result<reqwest::Client, SetupError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("baton-salesforce/", env!("CARGO_PKG_VERSION")))
            .timeout(request)
            .connect_timeout(connect)
            .redirect(Policy::none())
            .referer(false)
            .gzip(true)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .tls_version_min(Version::TLS_1_2)
            .tls_certs_merge(self.authorities.clone())
            // Without this, reqwest reads the variables itself: in another order, and without a
            // word about a value that is not a URL.
            .no_proxy();
        if let Some(proxy) = self.proxy.clone() {
            builder = builder.proxy(reqwest::Proxy::custom(move |target| proxy.of(target)));
        }
        builder
            .build()
            .map_err(|error| SetupError(error.without_url()))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn certificate() -> String {
        let made = rcgen::generate_simple_self_signed(["acme.example".to_owned()]);
        made.unwrap().cert.pem()
    }

    fn added(pem: &str) -> Result<usize, AuthoritiesError> {
        let network = Network::default().with_authorities(pem.as_bytes())?;
        Ok(network.authorities.len())
    }

    #[test]
    fn every_certificate_of_a_bundle_is_added() {
        let bundle = format!("# one\n{}# two\n{}", certificate(), certificate());
        assert_eq!(added(&bundle), Ok(2));
    }

    #[test]
    fn a_damaged_certificate_is_counted_and_named() {
        let damaged = "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n";
        let bundle = certificate() + damaged;
        assert_eq!(added(&bundle), Err(AuthoritiesError::Damaged(2)));
        assert_eq!(added(damaged), Err(AuthoritiesError::Damaged(1)));
    }

    #[test]
    fn a_bundle_without_a_certificate_is_refused() {
        assert_eq!(added("nothing"), Err(AuthoritiesError::Empty));
    }

    #[test]
    fn the_proxys_password_is_in_no_form_of_the_client() {
        let variable = |name: &str| {
            (name == "HTTPS_PROXY").then(|| "http://jane:hush@proxy.example:3128".to_owned())
        };
        let network = Network::default().with_proxy(variable).unwrap();
        let second = Duration::from_secs(1);
        let client = network.client(second, second).unwrap();
        assert!(!format!("{network:?} {client:?}").contains("hush"));
        assert_eq!(
            network.proxy().as_deref(),
            Some("http://proxy.example:3128 (HTTPS_PROXY)")
        );
    }
}
