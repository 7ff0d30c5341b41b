//! Which field an `INVALID_FIELD` is about. Only Salesforce's message tells.
//!
//! Must not know: who asked for the field.

use std::fmt;

/// A field or relationship that an object does not have, or that the user may not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingField<'a> {
    /// The last part of its path: `Name` for `Profile.Name`.
    pub name: &'a str,
    /// The object that lacks it, if the message says so: `Profile` for `Profile.Name`.
    pub object: Option<&'a str>,
    /// Whether it is a relationship: every field behind it is missing too.
    pub is_relationship: bool,
}

impl<'a> MissingField<'a> {
    /// A missing field, for tests of what is done about one.
    #[cfg(test)]
    pub(crate) fn new(name: &'a str, object: Option<&'a str>, is_relationship: bool) -> Self {
        Self {
            name,
            object,
            is_relationship,
        }
    }

    /// Reads `No such column 'Title' on entity 'User'`, `No such column 'Title' on sobject of type
    /// User` and `Didn't understand relationship 'Profile' in field path`. They may follow an
    /// excerpt of the query, which names innocent fields and ends with `ERROR at Row:1:Column:12`.
    pub(super) fn parse(message: &'a str) -> Option<Self> {
        let complaint = match message.rsplit_once("ERROR at") {
            Some((_, complaint)) => complaint,
            None => message,
        };
        // The apostrophe of "Didn't" follows a letter, and the quote a space.
        let (phrase, rest) = complaint.split_once(" '")?;
        let (name, rest) = rest.split_once('\'')?;
        let object = [" on entity '", " on sobject of type "]
            .iter()
            .find_map(|phrase| rest.strip_prefix(phrase))
            .map(leading_name);
        Some(Self {
            name: Some(name).filter(|name| is_name(name))?,
            object: object.filter(|object| !object.is_empty()),
            is_relationship: phrase.to_ascii_lowercase().contains("relation"),
        })
    }
}

impl fmt::Display for MissingField<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match self.object {
            Some(object) => write!(f, " of {object}"),
            None => Ok(()),
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && leading_name(text) == text
}

fn leading_name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    const HINT: &str = ". If you are attempting to use a custom field, be sure to append the '__c' \
                        after the custom field name.";

    #[test_case("No such column 'UserRoleId' on entity 'User'", Some(("UserRoleId", Some("User"), false)); "a query")]
    #[test_case("\nSELECT Id, 'x' FROM User\n           ^\nERROR at Row:1:Column:12\nNo such column 'Foo__c' on entity 'User'", Some(("Foo__c", Some("User"), false)); "an excerpt")]
    #[test_case("No such column 'foo' on sobject of type Bar", Some(("foo", Some("Bar"), false)); "a write")]
    #[test_case("Didn't understand relationship 'Profile' in field path", Some(("Profile", None, true)); "a path")]
    #[test_case("\nId FROM Groups\n ^\nERROR at Row:1:Column:9\nDidn't understand relationship 'Groups' in FROM part of query call", Some(("Groups", None, true)); "a sub-query")]
    #[test_case("No such relation 'Owner' on entity 'Group'", Some(("Owner", Some("Group"), true)); "a relation")]
    #[test_case("No such column 'Relation__c' on entity 'User'", Some(("Relation__c", Some("User"), false)); "a column whose name misleads")]
    #[test_case("Keine Spalte 'Titel__c' in der Tabelle 'User'", Some(("Titel__c", None, false)); "another language")]
    #[test_case("No such column 'jane@acme.example' on entity 'User'", None; "no name")]
    #[test_case("Something else", None; "nothing quoted")]
    #[test_case("", None; "no message")]
    fn a_message_names_its_field(message: &str, field: Option<(&str, Option<&str>, bool)>) {
        for message in [message.to_owned(), format!("{message}{HINT}")] {
            let found = MissingField::parse(&message);
            let found = found.map(|found| (found.name, found.object, found.is_relationship));
            if field.is_some() || !message.contains(HINT) {
                assert_eq!(found, field, "{message}");
            }
        }
    }
}
