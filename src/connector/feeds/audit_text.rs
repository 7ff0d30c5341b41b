//! What the text of a row of the Setup audit trail names.
//!
//! `Display` is a sentence for people: `Permission set Sales Lead: assigned to user Jane Doe (UserID:
//! [005…])`. Only what it says without doubt is taken. Source: Object Reference, `SetupAuditTrail`;
//! the sentences are those that orgs show in Setup, in English.

use crate::salesforce::SalesforceId;

/// A kind of object with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    PermissionSet,
    PermissionSetGroup,
    PermissionSetLicense,
    Profile,
    Role,
}

/// A user as the text names it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Person {
    Id(SalesforceId),
    /// A name or a username.
    Name(String),
}

/// What happened to the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The person got it.
    Grant,
    /// The person lost it.
    Revoke,
    Other,
}

/// What a row names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Named {
    pub(super) change: Change,
    pub(super) object: Option<(Kind, String)>,
    pub(super) person: Option<Person>,
}

/// Sentences about an object and a person: how they begin, and the kind of the object. Longer ones
/// first.
const ASSIGNED: &[(&str, Kind)] = &[
    ("Permission set group ", Kind::PermissionSetGroup),
    ("Permission set license ", Kind::PermissionSetLicense),
    ("Permission set ", Kind::PermissionSet),
];

/// What stands between the object and the person.
const BETWEEN: &[(&str, Change)] = &[
    (" with expiration: assigned to user ", Change::Grant),
    (": assigned to user ", Change::Grant),
    (" with expiration: unassigned from user ", Change::Revoke),
    (": unassigned from user ", Change::Revoke),
    (": removed from user ", Change::Revoke),
    (" removed from user ", Change::Revoke),
];

/// Sentences about an object: how they begin, and what follows its name.
const OBJECTS: &[(&str, &str, Kind)] = &[
    (
        "Changed permission set group ",
        ": ",
        Kind::PermissionSetGroup,
    ),
    (
        "Created permission set group ",
        "",
        Kind::PermissionSetGroup,
    ),
    (
        "Permission set group calculation completed : ",
        "",
        Kind::PermissionSetGroup,
    ),
    (
        "Permission set group calculation started : ",
        "",
        Kind::PermissionSetGroup,
    ),
    ("Changed permission set ", ": ", Kind::PermissionSet),
    ("Changed Permission Set ", ": ", Kind::PermissionSet),
    ("Created permission set ", ": ", Kind::PermissionSet),
    ("Changed profile ", ": ", Kind::Profile),
    ("Created profile ", ": ", Kind::Profile),
];

/// Sentences about a person: how they begin, and what follows the name.
const PEOPLE: &[(&str, &str)] = &[
    ("Created new user ", ""),
    ("Created new Customer User ", ""),
    ("Created new Partner User ", ""),
    ("Froze user account for ", ""),
    ("Unfroze user account for ", ""),
    ("Set new password for user ", ""),
    ("Reset password for user ", ""),
    ("Changed profile for user ", " from "),
    ("Changed role for user ", " from "),
    ("For user ", ", "),
];

/// What a user without a role is said to have.
const NO_ROLE: &str = "<None Specified>";

impl Named {
    /// Reads the columns `Action` and `Display`.
    pub(super) fn read(action: &str, display: &str) -> Self {
        let display = display.trim();
        let by_id = user_id(display).map(Person::Id);
        if action.starts_with("PermSet")
            && let Some(named) = assigned(display, by_id.as_ref())
        {
            return named;
        }
        if let Some(named) = changed(action, display, by_id.as_ref()) {
            return named;
        }
        let by_name = || {
            let name = PEOPLE
                .iter()
                .find_map(|(begin, end)| between(display, begin, end))?;
            Some(Person::Name(name.to_owned()))
        };
        let person = by_id.or_else(by_name);
        let object = OBJECTS
            .iter()
            .find_map(|(begin, end, kind)| Some((*kind, between(display, begin, end)?.to_owned())));
        Self {
            change: Change::Other,
            object: object.filter(|_| person.is_none()),
            person,
        }
    }
}

/// A permission set, group or licence that was assigned to a user, or taken away.
fn assigned(display: &str, by_id: Option<&Person>) -> Option<Named> {
    let (rest, kind) = ASSIGNED
        .iter()
        .find_map(|(begin, kind)| Some((display.strip_prefix(begin)?, *kind)))?;
    let (name, person, change) = BETWEEN.iter().find_map(|(between, change)| {
        let (name, person) = rest.split_once(between)?;
        Some((name, person, *change))
    })?;
    let person = match by_id {
        Some(person) => person.clone(),
        None if person.contains('(') => return None,
        None => Person::Name(person.to_owned()),
    };
    Some(Named {
        change,
        object: Some((kind, name.to_owned())),
        person: Some(person),
    })
}

