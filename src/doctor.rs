//! The report of the command `doctor`: what was checked and what was found. As JSON for programs,
//! as a table or plain lines for people.
//!
//! Must not know: Salesforce, or how anything is checked.

mod print;

#[cfg(test)]
mod tests;

use serde::Serialize;

/// What the checks found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// The result of all checks together.
    pub result: Outcome,
    /// The org, as far as it is known.
    pub org: Org,
    /// The signed-in user, as far as it is known.
    pub user: User,
    /// The checks, in the order in which they were made.
    pub checks: Vec<Check>,
}

/// The result of all checks together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything was checked and works.
    Ok,
    /// A sync works. Something else does not, or is not known.
    Warnings,
    /// A sync is pointless.
    #[default]
    Failed,
}

/// An org. What is not known is `null` in JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Org {
    /// Its id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its edition.
    pub edition: Option<String>,
    /// Whether it is a sandbox.
    pub sandbox: Option<bool>,
    /// The host of its API.
    pub instance_url: Option<String>,
    /// The version of the API that the connector uses.
    pub api_version: Option<String>,
    /// The newest version that the org has.
    pub api_version_newest: Option<String>,
    /// API calls of the last 24 hours, of all clients.
    pub calls_used: Option<u64>,
    /// API calls that are allowed in 24 hours.
    pub calls_allowed: Option<u64>,
}

/// A user. What is not known is `null` in JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct User {
    /// Its id.
    pub id: Option<String>,
    /// Its username.
    pub username: Option<String>,
    /// The name of its profile.
    pub profile: Option<String>,
    /// The name of its licence.
    pub license: Option<String>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked: `connection.dns`, `read.user`, `grant.role`.
    pub id: &'static str,
    /// The result.
    pub state: State,
    /// The permission that is missing, as Setup names it.
    pub permission: Option<String>,
    /// What was seen.
    pub cause: Option<String>,
    /// What to do.
    pub remedy: Option<String>,
    /// How it counts in the result.
    #[serde(skip)]
    pub weight: Weight,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It works.
    Allowed,
    /// It does not.
    Denied,
    /// The org does not have it.
    Absent,
    /// It is not known.
    Unknown,
}

/// How a check counts in the result, unless it is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Without it a sync is pointless.
    Vital,
    /// It is a warning.
    Usual,
    /// It does not count.
    Note,
}

impl Check {
    /// A check with this result.
    #[must_use]
    pub fn new(id: &'static str, state: State) -> Self {
        Self {
            id,
            state,
            permission: None,
            cause: None,
            remedy: None,
            weight: Weight::Usual,
        }
    }

    /// What was seen.
    #[must_use]
    pub fn because(self, cause: impl Into<Option<String>>) -> Self {
        let cause = cause.into();
        Self { cause, ..self }
    }

    /// What to do.
    #[must_use]
    pub fn fix(self, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Self { remedy, ..self }
    }

    /// The permission that is missing.
    #[must_use]
    pub fn permission(self, label: impl Into<String>) -> Self {
        let permission = Some(label.into());
        Self { permission, ..self }
    }

    /// How it counts.
    #[must_use]
    pub fn weighing(self, weight: Weight) -> Self {
        Self { weight, ..self }
    }
}

impl Report {
    /// Computes the result from the checks.
    #[must_use]
    pub fn judged(mut self) -> Self {
        let open = || {
            let is_open = |check: &&Check| check.state != State::Allowed;
            self.checks.iter().filter(is_open)
        };
        self.result = if self.checks.is_empty() || open().any(|one| one.weight == Weight::Vital) {
            Outcome::Failed
        } else if open().any(|one| one.weight == Weight::Usual) {
            Outcome::Warnings
        } else {
            Outcome::Ok
        };
        self
    }

    /// The report as one JSON object, with a line break at the end.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A struct of texts, numbers and flags is always JSON.
        let json = serde_json::to_string_pretty(self).unwrap_or_default();
        format!("{json}\n")
    }

    /// The exit code of the command: 0, 1 for warnings, 2 for a failure.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.result {
            Outcome::Ok => 0,
            Outcome::Warnings => 1,
            Outcome::Failed => 2,
        }
    }
}

impl State {
    /// The word in JSON and in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Absent => "absent",
            Self::Unknown => "unknown",
        }
    }
}
