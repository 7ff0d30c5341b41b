//! Authorization codes. Each can be used once, for a limited time.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::session::opaque;
use crate::org::FamilyId;

/// Lifetime of an authorization code.
const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// The request that a code was issued for.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    /// `code_challenge` of PKCE.
    pub(crate) challenge: Option<String>,
    pub(crate) scope: String,
    pub(crate) user_id: String,
    pub(crate) issued: Timestamp,
}

impl Code {
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        now.duration_since(self.issued) > LIFETIME
    }
}

/// All codes that were issued.
#[derive(Debug, Default)]
pub(crate) struct Codes(HashMap<String, Entry>);

#[derive(Debug)]
struct Entry {
    code: Code,
    uses: u32,
    /// The approval that the first use gave.
    family: Option<FamilyId>,
}

/// The result of using a code.
#[derive(Debug)]
pub(crate) enum Use {
    /// No such code.
    Unknown,
    /// The first use.
    First(Code),
    /// It was used before. What the first use gave must end (RFC 6749, 4.1.2).
    Again(Option<FamilyId>),
}

impl Codes {
    /// Stores a code and returns its text.
    pub(crate) fn issue(&mut self, code: Code) -> String {
        // Like real codes, it ends in characters that need URL encoding.
        let text = format!("aPrx{}==", opaque());
        let entry = Entry {
            code,
            uses: 0,
            family: None,
        };
        self.0.insert(text.clone(), entry);
        text
    }

    /// Uses a code.
    pub(crate) fn take(&mut self, text: &str) -> Use {
        let Some(entry) = self.0.get_mut(text) else {
            return Use::Unknown;
        };
        entry.uses = entry.uses.saturating_add(1);
        match entry.uses {
            1 => Use::First(entry.code.clone()),
            _ => Use::Again(entry.family),
        }
    }

    /// Records the approval that a code gave.
    pub(crate) fn gave(&mut self, text: &str, family: FamilyId) {
        if let Some(entry) = self.0.get_mut(text) {
            entry.family = Some(family);
        }
    }

    /// Whether a code was used twice, so that its sessions have ended.
    pub(crate) fn is_void(&self, text: &str) -> bool {
        self.0.get(text).is_some_and(|entry| entry.uses > 1)
    }
}
