//! Access tokens of the platform, got with an assertion that the client's key signs (RFC 7523).

use std::time::Duration;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use parking_lot::Mutex;
use reqwest::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::json;
use tokio::time::Instant;
use tonic::metadata::{Ascii, MetadataValue};

use super::error::{Error, Result};
use super::identity::Identity;
use crate::metrics::HostMetrics;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long an assertion is valid before and after it is made.
const VALIDITY: SignedDuration = SignedDuration::from_mins(2);
/// A clock that differs from the platform's by more than this may be why it refuses an assertion.
const SKEW: SignedDuration = SignedDuration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(30);
/// A token is renewed so long before it expires.
const MARGIN: Duration = Duration::from_mins(1);
/// An answer of the token endpoint is never longer.
const LARGEST_ANSWER: usize = 64 << 10;

/// Gets tokens, and keeps the last one.
pub(super) struct Tokens {
    identity: Identity,
    client: reqwest::Client,
    kept: tokio::sync::Mutex<Option<Token>>,
    /// How far the platform's clock is ahead of ours.
    ahead: Mutex<SignedDuration>,
    metrics: HostMetrics,
}

struct Token {
    authorization: MetadataValue<Ascii>,
    renew_at: Instant,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(deserialize_with = "secret")]
    access_token: SecretString,
    #[serde(default)]
    token_type: String,
    #[serde(default)]
    expires_in: u64,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// What the token endpoint answered.
enum Answered {
    Token(Token),
    /// It refused, and its clock is so far ahead of ours.
    Refused(StatusCode, Option<SignedDuration>),
}

impl Tokens {
    pub(super) fn new(identity: Identity, metrics: HostMetrics) -> Result<Self> {
        let client = reqwest::Client::builder()
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("baton-c1-credential-provider")
            .timeout(PATIENCE)
            .build()
            .map_err(|source| Error::Client { source })?;
        Ok(Self {
            identity,
            client,
            kept: tokio::sync::Mutex::new(None),
            ahead: Mutex::new(SignedDuration::ZERO),
            metrics,
        })
    }

    /// The value of the header `authorization`.
    pub(super) async fn authorization(&self) -> Result<MetadataValue<Ascii>> {
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept
            .as_ref()
            .filter(|token| Instant::now() < token.renew_at)
        {
            return Ok(token.authorization.clone());
        }
        let token = self.get().await;
        self.metrics.sign_in(match &token {
            Ok(_) => "ok",
            Err(Error::TokenRefused { .. }) => "refused",
            Err(_) => "failed",
        });
        let token = token?;
        let authorization = token.authorization.clone();
        *kept = Some(token);
        Ok(authorization)
    }

    /// Forgets a token that the platform refused, unless another one is there already.
    pub(super) async fn refused(&self, authorization: &MetadataValue<Ascii>) {
        let mut kept = self.kept.lock().await;
        if kept
            .as_ref()
            .is_some_and(|token| token.authorization == *authorization)
        {
            *kept = None;
        }
    }

    /// A clock that is wrong makes assertions that are not valid yet, or no longer. The platform's
    /// answer tells its time, so a second assertion can be right.
    async fn get(&self) -> Result<Token> {
        match self.ask().await? {
            Answered::Token(token) => Ok(token),
            Answered::Refused(_, Some(ahead)) => {
                *self.ahead.lock() = ahead;
                tracing::warn!(
                    seconds = ahead.as_secs(),
                    "the clock of this computer differs from the platform's by so much; signing in \
                     with the platform's time, set the clock right"
                );
                match self.ask().await? {
                    Answered::Token(token) => Ok(token),
                    Answered::Refused(status, _) => Err(Error::TokenRefused { status }),
                }
            }
            Answered::Refused(status, None) => Err(Error::TokenRefused { status }),
        }
    }

    async fn ask(&self) -> Result<Answered> {
        let ahead = *self.ahead.lock();
        let assertion =
            self.assertion(Timestamp::now().saturating_add(ahead).unwrap_or_default())?;
        let form = [
            ("client_id", self.identity.client_id.as_str()),
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion.expose_secret()),
        ];
        let url = format!("{}/auth/v1/token", self.identity.host.url());
        let unreachable = |source: reqwest::Error| Error::TokenEndpoint {
            // The address is known, and says nothing about the cause.
            source: source.without_url(),
        };
        let sent = self.client.post(url).form(&form).send().await;
        let mut answer = sent.map_err(unreachable)?;
        let status = answer.status();
        if status != StatusCode::OK {
            let is_refusal = matches!(status.as_u16(), 400 | 401 | 403);
            let skew = clock_of(&answer)
                .map(|theirs| theirs.duration_since(Timestamp::now()))
                .filter(|now_ahead| is_refusal && (*now_ahead - ahead).abs() > SKEW);
            return Ok(Answered::Refused(status, skew));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST_ANSWER {
                return Err(Error::TokenAnswer);
            }
        }
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| Error::TokenAnswer)?;
        Token::new(&answer).map(Answered::Token)
    }

    fn assertion(&self, now: Timestamp) -> Result<SecretString> {
        let mut nonce = [0; 16];
        rand::fill(&mut nonce).map_err(|_| Error::Signing)?;
        let Identity {
            client_id,
            audience,
            key,
            ..
        } = &self.identity;
        let mut header = json!({ "alg": "EdDSA", "nonce": URL_SAFE_NO_PAD.encode(nonce) });
        if let (Some(id), Some(header)) = (&key.id, header.as_object_mut()) {
            header.insert("kid".to_owned(), json!(id));
        }
        let second = now.as_second();
        let claims = json!({
            "iss": client_id,
            "sub": client_id,
            "aud": [audience],
            "iat": second,
            "nbf": second - VALIDITY.as_secs(),
            "exp": second + VALIDITY.as_secs(),
        });
        sign(&header, &claims, &key.private)
    }
}

/// A compact JWS (RFC 7515). The library knows no header `nonce`.
fn sign(
    header: &serde_json::Value,
    claims: &serde_json::Value,
    key: &EncodingKey,
) -> Result<SecretString> {
    let part = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature =
        crypto::sign(message.as_bytes(), key, Algorithm::EdDSA).map_err(|_| Error::Signing)?;
    Ok(format!("{message}.{signature}").into())
}

/// The time in the header `Date` (RFC 9110, section 6.6.1).
fn clock_of(answer: &reqwest::Response) -> Option<Timestamp> {
    let date = answer.headers().get(reqwest::header::DATE)?.to_str().ok()?;
    let date = httpdate::parse_http_date(date).ok()?;
    Timestamp::try_from(date).ok()
}

impl Token {
    fn new(answer: &Answer) -> Result<Self> {
        let kind = match answer.token_type.as_str() {
            "" => "Bearer",
            kind if kind.eq_ignore_ascii_case("bearer") => "Bearer",
            kind => kind,
        };
        let token = answer.access_token.expose_secret();
        if token.is_empty() {
            return Err(Error::TokenAnswer);
        }
        let value = format!("{kind} {token}");
        let mut authorization: MetadataValue<Ascii> =
            value.parse().map_err(|_| Error::TokenAnswer)?;
        authorization.set_sensitive(true);
        let life = Duration::from_secs(answer.expires_in);
        // A token that lives shorter than the margin is used for half of its life.
        let life = life.saturating_sub(MARGIN).max(life / 2);
        let now = Instant::now();
        Ok(Self {
            authorization,
            renew_at: now.checked_add(life).unwrap_or(now),
        })
    }
}
