//! Which people a sync has, as conditions on their columns.

use super::options::Options;
use crate::salesforce::soql::{Condition, field};

/// The relation through which a condition on users is expressed.
#[derive(Clone, Copy)]
pub(super) enum Via {
    /// The object is User.
    User,
    /// The object has a parent `Assignee`.
    Assignee,
    /// The object has a parent `User`.
    Holder,
    /// The object has a parent `Member`.
    Member,
}

impl Via {
    /// The condition that selects the users of a sync. `None` selects all.
    pub(super) fn condition(self, options: &Options) -> Option<Condition> {
        let company = options.company_domains.condition(self.email());
        all([self.of_any_domain(options), company])
    }

    /// The same without regard to the company's domains.
    pub(super) fn of_any_domain(self, options: &Options) -> Option<Condition> {
        let (user_type, is_active) = match self {
            Self::User => ("UserType", "IsActive"),
            Self::Assignee => ("Assignee.UserType", "Assignee.IsActive"),
            Self::Holder => ("User.UserType", "User.IsActive"),
            Self::Member => ("Member.UserType", "Member.IsActive"),
        };
        let standard = (!options.non_standard_users).then(|| field(user_type).eq("Standard"));
        let active = (!options.deactivated_users).then(|| field(is_active).eq(true));
        all([standard, active])
    }

    /// The column with the time of the last change of these people.
    pub(super) fn changed(self) -> &'static str {
        match self {
            Self::User => "SystemModstamp",
            Self::Assignee => "Assignee.SystemModstamp",
            Self::Holder => "User.SystemModstamp",
            Self::Member => "Member.SystemModstamp",
        }
    }

    fn email(self) -> &'static str {
        match self {
            Self::User => "Email",
            Self::Assignee => "Assignee.Email",
            Self::Holder => "User.Email",
            Self::Member => "Member.Email",
        }
    }
}

fn all(conditions: [Option<Condition>; 2]) -> Option<Condition> {
    conditions.into_iter().flatten().reduce(Condition::and)
}
