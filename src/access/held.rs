//! One way in which somebody has an entitlement.

use std::fmt;
use std::rc::Rc;

use prost_types::value::Kind;

use crate::c1z::{GrantRow, annotation};
use crate::pb::connector::{GrantMetadata, ResourceId};

/// An entitlement on a path, with the names that people know.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The id of the entitlement.
    pub entitlement: String,
    /// Its short name, such as `member`.
    pub slug: String,
    /// The resource that it is on.
    pub resource: ResourceId,
    /// What people call the type of that resource.
    pub kind: String,
    /// The name of that resource.
    pub name: String,
}

impl fmt::Display for Step {
    /// `Permission Set Sales Ops`; the short name of the entitlement only where it says something.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.kind, self.name)?;
        if matches!(self.slug.as_str(), "" | "assigned" | "member") {
            Ok(())
        } else {
            write!(out, " ({})", self.slug)
        }
    }
}

/// What limits a direct grant.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limits {
    /// When it ends, as the sync shows it (RFC 3339).
    pub expires_at: Option<String>,
    /// It only counts in sessions in which its holder activates it.
    pub needs_activation: bool,
}

impl Limits {
    pub(super) fn of(grant: &GrantRow) -> Self {
        let metadata = annotation::first::<GrantMetadata>(&grant.annotations);
        let facts = metadata.and_then(|metadata| metadata.metadata);
        let facts = facts.map(|facts| facts.fields).unwrap_or_default();
        let fact = |key: &str| facts.get(key).and_then(|value| value.kind.clone());
        Self {
            expires_at: match fact("expires_at") {
                Some(Kind::StringValue(at)) => Some(at),
                _ => None,
            },
            needs_activation: fact("session_activation_required") == Some(Kind::BoolValue(true)),
        }
    }
}

impl fmt::Display for Limits {
    /// In words; empty if there are none.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.expires_at.as_ref().map(|at| format!("until {at}"));
        let session = self
            .needs_activation
            .then(|| "only in sessions that activate it".to_owned());
        let limits: Vec<String> = [end, session].into_iter().flatten().collect();
        out.write_str(&limits.join(", "))
    }
}

/// One way in which somebody has an entitlement.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// From what the person holds directly to what it leads to. Never empty.
    pub path: Vec<Rc<Step>>,
    /// What limits the direct grant.
    pub limits: Limits,
}

impl Held {
    /// What is held in the end.
    #[must_use]
    pub fn target(&self) -> Option<&Rc<Step>> {
        self.path.last()
    }

    /// What it is held through, from what the person holds directly onwards; empty for a direct
    /// grant.
    #[must_use]
    pub fn through(&self) -> &[Rc<Step>] {
        self.path.split_last().map_or(&[], |(_, before)| before)
    }

    /// [`Self::through`] in words: `Group East > Group Sales`.
    #[must_use]
    pub fn through_words(&self) -> String {
        let steps = self.through().iter().map(ToString::to_string);
        steps.collect::<Vec<_>>().join(" > ")
    }
}

impl fmt::Display for Held {
    /// `through Group East, until 2027-01-31T00:00:00Z`
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.through() {
            [] => out.write_str("directly")?,
            _ => write!(out, "through {}", self.through_words())?,
        }
        match self.limits.to_string() {
            limits if limits.is_empty() => Ok(()),
            limits => write!(out, ", {limits}"),
        }
    }
}
