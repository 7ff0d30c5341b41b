//! What Salesforce's error codes and texts mean, and where to fix the cause in Setup.
//!
//! One catalogue for sign-ins, calls and writes: `sign_in.rs` and `calls.rs` hold the codes and
//! texts, `auth/refusal.rs` what a refused sign-in means, `obstacle.rs` what the network means.
//! `docs/troubleshooting.md` prints all of it. The places are named as Setup names them for an
//! External Client App; a connected app has the same fields under Setup > App Manager.
//! Must not know: requests, gRPC, Baton.

mod calls;
mod deactivation;
mod sign_in;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub(in crate::salesforce) use self::sign_in::{oauth, soap};
pub use self::{calls::call, deactivation::deactivation};
use super::{auth::Refusal, error::Error, obstacle::Obstacle};

/// What happened and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Advice {
    /// What happened.
    pub cause: &'static str,
    /// What to do, with the place in Setup. Empty if waiting is all that can be done.
    pub remedy: &'static str,
}

/// The org has no SCIM service, or not for this user.
pub const NO_SCIM: Advice = Advice {
    cause: "SCIM (/services/scim/v2) is not available in this org or not to the connector's user",
    remedy: "give the connector's user \"API Enabled\" and \"Manage Users\", in a sandbox \"View \
             All Users\" too, or leave --lifecycle-api at rest",
};

/// A row of the catalogue as the documents print it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Codes and texts of Salesforce; empty for what the connector itself finds.
    pub says: Vec<String>,
    /// What they mean.
    pub advice: Advice,
}

/// A code or a text by which an answer is recognised.
struct Sign<T: 'static> {
    /// Any of these; without one, the text alone decides.
    codes: &'static [&'static str],
    /// A part of the text, in lower case; empty for every text.
    phrase: &'static str,
    meaning: T,
}

impl<T> Sign<T> {
    fn matches(&self, code: &str, text: &str) -> bool {
        let has_code = self.codes.iter().any(|it| it.eq_ignore_ascii_case(code));
        (self.codes.is_empty() || has_code) && text.contains(self.phrase)
    }

    /// How the documents print it.
    fn says(&self) -> Vec<String> {
        let phrase = match self.phrase {
            "" => String::new(),
            phrase => format!("… {phrase} …"),
        };
        if self.codes.is_empty() {
            return vec![phrase];
        }
        let codes = self.codes.iter();
        codes
            .map(|code| format!("{code} {phrase}").trim_end().to_owned())
            .collect()
    }
}

/// The meaning of the first sign that fits. Texts are compared without case.
fn find<T: Copy>(signs: &[Sign<T>], code: &str, text: &str) -> Option<T> {
    let text = text.to_ascii_lowercase().replace('’', "'");
    let found = signs.iter().find(|sign| sign.matches(code, &text));
    found.map(|sign| sign.meaning)
}

impl Refusal {
    /// What happened and what to do about it.
    #[must_use]
    pub fn advice(self) -> Advice {
        let (cause, remedy) = self.text().split_once("; ").unwrap_or((self.text(), ""));
        Advice { cause, remedy }
    }
}

impl From<Obstacle> for Advice {
    fn from(obstacle: Obstacle) -> Self {
        Self {
            cause: obstacle.cause(),
            remedy: obstacle.remedy(),
        }
    }
}

impl Error {
    /// What happened and what to do about it, if the catalogue knows.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        if let Some(obstacle) = self.obstacle() {
            return Some(obstacle.into());
        }
        match self {
            Self::Auth(error) => Some(error.refusal().advice()),
            error if error.is_scim_unavailable() => Some(NO_SCIM),
            error => {
                let answer = error.api()?;
                call(answer.code()?.as_str(), answer.message())
            }
        }
    }
}

/// The rows for sign-ins.
#[must_use]
pub fn sign_in_rows() -> Vec<Row> {
    let row = |refusal: &Refusal| Row {
        says: sign_in::signs_of(*refusal),
        advice: refusal.advice(),
    };
    Refusal::ALL.iter().map(row).collect()
}

/// The rows for calls.
#[must_use]
pub fn call_rows() -> Vec<Row> {
    let mut seen = BTreeSet::new();
    let advice = calls::ALL.iter().map(|sign| sign.meaning);
    advice
        .filter(|advice| seen.insert(advice.cause))
        .map(|advice| Row {
            says: calls::signs_of(advice),
            advice,
        })
        .collect()
}

/// The rows for the network.
#[must_use]
pub fn network_rows() -> Vec<Row> {
    let row = |obstacle: &Obstacle| Row {
        says: Vec::new(),
        advice: (*obstacle).into(),
    };
    Obstacle::ALL.iter().map(row).collect()
}
