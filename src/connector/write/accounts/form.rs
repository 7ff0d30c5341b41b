//! The form of a new account: its fields, and how a filled form becomes a User.
//!
//! Hosts have stored the keys. Any other key is the API name of a User field.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::baton::schema::AccountField;
use crate::baton::{Error, Object, Value};
use crate::connector::username::{Parts, UsernameRule};
use crate::connector::write::field_values::{self, For, Problems, is_address, is_empty, shown};
use crate::salesforce::describe::{FieldDescription, ObjectDescription};

/// The largest number of problems in one message.
const MAX_PROBLEMS: usize = 50;
/// The key that says whether Salesforce mails the new user.
const MAIL: &str = "send_password_reset";

/// The form's keys and the fields they stand for.
const KEYS: &[(&str, &str)] = &[
    ("email", "Email"),
    ("profileId", "ProfileId"),
    ("alias", "Alias"),
    ("last_name", "LastName"),
    ("first_name", "FirstName"),
    ("timezone", "TimeZoneSidKey"),
    ("contactID", "ContactId"),
    ("username", "Username"),
];

/// What a field has when nothing was given.
const DEFAULTS: &[(&str, &str)] = &[
    ("TimeZoneSidKey", "America/New_York"),
    ("EmailEncodingKey", "UTF-8"),
    ("LocaleSidKey", "en_US"),
    ("LanguageLocaleKey", "en_US"),
];

/// Fields that no user can be without, whatever the org's description says.
const NEEDED: &[&str] = &["Email", "ProfileId", "Alias", "LastName"];
/// Fields that Salesforce fills in, though its description calls them required.
const FILLED_IN: &[&str] = &[
    "CommunityNickname",
    "DefaultGroupNotificationFrequency",
    "DigestFrequency",
    "Username",
];

/// A form that was read.
pub(super) struct Form {
    /// The fields of the user without its profile, typed.
    pub(super) body: Map<String, Json>,
    /// The profile, by id or by name.
    pub(super) profile: Option<String>,
    pub(super) username: String,
    /// Whether to have Salesforce mail the user; nothing means as usual.
    pub(super) mail: Option<bool>,
}

/// What was given for one field, and under which key.
struct Given<'a> {
    key: &'a str,
    value: Value,
}

/// Values of a picklist that the form names.
const MAX_CHOICES: usize = 10;

/// Key, name, whether it is required, what to enter, an example.
type Asked = (&'static str, &'static str, bool, &'static str, &'static str);

/// The form, field by field.
const FORM: &[Asked] = &[
    (
        "email",
        "Email",
        true,
        "The user's e-mail address",
        "jane.doe@example.com",
    ),
    (
        "profileId",
        "Profile ID",
        true,
        "The user's profile: its id, or its name",
        "Standard User",
    ),
    (
        "alias",
        "Alias",
        true,
        "A short name of at most eight characters",
        "jdoe",
    ),
    (
        "last_name",
        "Last Name",
        true,
        "The user's last name",
        "Doe",
    ),
    (
        "first_name",
        "First Name",
        true,
        "The user's first name",
        "Jane",
    ),
    (
        "timezone",
        "Time Zone",
        true,
        "The user's time zone, one of those that the org knows",
        "America/New_York",
    ),
    (
        "contactID",
        "Contact ID",
        false,
        "The contact behind a user of a portal or community",
        "0033h000001Xik5GAC",
    ),
    (
        "username",
        "Username",
        false,
        "The name to sign in with, unique among all Salesforce orgs; without it the e-mail address \
         is used",
        "jane.doe@example.com",
    ),
    (
        MAIL,
        "Send Password Mail",
        false,
        "Whether Salesforce mails the new user a link to set a password: true or false",
        "true",
    ),
];

pub(super) fn schema() -> Vec<AccountField> {
    let field = |(order, asked): (i32, Asked)| {
        let (key, display_name, required, description, placeholder) = asked;
        let zone = (key == "timezone").then_some("America/New_York");
        AccountField {
            key: key.into(),
            display_name: display_name.into(),
            required,
            description: description.into(),
            placeholder,
            order,
            default: zone,
        }
    };
    (1..).zip(FORM.iter().copied()).map(field).collect()
}

/// The custom fields that the org requires of each user, behind the other fields of the form.
pub(super) fn required_fields(user: &ObjectDescription) -> Vec<AccountField> {
    let is_asked =
        |field: &&FieldDescription| field.name.ends_with("__c") && field.is_required_on_create();
    let field = |(order, field): (i32, &FieldDescription)| {
        let active = field.picklist_values.iter().filter(|value| value.active);
        let values: Vec<&str> = active
            .map(|value| value.value.as_str())
            .take(MAX_CHOICES)
            .collect();
        let choices = match values.as_slice() {
            [] => String::new(),
            values => format!(", such as {}", values.join(", ")),
        };
        AccountField {
            key: field.name.clone().into(),
            display_name: field.label.clone().into(),
            required: true,
            description: format!(
                "{}, which the org requires of each user{choices}",
                field.label
            )
            .into(),
            placeholder: "",
            order,
            default: None,
        }
    };
    let orders = i32::try_from(FORM.len()).unwrap_or_default() + 1..;
    orders
        .zip(user.fields.iter().filter(is_asked))
        .map(field)
        .collect()
}

