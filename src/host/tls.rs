//! TLS configurations: mutual TLS for the child, and the developers' certificates.
//!
//! The crypto provider is named explicitly; nothing depends on a process-wide default.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::error::Error;
use crate::pb::c1::utls::v1::Credential;

/// The bytes before the 32 bytes of an ed25519 seed in PKCS#8.
const PKCS8_ED25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
const SEED: usize = 32;

/// The configuration for the credential that the host made for this launch. Clients must show a
/// certificate of the host's authority.
pub fn from_credential(credential: &Credential) -> Result<Arc<ServerConfig>, Error> {
    if credential.ca_cert.is_empty() || credential.cert.is_empty() {
        return Err(refuse("the credential on stdin has no certificates"));
    }
    let key = ed25519_key(&credential.key)?;
    let authority = CertificateDer::from(credential.ca_cert.clone());
    let certificate = CertificateDer::from(credential.cert.clone());
    config(vec![certificate], key, vec![authority])
        .map_err(|error| refuse(format!("the credential on stdin cannot be used: {error}")))
}

/// Converts Go's form of an ed25519 key, the seed and the public key, into PKCS#8 of the seed.
fn ed25519_key(key: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    let Some((seed, public)) = key.split_at_checked(SEED).filter(|_| key.len() == 2 * SEED) else {
        return Err(refuse(format!(
            "the key on stdin has {} bytes, an ed25519 key has {}",
            key.len(),
            2 * SEED
        )));
    };
    let key = PrivatePkcs8KeyDer::from([&PKCS8_ED25519, seed].concat());
    let signing = aws_lc_rs::sign::any_eddsa_type(&key)
        .map_err(|error| refuse(format!("the key on stdin cannot be used: {error}")))?;
    if !signing
        .public_key()
        .is_some_and(|derived| derived.as_ref().ends_with(public))
    {
        return Err(refuse(
            "the key on stdin is damaged: its public half does not match its seed",
        ));
    }
    Ok(key.into())
}

/// The configuration of the developers' server. With `client_ca`, clients must show a certificate
/// of that authority.
pub fn from_files(
    certificate: &Path,
    key: &Path,
    client_ca: Option<&Path>,
) -> Result<Arc<ServerConfig>, Error> {
    let chain = certificates(certificate)?;
    let bytes = read(key)?;
    let key_der = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        refuse(format!(
            "{} holds no private key in PEM form",
            key.display()
        ))
    })?;
    let authorities = client_ca.map(certificates).transpose()?.unwrap_or_default();
    config(chain, key_der, authorities).map_err(|error| {
        refuse(format!(
            "{} and {} cannot be used together: {error}",
            certificate.display(),
            key.display()
        ))
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let bytes = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(refuse(format!(
            "{} holds no certificate in PEM form",
            path.display()
        ))),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

/// With authorities, clients must show a certificate of one of them. Only HTTP/2 is offered, which
/// gRPC needs.
fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    authorities: Vec<CertificateDer<'static>>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    let builder = if authorities.is_empty() {
        builder.with_no_client_auth()
    } else {
        builder.with_client_cert_verifier(verifier(authorities, provider)?)
    };
    let mut config = builder.with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

fn verifier(
    authorities: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, rustls::Error> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority)?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))
}

fn refuse(text: impl Into<String>) -> Error {
    Error::Tls(text.into())
}
