//! What a report needs of a sync, without the form of the file and of the page.

use jiff::Timestamp;

use crate::access::{Person, State};

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// When the sync ended. All ages are counted from then.
    pub(super) at: Timestamp,
    pub(super) sync_id: String,
    /// Resource types with the numbers of their resources and grants.
    pub(super) counts: Vec<Count>,
    pub(super) people: Vec<Person>,
    /// What gives strong permissions. `None` if the file says of nothing what it gives.
    pub(super) givers: Option<Vec<Giver>>,
    /// Whether the file says which objects are open to whom.
    pub(super) tells_objects: bool,
    pub(super) held: Vec<Held>,
    pub(super) licenses: Vec<License>,
    pub(super) ends: Vec<End>,
    /// What could not be read. `None` if the file does not say it.
    pub(super) warnings: Option<Vec<String>>,
}

impl Facts {
    /// Whether the file says of anybody when they signed in.
    pub(super) fn know_sign_ins(&self) -> bool {
        let mut people = self.people.iter();
        people.any(|person| person.last_login.is_some())
    }
}

/// Whether a person can use what they hold. A file that does not say whether an account is switched
/// off must not hide its access.
pub(super) fn can_sign_in(state: State) -> bool {
    matches!(state, State::Active | State::Unknown)
}

/// How much there is of a resource type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) name: String,
    pub(super) resources: u64,
    pub(super) grants: u64,
}

/// What gives strong permissions, with the way to it from what a person holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Giver {
    /// From what a person holds to what gives the permissions. Usually both are the same.
    pub(super) steps: Vec<Step>,
    pub(super) permissions: Vec<Permission>,
    /// Objects of which it lets all records be viewed.
    pub(super) view_all: Vec<String>,
    /// Objects of which it lets all records be modified.
    pub(super) modify_all: Vec<String>,
}

/// A resource on a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Step {
    /// What people call its type.
    pub(super) kind: String,
    pub(super) name: String,
}

/// A strong permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Permission {
    pub(super) tier: u8,
    pub(super) label: String,
}

/// A person holds something that gives strong permissions.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// Its place among the people.
    pub(super) person: usize,
    /// Its place among the givers.
    pub(super) giver: usize,
    pub(super) ends: Option<Timestamp>,
    /// It counts only in sessions that activate it.
    pub(super) needs_activation: bool,
}

/// A licence.
#[derive(Clone, Debug, Default)]
pub(super) struct License {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) purchased: Option<u64>,
    pub(super) consumed: Option<u64>,
    pub(super) is_unlimited: bool,
    pub(super) status: String,
    /// Its last day.
    pub(super) expires_on: Option<jiff::civil::Date>,
    /// Who holds it: places among the people.
    pub(super) holders: Vec<usize>,
}

/// A grant that ends.
#[derive(Clone, Debug)]
pub(super) struct End {
    /// Its place among the people.
    pub(super) person: usize,
    pub(super) what: Step,
    pub(super) at: Timestamp,
}