/// The profile or role that a user changed to; the role that it lost if it has none now.
fn changed(action: &str, display: &str, by_id: Option<&Person>) -> Option<Named> {
    let (kind, begin) = if action.starts_with("changedprofileforuser") {
        (Kind::Profile, "Changed profile for user ")
    } else if action.starts_with("changedroleforuser") {
        (Kind::Role, "Changed role for user ")
    } else {
        return None;
    };
    let (person, values) = once(display.strip_prefix(begin)?, " from ")?;
    let (old, new) = once(values, " to ")?;
    let (change, object) = match new {
        NO_ROLE => (Change::Revoke, old),
        new => (Change::Grant, new),
    };
    let person = by_id
        .cloned()
        .unwrap_or_else(|| Person::Name(person.to_owned()));
    Some(Named {
        change,
        object: Some((kind, object.to_owned())),
        person: Some(person),
    })
}

/// Splits at `mark`, if it is there once: a name may contain it, too.
fn once<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let parts = text.split_once(mark)?;
    (!parts.1.contains(mark)).then_some(parts)
}

/// What stands between `begin` and the first `end`, or all that follows if `end` is empty.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(begin)?;
    let name = match end {
        "" => rest,
        end => rest.split_once(end)?.0,
    };
    (!name.is_empty()).then_some(name)
}

/// The one user's id in a text. `None` if there is none, or several.
fn user_id(display: &str) -> Option<SalesforceId> {
    let words = display.split(|letter: char| !letter.is_ascii_alphanumeric());
    let ids = words.filter(|word| word.starts_with("005") && matches!(word.len(), 15 | 18));
    let mut found = ids.filter_map(|word| SalesforceId::read(word).ok());
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    const BY_ID: &str = "005Hp00000abcDEIAY";

    #[test_case("PermSetAssign", "Permission set Sales Lead: assigned to user Jane Doe (UserID: [005Hp00000abcDE])"
        => format!("Grant PermissionSet Sales Lead {BY_ID}"); "a permission set")]
    #[test_case("PermSetAssign_HasExpiration", "Permission set Lead with expiration: assigned to user Jane Doe (UserID: [005Hp00000abcDE]), expiring on Sat May 20 06:59:59 GMT 2023"
        => format!("Grant PermissionSet Lead {BY_ID}"); "one that expires")]
    #[test_case("PermSetUnassign", "Permission set Lead: unassigned from user Jane Doe (UserID: [005Hp00000abcDE])"
        => format!("Revoke PermissionSet Lead {BY_ID}"); "one taken away")]
    #[test_case("PermSetGroupUnassign", "Permission set group Desk: unassigned from user Jane Doe (UserID: [005Hp00000abcDE])"
        => format!("Revoke PermissionSetGroup Desk {BY_ID}"); "a group")]
    #[test_case("PermSetLicenseUnassign", "Permission set license Analytics removed from user Jane Doe (UserID: [005Hp00000abcDE])"
        => format!("Revoke PermissionSetLicense Analytics {BY_ID}"); "a licence")]
    #[test_case("changedprofileforuser", "Changed profile for user Jane Doe from Clerk to Standard User"
        => "Grant Profile Standard User Jane Doe"; "a profile")]
    #[test_case("changedroleforusertonone", "Changed role for user Jane Doe from CEO to <None Specified>"
        => "Revoke Role CEO Jane Doe"; "a role taken away")]
    #[test_case("changedroleforuser", "Changed role for user Jane Doe from Assistant to CEO to CFO"
        => "Other Jane Doe"; "a name that cannot be told apart")]
    #[test_case("PermSetAssignmentExpirationChange", "Permission set Lead assigned to user Jane Doe (UserID: [005Hp00000abcDE]): expiration was changed from x to y"
        => format!("Other {BY_ID}"); "another expiration")]
    #[test_case("changedManager", "The manager for user A B (UserID: [005Hp00000abcDE]) changed from C to D"
        => format!("Other {BY_ID}"); "a field of a user")]
    #[test_case("createduser", "Created new user Jane Doe" => "Other Jane Doe"; "a new user")]
    #[test_case("PermSetEnableUserPerm", "Changed permission set Lead: Edit Tasks permission was changed from disabled to enabled"
        => "Other PermissionSet Lead"; "a changed set")]
    #[test_case("PermissionSetGroupComponentAdd", "Changed permission set group Desk: group member Lead was added"
        => "Other PermissionSetGroup Desk"; "a changed group")]
    #[test_case("twoUsers", "From 005Hp00000abcDE to 005Hp00000abcDF" => "Other"; "two users")]
    #[test_case("createdApexClass", "Created Apex Class Foo" => "Other"; "nothing that is a resource")]
    fn a_row_names(action: &str, display: &str) -> String {
        let named = Named::read(action, display);
        let object = named.object.map(|(kind, name)| format!(" {kind:?} {name}"));
        let person = named.person.map(|person| match person {
            Person::Id(id) => format!(" {id}"),
            Person::Name(name) => format!(" {name}"),
        });
        let (object, person) = (object.unwrap_or_default(), person.unwrap_or_default());
        format!("{:?}{object}{person}", named.change)
    }
}
