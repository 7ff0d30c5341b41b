//! A capability: something that the connector reads or does, and what that needs.

use super::permission::Permission;

/// Something that the connector reads or does.
#[derive(Clone, Copy, Debug)]
pub struct Capability {
    /// `read.user`, `grant.role`, `action.freeze_user`.
    pub id: &'static str,
    /// What it is, for the documents: `frozen and password-locked users`.
    pub what: &'static str,
    /// The part of the registry that it belongs to.
    pub covers: Covers,
    /// Salesforce objects without which it does not work.
    pub objects: &'static [&'static str],
    /// Objects that it also uses if they are there.
    pub also: &'static [&'static str],
    /// The permissions; all needs must be met.
    pub needs: &'static [Need],
    /// What happens without it: the end of a sentence.
    pub without: &'static str,
    /// What permissions alone do not decide, such as field-level security and sharing.
    pub note: Option<&'static str>,
    /// Where Salesforce says so.
    pub source: &'static str,
}

/// The part of the registry that a capability belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covers {
    /// Reading the resources of this type.
    Read(&'static str),
    /// Granting and revoking on resources of this type.
    Grant(&'static str),
    /// Creating resources of this type.
    Create(&'static str),
    /// Deleting resources of this type.
    Delete(&'static str),
    /// Reading the event feed with this id.
    Feed(&'static str),
    /// The action of this name.
    Action(&'static str),
    /// A part of the capability with this id, which works without the part.
    PartOf(&'static str),
}

/// Permissions of which one is enough.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// The one to ask for comes first.
    pub any_of: &'static [Permission],
    /// How sure it is that Salesforce asks for it.
    pub strength: Strength,
}

/// How sure a need is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Salesforce's own documents name it.
    Documented,
    /// Guides of other connectors name it and Salesforce's documents do not: some orgs may do
    /// without it.
    Reported,
}

impl Need {
    pub(super) const fn documented(any_of: &'static [Permission]) -> Self {
        let strength = Strength::Documented;
        Self { any_of, strength }
    }

    pub(super) const fn reported(any_of: &'static [Permission]) -> Self {
        let strength = Strength::Reported;
        Self { any_of, strength }
    }
}

impl Capability {
    /// Whether it reads only.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.id.starts_with("read.")
    }

    /// Whether it is an option of another capability.
    #[must_use]
    pub fn is_option(&self) -> bool {
        !self.is_read() && matches!(self.covers, Covers::PartOf(_))
    }
}
