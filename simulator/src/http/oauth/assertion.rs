//! Signed assertions of the JWT bearer flow, and the keys to verify them with.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use x509_parser::parse_x509_certificate;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

/// An assertion whose signature has not been verified.
pub(super) struct Assertion<'a> {
    /// Header and claims as they are signed.
    signed: &'a str,
    signature: Vec<u8>,
    claims: Value,
}

impl<'a> Assertion<'a> {
    /// Reads an assertion that is signed with RS256, the only algorithm that Salesforce takes.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header = decoded(header)?;
        if header.get("alg")?.as_str()? != "RS256" {
            return None;
        }
        Some(Self {
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
            claims: decoded(claims)?,
        })
    }

    /// Whether the signature is that of a certificate or public key.
    pub(super) fn is_signed_by(&self, pem: &str) -> bool {
        public_key(pem).is_some_and(|key| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
                .verify(self.signed.as_bytes(), &self.signature)
                .is_ok()
        })
    }

    /// Returns a claim that is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// Returns the time of `exp`, which Salesforce takes as a number or as text.
    pub(super) fn expiry(&self) -> Option<i64> {
        let expiry = self.claims.get("exp")?;
        let text = || expiry.as_str().and_then(|text| text.parse().ok());
        expiry.as_i64().or_else(text)
    }
}

/// Returns the RSA public key of a PEM certificate or public key, in the form of PKCS#1.
pub(crate) fn public_key(pem: &str) -> Option<Vec<u8>> {
    let pem = Pem::iter_from_buffer(pem.as_bytes()).next()?.ok()?;
    let of_info = |info: &SubjectPublicKeyInfo<'_>| info.subject_public_key.data.to_vec();
    match pem.label.as_str() {
        "CERTIFICATE" => {
            let (_, certificate) = parse_x509_certificate(&pem.contents).ok()?;
            Some(of_info(certificate.public_key()))
        }
        "PUBLIC KEY" => {
            let (_, info) = SubjectPublicKeyInfo::from_der(&pem.contents).ok()?;
            Some(of_info(&info))
        }
        "RSA PUBLIC KEY" => Some(pem.contents),
        _ => None,
    }
}

fn decoded(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
