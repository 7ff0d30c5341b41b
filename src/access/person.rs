//! Accounts, as a sync shows them.

use jiff::Timestamp;
use prost_types::Struct;
use prost_types::value::Kind;

use crate::c1z::annotation;
use crate::pb::connector::{Resource, ResourceId, Status, UserTrait, status, user_trait};

/// Whether an account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Its owner can sign in.
    Active,
    /// Nobody can sign in with it, but it keeps its access and its licence.
    Frozen,
    /// It is switched off.
    Deactivated,
    /// The sync does not tell.
    Unknown,
}

impl State {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Frozen => "frozen",
            Self::Deactivated => "deactivated",
            Self::Unknown => "unknown",
        }
    }

    fn of(row: &Resource, user: &UserTrait) -> Self {
        use user_trait::status::Status as Users;
        let whole = row.status.as_deref();
        #[expect(deprecated, reason = "older writers tell it only here")]
        let of_user = user.status.as_ref();
        let is_enabled = match (
            whole.map(Status::status),
            of_user.map(user_trait::Status::status),
        ) {
            (Some(status::ResourceStatus::Enabled), _) | (_, Some(Users::Enabled)) => true,
            (Some(status::ResourceStatus::Disabled), _)
            | (_, Some(Users::Disabled | Users::Deleted)) => false,
            _ => return Self::Unknown,
        };
        let details = [
            whole.map(|status| status.details.as_str()),
            of_user.map(|status| status.details.as_str()),
        ];
        if is_enabled {
            Self::Active
        } else if details.contains(&Some("frozen")) {
            Self::Frozen
        } else {
            Self::Deactivated
        }
    }
}

/// An account of a person or of a machine.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Person {
    /// Its id.
    pub id: ResourceId,
    /// Its owner's name.
    pub name: String,
    /// The username.
    pub login: String,
    /// E-mail addresses.
    pub emails: Vec<String>,
    /// Whether it can be used.
    pub state: State,
    /// The last sign-in.
    pub last_login: Option<Timestamp>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// The name of the profile, if the sync shows it on the account.
    pub profile: Option<String>,
    /// The name of the role, if the sync shows it on the account.
    pub role: Option<String>,
    /// The name of the user licence, if the sync shows it on the account.
    pub license: Option<String>,
}

impl Person {
    /// The account in a row of the file. `None` if the row has no id.
    pub(crate) fn of(row: Resource) -> Option<Self> {
        let user: UserTrait = annotation::first(&row.annotations).unwrap_or_default();
        let state = State::of(&row, &user);
        #[expect(deprecated, reason = "older writers show it only here")]
        let facts = row.profile.as_ref().or(user.profile.as_ref());
        let fact = |key: &str| text(facts?, key);
        let (profile, role, license) = (fact("profile"), fact("role"), fact("license"));
        Some(Self {
            id: row.id?,
            name: row.display_name,
            login: user.login,
            emails: user.emails.into_iter().map(|email| email.address).collect(),
            state,
            last_login: user.last_login.and_then(time),
            created_at: row.created_at.and_then(time),
            profile,
            role,
            license,
        })
    }

    /// An account of which only the id is known.
    pub(crate) fn unknown(id: ResourceId) -> Self {
        Self {
            name: id.resource.clone(),
            id,
            login: String::new(),
            emails: Vec::new(),
            state: State::Unknown,
            last_login: None,
            created_at: None,
            profile: None,
            role: None,
            license: None,
        }
    }
}

/// A text in a profile, unless it is empty.
fn text(profile: &Struct, key: &str) -> Option<String> {
    match &profile.fields.get(key)?.kind {
        Some(Kind::StringValue(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

fn time(at: prost_types::Timestamp) -> Option<Timestamp> {
    Timestamp::new(at.seconds, at.nanos).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(1, "", State::Active)]
    #[test_case(1, "password locked", State::Active)]
    #[test_case(2, "frozen", State::Frozen)]
    #[test_case(2, "deactivated", State::Deactivated)]
    #[test_case(2, "", State::Deactivated)]
    #[test_case(0, "", State::Unknown)]
    fn the_state_comes_from_the_status(status: i32, details: &str, expected: State) {
        let details = details.to_owned();
        let row = Resource {
            id: Some(ResourceId::default()),
            status: Some(Box::new(Status { status, details })),
            ..Resource::default()
        };
        assert_eq!(Person::of(row).unwrap().state, expected);
    }

    #[test]
    fn an_older_writer_tells_the_state_in_the_trait() {
        let details = "frozen".to_owned();
        #[expect(deprecated, reason = "this is what older writers do")]
        let user = UserTrait {
            status: Some(user_trait::Status { status: 2, details }),
            ..UserTrait::default()
        };
        let row = Resource {
            id: Some(ResourceId::default()),
            annotations: vec![annotation::pack(&user)],
            ..Resource::default()
        };
        assert_eq!(Person::of(row).unwrap().state, State::Frozen);
    }
}