/// Everything that is wrong, in one message.
pub(super) fn refuse(problems: &Problems) -> Error {
    let mut text = problems
        .iter()
        .take(MAX_PROBLEMS)
        .cloned()
        .collect::<Vec<_>>()
        .join("; ");
    if problems.len() > MAX_PROBLEMS {
        text.push_str("; and more");
    }
    Error::invalid(format!("the user cannot be created: {text}"))
}

impl Form {
    /// Reads what was filled in; the form means something only without problems.
    pub(super) fn read(
        profile: &Object,
        user: &ObjectDescription,
        rule: &UsernameRule,
    ) -> (Self, Problems) {
        let mut problems = Problems::new();
        let mail = mail(profile, &mut problems);
        let mut given = collect(profile, user, &mut problems);
        let wanted = given
            .remove("ProfileId")
            .and_then(|wanted| match wanted.value {
                Value::Text(text) => Some(text.trim().to_owned()),
                other => {
                    let (key, kind) = (shown(wanted.key), other.kind());
                    problems.push(format!(
                        "{key} must be the id or name of a profile, it is {kind}"
                    ));
                    None
                }
            });
        for (name, default) in DEFAULTS {
            let default = || Given {
                key: key_of(name),
                value: (*default).into(),
            };
            given.entry((*name).to_owned()).or_insert_with(default);
        }
        let mut body = Map::new();
        for (name, given) in &given {
            match field_values::read(user, given.key, name, &given.value, For::Create) {
                Ok((name, json)) => drop(body.insert(name, json)),
                Err(problem) => problems.push(problem),
            }
        }
        let has_profile = profile_given(profile);
        problems.extend(missing(user, &given, has_profile));
        let username = username(&mut body, &given, rule, &mut problems);
        (
            Self {
                body,
                profile: wanted,
                username,
                mail,
            },
            problems,
        )
    }
}

fn mail(profile: &Object, problems: &mut Problems) -> Option<bool> {
    match profile.get(MAIL) {
        None | Some(Value::Null) => None,
        Some(Value::Bool(mail)) => Some(*mail),
        Some(Value::Text(text)) if text.trim().is_empty() => None,
        Some(Value::Text(text)) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Some(Value::Text(text)) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        Some(_) => {
            problems.push(format!("{MAIL} must be true or false"));
            None
        }
    }
}

/// What was given, by the field's proper name. Empty values count as absent, because forms send them.
fn collect<'a>(
    profile: &'a Object,
    user: &ObjectDescription,
    problems: &mut Problems,
) -> BTreeMap<String, Given<'a>> {
    let mut all = BTreeMap::<String, Given<'a>>::new();
    for (key, value) in profile
        .iter()
        .filter(|(key, value)| *key != MAIL && !is_empty(value))
    {
        let name = KEYS
            .iter()
            .find(|(known, _)| known == key)
            .map_or(key.as_str(), |it| it.1);
        let name = user
            .field(name)
            .map_or(name, |field| field.name.as_str())
            .to_owned();
        match all.get(&name) {
            Some(before) if before.value != *value => {
                problems.push(format!(
                    "{} and {} are the same field and have different values",
                    shown(before.key),
                    shown(key)
                ));
            }
            Some(_) => {}
            None => drop(all.insert(
                name,
                Given {
                    key,
                    value: value.clone(),
                },
            )),
        }
    }
    all
}

fn profile_given(profile: &Object) -> bool {
    let is_profile = |key: &String| key == "profileId" || key.eq_ignore_ascii_case("ProfileId");
    profile
        .iter()
        .any(|(key, value)| is_profile(key) && !is_empty(value))
}

fn missing(
    user: &ObjectDescription,
    given: &BTreeMap<String, Given<'_>>,
    has_profile: bool,
) -> Problems {
    let by_description = user
        .fields
        .iter()
        .filter(|field| field.is_required_on_create());
    let mut names: Vec<&str> = NEEDED.to_vec();
    for field in by_description {
        let name = field.name.as_str();
        if !names.contains(&name) && !FILLED_IN.contains(&name) {
            names.push(name);
        }
    }
    let has = |name: &str| given.contains_key(name) || (name == "ProfileId" && has_profile);
    let lacking = names.into_iter().filter(|name| !has(name));
    lacking
        .map(|name| format!("{} is missing", key_of(name)))
        .collect()
}

/// The username as given, else as the rule makes it.
fn username(
    body: &mut Map<String, Json>,
    given: &BTreeMap<String, Given<'_>>,
    rule: &UsernameRule,
    problems: &mut Problems,
) -> String {
    let text = |body: &Map<String, Json>, name: &str| {
        body.get(name)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    if given.contains_key("Username") {
        return text(body, "Username");
    }
    let email = text(body, "Email");
    if email.is_empty() {
        // It is reported as missing or wrong itself.
        return String::new();
    }
    let (alias, first, last) = (
        text(body, "Alias"),
        text(body, "FirstName"),
        text(body, "LastName"),
    );
    let parts = Parts {
        email: &email,
        alias: &alias,
        first_name: &first,
        last_name: &last,
    };
    let username = rule.apply(&parts);
    if username.chars().count() > 80 || !is_address(&username) {
        problems.push(
            "the username that is made of the form has no form of an e-mail address or more than \
             80 characters; give username"
                .to_owned(),
        );
    }
    body.insert("Username".to_owned(), Json::String(username.clone()));
    username
}

/// What the form calls a field.
fn key_of(name: &str) -> &str {
    KEYS.iter()
        .find(|(_, known)| *known == name)
        .map_or(name, |(key, _)| key)
}
