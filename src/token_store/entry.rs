//! One family of refresh tokens: the newest one, and what is known of it.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// Hashes of earlier tokens that an entry keeps. Somebody may have configured one of them.
const ANCESTORS: usize = 32;

/// A token by which the store can recognize it again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(String);

/// Where an app signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Scheme, host and port, such as `https://login.salesforce.com`.
    pub origin: String,
    /// Whether it is one of Salesforce's own hosts. They all know the same tokens.
    pub is_salesforce: bool,
}

/// A sign-in that has just succeeded.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The app.
    pub client_id: String,
    /// Where the app signed in.
    pub place: Place,
    /// The origin of the org's API.
    pub instance: Option<String>,
    /// The id of the org.
    pub org_id: Option<String>,
    /// The id of the user.
    pub user_id: Option<String>,
    /// The granted scopes.
    pub scope: Option<String>,
    /// What renews the session.
    pub refresh_token: SecretString,
}

/// One family of refresh tokens.
#[derive(Clone, Serialize, Deserialize)]
pub struct Entry {
    /// The app.
    pub client_id: String,
    /// Where the app signs in.
    pub place: Place,
    /// The origin of the org's API, if it has been told.
    pub instance: Option<String>,
    /// The id of the org.
    pub org_id: Option<String>,
    /// The id of the user.
    pub user_id: Option<String>,
    /// The granted scopes.
    pub scope: Option<String>,
    /// The first token, and those of sign-ins that this one has replaced. Never dropped: they may
    /// be configured somewhere.
    first: Vec<TokenHash>,
    /// Later tokens, oldest first, without the present one.
    ancestors: Vec<TokenHash>,
    #[serde(serialize_with = "expose", deserialize_with = "conceal")]
    refresh_token: SecretString,
    /// Whether the org replaces the token when it is used. `None` until it has been used once.
    pub rotates: Option<bool>,
    /// Since when the token is on its way to the org. The answer is missing.
    pub in_flight: Option<Timestamp>,
    /// Whether the org has refused the token as expired, so that it is not sent again.
    pub expired: bool,
    /// When the first token was stored.
    pub created_at: Timestamp,
    /// When the present token was stored or last used.
    pub renewed_at: Timestamp,
}

impl TokenHash {
    /// Computes the hash of a token.
    #[must_use]
    pub fn of(token: &SecretString) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(token.expose_secret())))
    }
}

impl Entry {
    /// An entry for a token that has not been used yet.
    #[must_use]
    pub fn new(sign_in: SignIn) -> Self {
        let now = Timestamp::now();
        Self {
            client_id: sign_in.client_id,
            place: sign_in.place,
            instance: sign_in.instance,
            org_id: sign_in.org_id,
            user_id: sign_in.user_id,
            scope: sign_in.scope,
            first: vec![TokenHash::of(&sign_in.refresh_token)],
            ancestors: Vec::new(),
            refresh_token: sign_in.refresh_token,
            rotates: None,
            in_flight: None,
            expired: false,
            created_at: now,
            renewed_at: now,
        }
    }

    /// The newest token of the family.
    #[must_use]
    pub fn refresh_token(&self) -> &SecretString {
        &self.refresh_token
    }

    /// Records that the org has answered: with a new token, or without one.
    pub fn renew(&mut self, new: Option<SecretString>) {
        let used = TokenHash::of(&self.refresh_token);
        // Some servers repeat the token that they were given.
        let new = new.filter(|new| TokenHash::of(new) != used);
        self.rotates = Some(new.is_some());
        self.in_flight = None;
        self.expired = false;
        self.renewed_at = Timestamp::now();
        if let Some(new) = new {
            self.refresh_token = new;
            if !self.first.contains(&used) {
                self.ancestors.push(used);
            }
            let excess = self.ancestors.len().saturating_sub(ANCESTORS);
            self.ancestors.drain(..excess);
        }
    }

    /// Whether the token was ever the newest of this family.
    #[must_use]
    pub fn descends_from(&self, token: &TokenHash) -> bool {
        self.first.contains(token)
            || self.ancestors.contains(token)
            || TokenHash::of(&self.refresh_token) == *token
    }

    /// Whether a token of this entry may be used by the app at that host.
    pub(super) fn is_for(&self, client_id: &str, place: &Place) -> bool {
        self.client_id == client_id
            && (self.is_at(place) || (self.place.is_salesforce && place.is_salesforce))
    }

    /// Whether the app signed in at that host, or the org has that host.
    pub(super) fn is_at(&self, place: &Place) -> bool {
        self.place.origin == place.origin || self.instance.as_deref() == Some(&place.origin)
    }

    pub(super) fn has_same_first(&self, other: &Self) -> bool {
        self.client_id == other.client_id
            && self.first.iter().any(|first| other.first.contains(first))
    }

    /// Makes the tokens of an entry that this one replaces lead here.
    pub(super) fn inherit(&mut self, replaced: &Self) {
        let present = TokenHash::of(&replaced.refresh_token);
        for token in &replaced.first {
            if !self.first.contains(token) {
                self.first.push(token.clone());
            }
        }
        let later = replaced.ancestors.iter().chain([&present]);
        for token in later {
            if !self.descends_from(token) {
                self.ancestors.push(token.clone());
            }
        }
        let excess = self.ancestors.len().saturating_sub(ANCESTORS);
        self.ancestors.drain(..excess);
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash")
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("place", &self.place.origin)
            .field("rotates", &self.rotates)
            .field("in_flight", &self.in_flight)
            .field("expired", &self.expired)
            .finish_non_exhaustive()
    }
}

fn expose<S: Serializer>(token: &SecretString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(token.expose_secret())
}

fn conceal<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}
