//! Who this connector is at the platform: its client id, its key, and the host that they lead to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

/// The port of the platform's API, unless the host names another one.
const PORT: u16 = 443;

/// Why a client id or a client secret is refused. It never repeats the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The client id is not `<name>@<host>/<path>`.
    #[error(
        "field client-id: expected <name>@<host>/<path>, as the platform shows it; copy it once more"
    )]
    ClientId,
    /// The variable names no host.
    #[error(
        "variable BATON_C1_API_HOST: expected a host such as acme.conductor.one, without https://"
    )]
    Host,
    /// The client secret is not four parts of which the third is `v1`.
    #[error(
        "field client-secret: expected four parts separated by colons, the third of which is v1, as \
         the platform shows it; copy it once more"
    )]
    SecretParts,
    /// The last part of the client secret is no private Ed25519 key.
    #[error(
        "field client-secret: the last part is not a private Ed25519 key (a JWK in unpadded \
         base64url); copy the secret once more, or make a new one at the platform"
    )]
    Key,
}

/// A host and its port, as `host` or `host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiHost {
    authority: String,
}

impl ApiHost {
    /// Reads `host`, `host:port` or `[address]:port`.
    fn parse(text: &str) -> Option<Self> {
        let authority: http::uri::Authority = text.parse().ok()?;
        let is_plain = !authority.host().is_empty() && !text.contains('@');
        is_plain.then(|| {
            let port = authority.port_u16().unwrap_or(PORT);
            Self {
                authority: format!("{}:{port}", authority.host()),
            }
        })
    }

    /// The base of its addresses, such as `https://acme.conductor.one:443`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.authority)
    }
}

/// The client of a connector at the platform.
#[derive(Clone)]
pub struct Identity {
    /// The whole client id.
    pub(super) client_id: String,
    /// The part of it before the `@`.
    pub(super) name: String,
    /// For whom assertions are: the host in the client id, without a port.
    pub(super) audience: String,
    /// Whom to call.
    pub(super) host: ApiHost,
    pub(super) key: Key,
}

/// A private key, and its name if it has one.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: Option<String>,
    pub(super) private: EncodingKey,
}

impl Identity {
    /// Reads the client id `<name>@<host[:port]>/<path>` and the client secret, whose fourth part is
    /// the JWK (RFC 8037). `host` replaces the one in the client id.
    pub fn read(client_id: &str, secret: &SecretString, host: Option<&str>) -> Result<Self, Flaw> {
        let (name, rest) = client_id.split_once('@').ok_or(Flaw::ClientId)?;
        let (own, _) = rest.split_once('/').ok_or(Flaw::ClientId)?;
        let own_host = ApiHost::parse(own).ok_or(Flaw::ClientId)?;
        let audience = own.rsplit_once(':').map_or(own, |(host, _)| host);
        let host = match host {
            Some(host) => ApiHost::parse(host).ok_or(Flaw::Host)?,
            None => own_host,
        };
        Ok(Self {
            client_id: client_id.to_owned(),
            name: name.to_owned(),
            audience: audience.to_owned(),
            host,
            key: Key::read(secret)?,
        })
    }
}

/// A private key as a JWK (RFC 7517, RFC 8037).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    kid: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    d: Option<SecretString>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| text.map(SecretString::from))
}

impl Key {
    fn read(secret: &SecretString) -> Result<Self, Flaw> {
        let parts: Vec<&str> = secret.expose_secret().trim().splitn(4, ':').collect();
        let [_, _, "v1", jwk] = parts.as_slice() else {
            return Err(Flaw::SecretParts);
        };
        let jwk = URL_SAFE_NO_PAD.decode(jwk).map_err(|_| Flaw::Key)?;
        let jwk: Jwk = serde_json::from_slice(&jwk).map_err(|_| Flaw::Key)?;
        if jwk.kty != "OKP" || jwk.crv != "Ed25519" {
            return Err(Flaw::Key);
        }
        let seed = jwk.d.ok_or(Flaw::Key)?;
        let seed = URL_SAFE_NO_PAD.decode(seed.expose_secret());
        let seed: [u8; 32] = seed
            .ok()
            .and_then(|seed| seed.try_into().ok())
            .ok_or(Flaw::Key)?;
        Ok(Self {
            id: jwk.kid.filter(|id| !id.is_empty()),
            private: EncodingKey::from_ed_der(&pkcs8(&seed)),
        })
    }
}

/// The seed of an Ed25519 key as PKCS #8 (RFC 8410, section 7).
fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    const HEAD: [u8; 16] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    [HEAD.as_slice(), seed].concat()
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("client_id", &self.client_id)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;

    /// The key of RFC 8037, appendix A.1.
    const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    fn secret(jwk: &str) -> SecretString {
        format!(
            "secret-token:conductorone.com:v1:{}",
            URL_SAFE_NO_PAD.encode(jwk)
        )
        .into()
    }

    #[test_case("lake@acme.conductor.one/spc", None => Ok("https://acme.conductor.one:443 for acme.conductor.one".to_owned()); "a host")]
    #[test_case("lake@localhost:8443/spc", None => Ok("https://localhost:8443 for localhost".to_owned()); "a port")]
    #[test_case("lake@acme.conductor.one/spc", Some("127.0.0.1:9") => Ok("https://127.0.0.1:9 for acme.conductor.one".to_owned()); "another host")]
    #[test_case("lake@acme.conductor.one/spc", Some("https://x") => Err(Flaw::Host); "an address instead of a host")]
    #[test_case("lake.acme.conductor.one/spc", None => Err(Flaw::ClientId); "no at")]
    #[test_case("lake@acme.conductor.one", None => Err(Flaw::ClientId); "no path")]
    fn the_client_id_leads_to_the_host(id: &str, host: Option<&str>) -> Result<String, Flaw> {
        Identity::read(id, &secret(JWK), host)
            .map(|identity| format!("{} for {}", identity.host.url(), identity.audience))
    }

    #[test_case("S3CRET" => Flaw::SecretParts; "one part")]
    #[test_case("a:b:v2:S3CRET" => Flaw::SecretParts; "another version")]
    #[test_case("a:b:v1:S3CRET" => Flaw::Key; "no JWK")]
    fn a_wrong_secret_is_not_repeated(text: &str) -> Flaw {
        let flaw = Identity::read("n@h/p", &text.to_owned().into(), None).unwrap_err();
        assert!(!flaw.to_string().contains("S3CRET"));
        flaw
    }

    #[test]
    fn a_public_key_is_no_secret() {
        let public =
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let read = Identity::read("n@h/p", &secret(public), None);
        assert_eq!(read.unwrap_err(), Flaw::Key);
    }
}
