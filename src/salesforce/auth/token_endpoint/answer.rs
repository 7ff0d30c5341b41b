//! Answers of the token endpoint: lenient where a difference does not matter.

use oauth2::{
    AccessToken, RefreshToken, RequestTokenError, Scope, TokenResponse,
    basic::{BasicErrorResponse, BasicTokenType},
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::super::{AuthError, Identity, Refusal};
use crate::salesforce::answer::Head;

/// The fields of a token answer that are used. Salesforce sends times as text where its
/// documentation shows numbers, so every other field may have any type.
#[derive(Debug, Deserialize, Serialize)]
#[serde(try_from = "Map<String, Value>")]
pub(super) struct Answer {
    access_token: AccessToken,
    refresh_token: Option<RefreshToken>,
    instance_url: Option<String>,
    identity_url: Option<String>,
    scope: Option<String>,
    token_type: BasicTokenType,
}

/// A request for tokens that failed.
#[derive(Debug)]
pub(in super::super) struct Failed {
    pub(in super::super) error: AuthError,
    pub(in super::super) fate: Fate,
    /// A new refresh token in an answer that cannot be used otherwise.
    pub(in super::super) refresh_token: Option<SecretString>,
    /// How far the server's clock is ahead of ours, in seconds.
    pub(in super::super) clock_ahead: Option<i64>,
}

/// What is known of a credential after a request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Fate {
    /// It was not sent.
    NotSent,
    /// The server answered that it issues no tokens.
    Refused,
    /// It was sent, and the server may have used it.
    Unknown,
}

impl Answer {
    pub(super) fn access_token(&self) -> SecretString {
        self.access_token.secret().as_str().into()
    }

    pub(super) fn refresh_token(&self) -> Option<SecretString> {
        let token = self.refresh_token.as_ref()?;
        Some(token.secret().as_str().into())
    }

    pub(super) fn instance_url(&self) -> Option<&str> {
        self.instance_url.as_deref()
    }

    pub(super) fn identity(&self) -> Option<Identity> {
        Identity::parse(self.identity_url.as_deref()?)
    }

    pub(super) fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }
}

impl TryFrom<Map<String, Value>> for Answer {
    type Error = &'static str;

    fn try_from(mut fields: Map<String, Value>) -> Result<Self, Self::Error> {
        let mut text = |name: &str| match fields.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let access_token = text("access_token").ok_or("it has no access token")?;
        Ok(Self {
            access_token: AccessToken::new(access_token),
            refresh_token: text("refresh_token").map(RefreshToken::new),
            instance_url: text("instance_url"),
            identity_url: text("id"),
            scope: text("scope"),
            token_type: BasicTokenType::Bearer,
        })
    }
}

/// The `oauth2` crate asks for it, but nothing reads it.
impl TokenResponse for Answer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<std::time::Duration> {
        None
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

impl Failed {
    /// An answer that issues tokens, but none that may be used.
    pub(super) fn unusable(error: AuthError, refresh_token: Option<SecretString>) -> Self {
        Self {
            error,
            fate: Fate::Unknown,
            refresh_token,
            clock_ahead: None,
        }
    }

    /// The body of a failed exchange may hold anything, so only the code and known texts survive.
    pub(super) fn from_error(
        error: RequestTokenError<AuthError, BasicErrorResponse>,
        head: Head,
        departed: bool,
    ) -> Self {
        let clock_ahead = head.clock_ahead;
        let status = head.status;
        let (error, understood) = match error {
            RequestTokenError::Request(error) => (error, false),
            RequestTokenError::ServerResponse(answer) => {
                let description = answer.error_description().map_or("", String::as_str);
                let error = AuthError::from_oauth(head, answer.error().as_ref(), description);
                (error, true)
            }
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                (AuthError::from_head(head), false)
            }
        };
        let fate = match status {
            _ if !departed => Fate::NotSent,
            // There is no answer, or one that promised tokens, or (RFC 9110) the server gave up in
            // the middle. A gateway sends a 5xx although the server behind it has gone on.
            0..300 | 408 | 500.. => Fate::Unknown,
            _ if understood && error.refusal() == Refusal::Unavailable => Fate::Unknown,
            // RFC 6749, section 5.2: an error issues no token. A redirect or a 4xx without a code
            // comes from something in front of the endpoint, which has not read the form.
            _ => Fate::Refused,
        };
        Self {
            error,
            fate,
            refresh_token: None,
            clock_ahead,
        }
    }
}

impl From<Failed> for AuthError {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

/// Rewrites a body to what the `oauth2` crate reads: a JSON object with texts. `None` if it is no
/// answer of a token endpoint.
pub(super) fn normalized(body: &[u8], succeeded: bool) -> Option<Vec<u8>> {
    let fields = match serde_json::from_slice::<Map<String, Value>>(body) {
        Ok(fields) => fields,
        Err(_) => form(body)?,
    };
    if succeeded {
        return serde_json::to_vec(&fields).ok();
    }
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let mut refusal = Map::new();
    refusal.insert("error".into(), text("error")?.into());
    if let Some(description) = text("error_description") {
        refusal.insert("error_description".into(), description.into());
    }
    serde_json::to_vec(&refusal).ok()
}

/// Salesforce also answers in the form of a query string.
fn form(body: &[u8]) -> Option<Map<String, Value>> {
    let is_form = ["access_token=", "error=", "&access_token=", "&error="];
    let text = std::str::from_utf8(body).ok()?.trim();
    if text.contains(['<', '{']) || !is_form.iter().any(|name| text.contains(name)) {
        return None;
    }
    let pairs = form_urlencoded::parse(text.as_bytes());
    Some(
        pairs
            .map(|(name, value)| (name.into_owned(), value.into()))
            .collect(),
    )
}

/// Reads `{"active": …}` of the introspection endpoint (RFC 7662).
pub(super) fn is_active(body: &[u8]) -> Option<bool> {
    let answer = serde_json::from_slice::<Map<String, Value>>(body).ok()?;
    answer.get("active")?.as_bool()
}
