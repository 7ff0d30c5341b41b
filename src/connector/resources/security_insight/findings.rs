//! What there is to say about one account. Nothing is read here.

use jiff::{SignedDuration, Timestamp};

use crate::baton::{Finding, RiskFactor, Severity};
use crate::connector::resources::giver::Giver;
use crate::connector::resources::user_facts::{Idle, Known, UserFacts};
use crate::strong_permissions::{Strength, StrongPermission};

/// So many paths are named; the others are counted.
const PATHS: usize = 20;

/// What a finding is about. Its name is a part of the resource's id, which hosts have stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tier(u8),
    Dormant,
    Frozen,
    NoFederationId,
}

impl Kind {
    pub(super) fn name(self) -> String {
        match self {
            Self::Tier(tier) => format!("tier-{tier}"),
            Self::Dormant => "dormant".to_owned(),
            Self::Frozen => "frozen".to_owned(),
            Self::NoFederationId => "no-federation-id".to_owned(),
        }
    }

    /// The beginning of a finding's display name.
    pub(super) fn title(self) -> String {
        match self {
            Self::Tier(tier) => format!("Tier {tier} permissions"),
            Self::Dormant => "Dormant account".to_owned(),
            Self::Frozen => "Frozen account with seats".to_owned(),
            Self::NoFederationId => "Privileged without a federation identifier".to_owned(),
        }
    }
}

/// How somebody has strong permissions.
pub(super) struct Path {
    pub(super) giver: Giver,
    pub(super) name: String,
    pub(super) strength: Strength,
    pub(super) until: Option<Timestamp>,
    /// Only in a session in which it was activated.
    pub(super) in_session: bool,
}

impl Path {
    fn factor(&self, tier: u8, told: &[&StrongPermission]) -> RiskFactor {
        let what = match self.giver {
            Giver::Profile => "profile",
            Giver::Set => "permission set",
            Giver::Group => "permission set group",
        };
        let given: Vec<&str> = told
            .iter()
            .filter(|permission| self.strength.has(permission))
            .map(|permission| permission.label)
            .collect();
        let until = self.until.map(|until| format!(", until {until}"));
        let until = until.unwrap_or_default();
        let (session, severity) = if self.in_session {
            let session = ", only in a session in which it is activated";
            (session, Severity::Low)
        } else {
            ("", severity(tier))
        };
        let (name, given) = (&self.name, given.join(", "));
        RiskFactor {
            description: format!("The {what} {name} gives {given}{until}{session}."),
            severity,
        }
    }
}

/// An account with everything that findings depend on.
pub(super) struct Account<'a> {
    pub(super) facts: &'a UserFacts,
    pub(super) paths: Vec<Path>,
    pub(super) is_frozen: bool,
    pub(super) known: Known,
    /// Who has not signed in since then is dormant.
    pub(super) dormant_before: Timestamp,
}

/// The moment so many days before `now`.
pub(super) fn days_before(now: Timestamp, days: u32) -> Timestamp {
    let span = SignedDuration::from_hours(24 * i64::from(days));
    now.checked_sub(span).unwrap_or(Timestamp::MIN)
}

/// A finding with the permissions that it is about.
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) finding: Finding,
    pub(super) permissions: Vec<&'static StrongPermission>,
}

impl Account<'_> {
    /// The findings, always in the same order. A deactivated account has none: it can do nothing and
    /// uses no seat.
    pub(super) fn findings(&self) -> Vec<Found> {
        if !self.facts.is_active {
            return Vec::new();
        }
        let held = self.paths.iter().map(|path| path.strength);
        let told = held.fold(Strength::default(), Strength::and).told();
        let mut found: Vec<Found> = (1..=3).filter_map(|tier| self.tier(tier, &told)).collect();
        let issue = |kind, text, severity| Found {
            kind,
            finding: Finding::Issue { text, severity },
            permissions: Vec::new(),
        };
        if let Some(text) = self.dormancy() {
            found.push(issue(Kind::Dormant, text, Severity::Medium));
        }
        if self.is_frozen {
            let text = "The account is frozen: it cannot sign in, but it still uses a seat of its \
                        user licence and of every licence that is assigned to it. Deactivate it to \
                        release them.";
            found.push(issue(Kind::Frozen, text.to_owned(), Severity::Low));
        }
        let strongest = told.iter().map(|permission| permission.tier).min();
        if strongest.is_some_and(|tier| tier < 3) && self.facts.lacks_federation_id(self.known) {
            let text = "The account has permissions of the first or second tier, and its federation \
                        identifier is empty: an identity provider that finds users by it does not \
                        know this account, so it may sign in with a password alone.";
            found.push(issue(Kind::NoFederationId, text.to_owned(), Severity::High));
        }
        found
    }

    fn tier(&self, tier: u8, told: &[&'static StrongPermission]) -> Option<Found> {
        let of_tier = told.iter().filter(|permission| permission.tier == tier);
        let permissions: Vec<&'static StrongPermission> = of_tier.copied().collect();
        if permissions.is_empty() {
            return None;
        }
        let gives = |path: &&Path| permissions.iter().any(|one| path.strength.has(one));
        let paths: Vec<&Path> = self.paths.iter().filter(gives).collect();
        let mut factors = Vec::new();
        if self.is_frozen {
            factors.push(RiskFactor {
                description: "The account is frozen: it cannot use them until it is unfrozen."
                    .to_owned(),
                severity: Severity::Low,
            });
        }
        let named = paths.iter().take(PATHS);
        factors.extend(named.map(|path| path.factor(tier, &permissions)));
        let more = paths.len().saturating_sub(PATHS);
        if more > 0 {
            factors.push(RiskFactor {
                description: format!("{more} more ways are not named."),
                severity: severity(tier),
            });
        }
        let is_dampened = self.is_frozen || paths.iter().all(|path| path.in_session);
        let score = score(tier) / if is_dampened { 2 } else { 1 };
        Some(Found {
            kind: Kind::Tier(tier),
            finding: Finding::Risk {
                score,
                source: format!("tier {tier}"),
                factors,
            },
            permissions,
        })
    }

    fn dormancy(&self) -> Option<String> {
        match self.facts.idle_since(self.known)? {
            Idle::LastLogin(last) if last < self.dormant_before => Some(format!(
                "The account is active, but its last sign-in was at {last}."
            )),
            Idle::NeverSince(created) if created < self.dormant_before => Some(format!(
                "The account is active, but nobody has signed in since it was created at {created}."
            )),
            _ => None,
        }
    }
}

fn severity(tier: u8) -> Severity {
    match tier {
        1 => Severity::Critical,
        2 => Severity::High,
        _ => Severity::Medium,
    }
}

/// Of 100.
fn score(tier: u8) -> u32 {
    match tier {
        1 => 90,
        2 => 70,
        _ => 40,
    }
}
