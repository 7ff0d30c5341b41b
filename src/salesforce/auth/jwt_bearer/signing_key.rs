//! The private key of an app, as people paste it.

use std::fmt;

use aws_lc_rs::{error::KeyRejected, rsa::KeyPair};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::EncodingKey;
use secrecy::{ExposeSecret, SecretString};

/// An RSA key that can sign assertions.
#[derive(Clone)]
pub struct SigningKey(EncodingKey);

/// Why a text is not the private key of an app. Each message says what to do instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is protected by a passphrase.
    #[error(
        "the private key is encrypted, and there is nobody to ask for its passphrase; decrypt it \
         with: openssl pkey -in encrypted.pem -out key.pem"
    )]
    Encrypted,
    /// The public half, which belongs into the app.
    #[error(
        "it is a certificate; that belongs into the app in Setup, and here the private key that \
         it was made from"
    )]
    Certificate,
    /// The public half.
    #[error("it is a public key; give the private key that belongs to it")]
    PublicKey,
    /// OpenSSH's own format.
    #[error(
        "the private key is in OpenSSH's format; convert it with: ssh-keygen -p -m PEM -f key.pem"
    )]
    OpenSsh,
    /// A key for another algorithm.
    #[error(
        "it is not an RSA key, and Salesforce verifies only RSA signatures (RS256); make one with: \
         openssl genrsa -out key.pem 2048"
    )]
    NotRsa,
    /// Less than 2048 bits.
    #[error(
        "the private key is too short; Salesforce needs 2048 bits or more: make a new one with \
         openssl genrsa -out key.pem 2048, and put its certificate into the app"
    )]
    TooShort,
    /// More than 8192 bits.
    #[error("the private key is longer than 8192 bits; use one of 2048 or 4096 bits")]
    TooLong,
    /// No PEM text.
    #[error(
        "it is not a private key in PEM format, which begins with -----BEGIN PRIVATE KEY----- or \
         -----BEGIN RSA PRIVATE KEY-----; convert a DER file with: openssl pkey -inform DER -in \
         key.der -out key.pem"
    )]
    NotPem,
    /// The text of the key is incomplete or was changed.
    #[error("the private key is damaged or incomplete; copy the whole file again")]
    Damaged,
}

const PKCS8: &str = "PRIVATE KEY";
const PKCS1: &str = "RSA PRIVATE KEY";

/// The algorithm `rsaEncryption` in a PKCS#8 key.
const RSA_ID: [u8; 11] = [
    0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01,
];

impl SigningKey {
    /// Reads a PEM text in PKCS#1 or PKCS#8. What else is in the text, such as a certificate, is
    /// left out. Line breaks may be lost or spelled `\n`, as in variables.
    pub fn parse(pem: &SecretString) -> Result<Self, KeyError> {
        let text = pem.expose_secret().replace("\\n", "\n");
        let blocks: Vec<Block<'_>> = blocks(&text).collect();
        let named = |label| blocks.iter().find(|block| block.label == label);
        let has = |end: &str| blocks.iter().any(|block| block.label.ends_with(end));
        if let Some(block) = named(PKCS8).or_else(|| named(PKCS1)) {
            return block.key();
        }
        Err(if has("ENCRYPTED PRIVATE KEY") {
            KeyError::Encrypted
        } else if has("OPENSSH PRIVATE KEY") {
            KeyError::OpenSsh
        } else if has("PRIVATE KEY") {
            KeyError::NotRsa
        } else if has("PUBLIC KEY") {
            KeyError::PublicKey
        } else if has("CERTIFICATE") || has("CERTIFICATE REQUEST") {
            KeyError::Certificate
        } else if text.contains("-----BEGIN ") {
            KeyError::Damaged
        } else {
            KeyError::NotPem
        })
    }

    pub(super) fn as_encoding_key(&self) -> &EncodingKey {
        &self.0
    }
}

/// One `-----BEGIN …-----` with its end.
struct Block<'a> {
    label: &'a str,
    body: &'a str,
}

impl Block<'_> {
    fn key(&self) -> Result<SigningKey, KeyError> {
        if self.body.contains("ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        let body: String = self.body.split_whitespace().collect();
        let der = STANDARD.decode(&body).map_err(|_| KeyError::Damaged)?;
        let is_pkcs8 = self.label == PKCS8;
        if is_pkcs8 && !der.windows(RSA_ID.len()).any(|bytes| bytes == RSA_ID) {
            // Every key names its algorithm in the first bytes, unless it is damaged.
            return Err(if der.len() > 16 {
                KeyError::NotRsa
            } else {
                KeyError::Damaged
            });
        }
        let checked = if is_pkcs8 {
            KeyPair::from_pkcs8(&der)
        } else {
            KeyPair::from_der(&der)
        };
        checked.map_err(rejected)?;
        let pem = format!(
            "-----BEGIN {0}-----\n{body}\n-----END {0}-----\n",
            self.label
        );
        EncodingKey::from_rsa_pem(pem.as_bytes())
            .map(SigningKey)
            .map_err(|_| KeyError::Damaged)
    }
}

fn blocks(text: &str) -> impl Iterator<Item = Block<'_>> {
    text.split("-----BEGIN ").skip(1).filter_map(|rest| {
        let (label, rest) = rest.split_once("-----")?;
        let (body, end) = rest.split_once("-----END ")?;
        end.starts_with(label).then_some(Block { label, body })
    })
}

fn rejected(error: KeyRejected) -> KeyError {
    match error.to_string().as_str() {
        "TooSmall" => KeyError::TooShort,
        "TooLarge" => KeyError::TooLong,
        _ => KeyError::Damaged,
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}
