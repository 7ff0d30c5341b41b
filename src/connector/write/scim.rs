//! What of a user SCIM can carry: fields of the REST API as attributes of SCIM.
//!
//! A field is carried only if RFC 7643 and Salesforce's own examples give its attribute. A request
//! goes over one API as a whole, because two requests can leave half of it undone. The one exception
//! is the alias of a new user, for which SCIM has no name and without which no account is made: see
//! [`creation`].

use serde_json::{Map, Value as Json, json};

use crate::connector::options::LifecycleApi;
use crate::connector::write::context::WriteContext;
use crate::salesforce::scim::{ENTERPRISE, Patch, User};

/// The fields and attributes of a user.
type Fields = Map<String, Json>;

/// Where an attribute is, and so how its value is written.
#[derive(Clone, Copy)]
enum Place {
    Attribute(&'static str),
    /// A member of `name`.
    Name(&'static str),
    /// A member of the enterprise extension.
    Enterprise(&'static str),
    /// A list with one entry, of the type `work`.
    Work(&'static str),
    /// The profile, among the entitlements.
    Entitlement,
}

/// Whether a field of an existing user is changed over SCIM.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Changed {
    OverScim,
    /// Only together with all members of the same object: a service may replace the object as a
    /// whole.
    Together,
    /// Its list holds more than the field, which would be lost.
    OverRest,
}

/// The fields that SCIM carries.
const CARRIED: &[(&str, Place, Changed)] = &[
    ("Username", Place::Attribute("userName"), Changed::OverScim),
    ("LastName", Place::Name("familyName"), Changed::Together),
    ("FirstName", Place::Name("givenName"), Changed::Together),
    (
        "CommunityNickname",
        Place::Attribute("nickName"),
        Changed::OverScim,
    ),
    ("Title", Place::Attribute("title"), Changed::OverScim),
    ("Email", Place::Work("emails"), Changed::OverScim),
    ("Phone", Place::Work("phoneNumbers"), Changed::OverRest),
    (
        "TimeZoneSidKey",
        Place::Attribute("timezone"),
        Changed::OverScim,
    ),
    (
        "LocaleSidKey",
        Place::Attribute("locale"),
        Changed::OverScim,
    ),
    (
        "LanguageLocaleKey",
        Place::Attribute("preferredLanguage"),
        Changed::OverScim,
    ),
    ("IsActive", Place::Attribute("active"), Changed::OverScim),
    (
        "Department",
        Place::Enterprise("department"),
        Changed::OverRest,
    ),
    ("Division", Place::Enterprise("division"), Changed::OverRest),
    (
        "EmployeeNumber",
        Place::Enterprise("employeeNumber"),
        Changed::OverRest,
    ),
    ("ProfileId", Place::Entitlement, Changed::OverRest),
];

/// Fields that every form has, that SCIM has no name for, and that Salesforce fills in: an account
/// is whole without them.
const FILLED_IN: &[&str] = &["Alias", "EmailEncodingKey"];

impl WriteContext {
    /// Whether accounts and what they have are changed over SCIM where it can.
    pub(super) fn prefers_scim(&self) -> bool {
        self.options.lifecycle_api == LifecycleApi::Scim
    }
}

/// A new user over SCIM.
#[derive(Clone)]
pub(super) struct Creation {
    pub(super) attributes: Fields,
    fields: Fields,
}

/// A user over SCIM, if SCIM carries every field that is given, or Salesforce fills it in. Otherwise
/// the whole user is created over REST: a second request that fails would leave an account without
/// its contact, role or SSO id.
pub(super) fn creation(fields: &Fields) -> Option<Creation> {
    let mut attributes = Fields::new();
    attributes.insert("active".to_owned(), Json::Bool(true));
    for (name, value) in fields {
        if FILLED_IN.contains(&name.as_str()) {
            continue;
        }
        let (_, place, _) = carried(name)?;
        put(&mut attributes, place, value)?;
    }
    Some(Creation {
        attributes,
        fields: fields.clone(),
    })
}

impl Creation {
    /// The fields that the new user lacks, as far as the answer shows it; all that may be set again
    /// if there was no answer.
    pub(super) fn rest(&self, user: Option<&User>) -> Fields {
        let is_there = |name: &str, value: &Json| {
            let Some((_, place, _)) = carried(name) else {
                return false;
            };
            // The user was found by its name.
            name == "Username" || user.is_some_and(|user| is_shown(user, place, value))
        };
        let lacking = self.fields.iter();
        lacking
            .filter(|(name, value)| !is_there(name, value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// A change of a user over SCIM, if SCIM carries every field and no field is cleared: neither RFC
/// 7644 nor Salesforce says that null does so in a change without a path.
pub(super) fn change(fields: &Fields) -> Option<Patch> {
    let mut attributes = Fields::new();
    for (name, value) in fields {
        let (_, place, changed) = carried(name)?;
        let is_whole = match changed {
            Changed::OverScim => true,
            Changed::Together => ["LastName", "FirstName"]
                .iter()
                .all(|name| fields.contains_key(*name)),
            Changed::OverRest => false,
        };
        if !is_whole {
            return None;
        }
        put(&mut attributes, place, value)?;
    }
    Some(Patch::set(attributes))
}

fn carried(name: &str) -> Option<(&'static str, Place, Changed)> {
    CARRIED.iter().find(|(field, ..)| *field == name).copied()
}

/// Adds a value to the attributes. `None` if there is no value that SCIM could carry.
fn put(attributes: &mut Fields, place: Place, value: &Json) -> Option<()> {
    if !matches!(value, Json::String(_) | Json::Bool(_)) {
        return None;
    }
    match place {
        Place::Attribute(name) => drop(attributes.insert(name.to_owned(), value.clone())),
        Place::Name(name) => put_member(attributes, "name", name, value)?,
        Place::Enterprise(name) => put_member(attributes, ENTERPRISE, name, value)?,
        Place::Work(name) => {
            let entry = json!([{ "type": "work", "primary": true, "value": value }]);
            attributes.insert(name.to_owned(), entry);
        }
        Place::Entitlement => {
            let entry = json!([{ "value": value }]);
            attributes.insert("entitlements".to_owned(), entry);
        }
    }
    Some(())
}

fn put_member(attributes: &mut Fields, object: &str, name: &str, value: &Json) -> Option<()> {
    let object = attributes.entry(object).or_insert_with(|| json!({}));
    object
        .as_object_mut()?
        .insert(name.to_owned(), value.clone());
    Some(())
}

fn is_shown(user: &User, place: Place, value: &Json) -> bool {
    let mut wanted = Fields::new();
    put(&mut wanted, place, value).is_some()
        && wanted.iter().all(|(name, value)| user.shows(name, value))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde::Deserialize as _;
    use test_case::test_case;

    use super::*;

    const PROFILE: &str = "00eHp0000000001IAA";

    fn fields(json: &Json) -> Fields {
        json.as_object().unwrap().clone()
    }

    #[test]
    fn a_form_becomes_attributes() {
        let form = fields(&json!({
            "Username": "jane@acme.example", "LastName": "Doe", "FirstName": "Jane",
            "Email": "j@acme.example", "Alias": "jdoe", "ProfileId": PROFILE,
            "TimeZoneSidKey": "Europe/Berlin", "LocaleSidKey": "en_US",
            "LanguageLocaleKey": "en_US", "EmailEncodingKey": "UTF-8", "Department": "Sales",
        }));
        let creation = creation(&form).unwrap();
        let expected = json!({
            "active": true, "userName": "jane@acme.example",
            "name": {"familyName": "Doe", "givenName": "Jane"},
            "emails": [{"type": "work", "primary": true, "value": "j@acme.example"}],
            "entitlements": [{"value": PROFILE}], "timezone": "Europe/Berlin", "locale": "en_US",
            "preferredLanguage": "en_US", (ENTERPRISE): {"department": "Sales"},
        });
        assert_eq!(Json::Object(creation.attributes.clone()), expected);
        let shown = json!({
            "id": "005Hp0000000001IAA", "userName": "jane@acme.example", "active": true,
            "name": {"familyName": "Doe", "givenName": "Jane", "formatted": "Jane Doe"},
            "emails": [{"type": "work", "value": "J@acme.example"}],
            "entitlements": [{"value": PROFILE, "type": "Profile"}], "timezone": "Europe/Berlin",
            "locale": "en_US", "preferredLanguage": "en_US",
        });
        let shown = User::deserialize(shown).unwrap();
        let rest: Vec<_> = creation.rest(Some(&shown)).into_iter().collect();
        assert_eq!(
            rest,
            [
                ("Alias".to_owned(), json!("jdoe")),
                ("Department".to_owned(), json!("Sales")),
                ("EmailEncodingKey".to_owned(), json!("UTF-8")),
            ]
        );
        assert!(!creation.rest(None).contains_key("Username"));
        assert_eq!(creation.rest(None).len(), form.len() - 1);
    }

    #[test_case("ContactId", &json!("0033h000001Xik5GAC"); "a contact")]
    #[test_case("FederationIdentifier", &json!("x"); "an id of SSO")]
    #[test_case("Badge__c", &json!("x"); "a custom field")]
    #[test_case("Title", &json!(null); "nothing")]
    fn what_scim_does_not_carry_goes_over_rest(name: &str, value: &Json) {
        let form = fields(&json!({ "LastName": "Doe", (name): value }));
        assert!(creation(&form).is_none() && change(&form).is_none());
    }

    #[test_case(&json!({"Title": "x", "Username": "a@b.example"}) => true; "attributes")]
    #[test_case(&json!({"Email": "a@b.example"}) => true; "an address")]
    #[test_case(&json!({"FirstName": "x", "LastName": "y"}) => true; "the whole name")]
    #[test_case(&json!({"LastName": "y"}) => false; "a part of the name")]
    #[test_case(&json!({"Phone": "1"}) => false; "one of several numbers")]
    #[test_case(&json!({"Department": "x"}) => false; "a part of the extension")]
    #[test_case(&json!({"ProfileId": PROFILE}) => false; "the profile")]
    #[test_case(&json!({"Title": null}) => false; "cleared")]
    fn a_change_loses_nothing_else(given: &Json) -> bool {
        change(&fields(given)).is_some()
    }
}
