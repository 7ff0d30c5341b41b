//! What can be different between two syncs.

use std::rc::Rc;

use crate::access::{Held, Limits, Person, State, Step};

/// One change.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// Of an account, or of what its owner has.
    OfPerson {
        /// The account, as the newer sync has it, or the older one if it is gone.
        person: Rc<Person>,
        /// What is different.
        what: PersonChange,
    },
    /// Of the seats of a licence.
    Seats {
        /// The licence.
        on: Named,
        /// What is counted.
        count: Count,
        /// Before.
        from: Option<u64>,
        /// After.
        to: Option<u64>,
    },
    /// Of the strong permissions that a profile, permission set or permission set group gives.
    Permissions {
        /// What gives them.
        on: Named,
        /// Their names before.
        from: Vec<String>,
        /// Their names after.
        to: Vec<String>,
    },
    /// No change is known: only one of the syncs has the resource type, so nothing that leads through
    /// it is compared.
    NotCompared {
        /// The id of the resource type.
        id: String,
        /// What people call it.
        kind: String,
        /// Whether the newer sync has it.
        is_in_new: bool,
    },
}

impl Change {
    /// Whether something is different.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::NotCompared { .. })
    }
}

/// A resource with the names that people know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The id of its type and its own, `<type>:<id>`.
    pub id: String,
    /// What people call its type.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// What is counted of a licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Seats that were bought.
    Purchased,
    /// Seats that are in use.
    Consumed,
}

/// What is different about a person.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PersonChange {
    /// The account is new.
    Came,
    /// The account is gone.
    Went,
    /// It was frozen or deactivated, or can be used again.
    State {
        /// Before.
        from: State,
        /// After.
        to: State,
    },
    /// It has another profile.
    Profile {
        /// Before.
        from: Option<Rc<Step>>,
        /// After.
        to: Option<Rc<Step>>,
    },
    /// It has another role.
    Role {
        /// Before.
        from: Option<Rc<Step>>,
        /// After.
        to: Option<Rc<Step>>,
    },
    /// It has an entitlement that it did not have, in these ways.
    Gained(Access),
    /// It no longer has an entitlement, which it had in these ways.
    Lost(Access),
    /// It still has an entitlement, but in other ways.
    Ways {
        /// What is held.
        step: Rc<Step>,
        /// The ways that are gone.
        lost: Vec<Held>,
        /// The ways that are new.
        gained: Vec<Held>,
    },
    /// A direct grant ends at another time, or must now be activated in a session, or no longer.
    Limits {
        /// What is held.
        step: Rc<Step>,
        /// Before.
        from: Limits,
        /// After.
        to: Limits,
    },
}

/// An entitlement, and how it is held.
#[derive(Clone, Debug, PartialEq)]
pub struct Access {
    /// The entitlement.
    pub step: Rc<Step>,
    /// Every way, the shortest first.
    pub ways: Vec<Held>,
    /// The strong permissions that come with it.
    pub gives: Vec<String>,
}
