//! Certificates for one launch: an authority, and one certificate each for connector and host.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ED25519,
};
use std::time::{Duration, SystemTime};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::error::{Error, Result};
use crate::pb::c1::utls::v1::Credential;

const DAY: Duration = Duration::from_hours(24);

/// The credentials of both sides.
pub(super) struct Launch {
    pub(super) server: Credential,
    pub(super) client: ClientTlsConfig,
}

/// Generates new keys. They are never written to disk.
pub(super) fn generate() -> Result<Launch> {
    let authority_key = key()?;
    let mut params = named("c1-connector-ca", DAY * 365 * 20)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyCertSign,
    ];
    let authority = params.self_signed(&authority_key).map_err(failed)?;
    let issuer = Issuer::new(params, authority_key);

    let server_key = key()?;
    let server = leaf("c1-connector-server")?
        .signed_by(&server_key, &issuer)
        .map_err(failed)?;
    let client_key = key()?;
    let client = leaf("c1-connector-client")?
        .signed_by(&client_key, &issuer)
        .map_err(failed)?;

    Ok(Launch {
        server: Credential {
            ca_cert: authority.der().to_vec(),
            key: raw_private_key(&server_key)?,
            cert: server.der().to_vec(),
        },
        client: ClientTlsConfig::new()
            .domain_name("127.0.0.1")
            .ca_certificate(Certificate::from_pem(authority.pem()))
            .identity(Identity::from_pem(client.pem(), client_key.serialize_pem())),
    })
}

fn key() -> Result<KeyPair> {
    KeyPair::generate_for(&PKCS_ED25519).map_err(failed)
}

fn named(name: &str, lifetime: Duration) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new()).map_err(failed)?;
    params.distinguished_name.push(DnType::CommonName, name);
    let now = SystemTime::now();
    // Tolerates clock adjustments of up to a minute.
    params.not_before = (now - Duration::from_mins(1)).into();
    params.not_after = (now + lifetime).into();
    Ok(params)
}

fn leaf(name: &str) -> Result<CertificateParams> {
    let mut params = named(name, DAY * 365)?;
    params.subject_alt_names = CertificateParams::new(["127.0.0.1".into(), "::1".into()])
        .map_err(failed)?
        .subject_alt_names;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::ServerAuth,
    ];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Encodes an Ed25519 key as Go does: the seed, then the public key. In all versions of PKCS#8, the
/// seed follows the same bytes.
fn raw_private_key(key: &KeyPair) -> Result<Vec<u8>> {
    const TAG: [u8; 4] = [0x04, 0x22, 0x04, 0x20];
    let encoded = key.serialized_der();
    let seed = encoded
        .windows(TAG.len())
        .position(|window| window == TAG)
        .and_then(|at| encoded.get(at + TAG.len()..at + TAG.len() + 32))
        .ok_or_else(|| Error::Internal("unexpected encoding of a private key".into()))?;
    Ok([seed, key.public_key_raw()].concat())
}

fn failed(source: rcgen::Error) -> Error {
    Error::Credentials { source }
}
