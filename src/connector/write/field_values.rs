//! Values for fields, typed by the org's own description: every unknown, read-only, mistyped or
//! too long one is named at once, before anything is sent.
//!
//! The description may come from memory. A refusal never does: before one is spoken, the org is
//! asked again, so that a field that was added meanwhile is found.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value as Json;
use tokio::sync::RwLock;

use super::attempt::Attempt;
use crate::baton::{Result, Value};
use crate::connector::error::wrap;
use crate::salesforce::SalesforceId;
use crate::salesforce::describe::{FieldDescription, ObjectDescription};
use crate::salesforce::soql::FieldName;

/// Longest key that is shown in an error.
const MAX_SHOWN: usize = 80;
/// Fields that accept only the org's values, even if the org does not call the list restricted:
/// it refuses other values only when the record is saved.
const CLOSED: &[&str] = &[
    "TimeZoneSidKey",
    "LocaleSidKey",
    "LanguageLocaleKey",
    "EmailEncodingKey",
];

/// Whether a value is for a new record or for one that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::connector::write) enum For {
    Create,
    Update,
}

/// What User looks like in this org, remembered for typing.
#[derive(Default)]
pub(in crate::connector) struct Described(RwLock<Option<Arc<ObjectDescription>>>);

/// Problems with what was given, one sentence each.
pub(in crate::connector::write) type Problems = Vec<String>;

impl Described {
    /// Reads what was given by the description of User; `read` reports its problems. They are the
    /// final answer only when the description is fresh.
    pub(in crate::connector::write) async fn read<T>(
        &self,
        attempt: &mut Attempt<'_>,
        read: impl Fn(&ObjectDescription) -> (T, Problems) + Send,
    ) -> Result<(T, Problems)> {
        let remembered = self.0.read().await.clone();
        if let Some(user) = remembered {
            let (value, problems) = read(&user);
            if problems.is_empty() {
                return Ok((value, problems));
            }
        }
        Ok(read(&*self.fresh(attempt).await?))
    }

    /// The description, asked for now.
    pub(in crate::connector::write) async fn fresh(
        &self,
        attempt: &mut Attempt<'_>,
    ) -> Result<Arc<ObjectDescription>> {
        let answer = attempt
            .context
            .org
            .client
            .describe(&FieldName::from("User"))
            .await;
        let user = attempt.take(answer);
        let user = Arc::new(user.map_err(|error| wrap("asking for the fields of users", error))?);
        *self.0.write().await = Some(Arc::clone(&user));
        Ok(user)
    }

    /// The description, remembered or asked for.
    pub(in crate::connector::write) async fn any(
        &self,
        attempt: &mut Attempt<'_>,
    ) -> Result<Arc<ObjectDescription>> {
        let remembered = self.0.read().await.clone();
        match remembered {
            Some(user) => Ok(user),
            None => self.fresh(attempt).await,
        }
    }
}

/// A key as an error may show it: whatever a caller sent, cut short.
pub(in crate::connector::write) fn shown(key: &str) -> String {
    let short: String = key.chars().take(MAX_SHOWN).collect();
    let more = if short.len() < key.len() { "…" } else { "" };
    format!("{}{more}", short.escape_debug())
}

/// The field's proper name and the value as the API wants it, or what is wrong with it. `key` is
/// what the caller calls the field.
pub(in crate::connector::write) fn read(
    object: &ObjectDescription,
    key: &str,
    name: &str,
    value: &Value,
    purpose: For,
) -> Result<(String, Json), String> {
    let key = shown(key);
    let Some(field) = object.field(name) else {
        return Err(format!(
            "{key} is not a field of {} in this org, or the connector's user may not see it",
            object.name
        ));
    };
    let writable = match purpose {
        For::Create => field.createable,
        For::Update => field.updateable,
    };
    if !writable {
        return Err(format!("{key} is read-only"));
    }
    let json = if is_empty(value) {
        if !field.nillable {
            return Err(format!("{key} may not be empty"));
        }
        Json::Null
    } else {
        typed(field, value).map_err(|problem| format!("{key} {problem}"))?
    };
    Ok((field.name.clone(), json))
}

/// Whether a value says that there is none: for Salesforce a blank text is the same as null.
pub(in crate::connector::write) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn typed(field: &FieldDescription, value: &Value) -> Result<Json, String> {
    match field.field_type.as_str() {
        "boolean" => boolean(value).map(Json::Bool),
        "int" | "long" => whole(value).map(Json::from),
        "double" | "currency" | "percent" => decimal(value),
        "date" => date(value),
        "datetime" => date_time(value),
        "reference" | "id" => reference(value),
        "address" | "location" | "base64" | "anyType" | "complexvalue" | "json" => {
            Err("cannot be set as a whole".to_owned())
        }
        "picklist" => picklist(field, &text(value)?),
        kind => {
            let text = text(value)?;
            let longest = usize::try_from(field.length).unwrap_or(usize::MAX);
            let length = text.trim().chars().count();
            if longest > 0 && length > longest {
                return Err(format!("has {length} characters, {longest} are allowed"));
            }
            if (kind == "email" || field.name == "Username") && !is_address(text.trim()) {
                return Err("must have the form of an e-mail address".to_owned());
            }
            Ok(Json::String(text))
        }
    }
}

fn wrong(wanted: &str, value: &Value) -> String {
    format!("must be {wanted}, it is {}", value.kind())
}

fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::Text(text) => Ok(text.clone()),
        // Forms deliver an employee number as a number.
        Value::Number(number) if number.is_finite() => Ok(number.to_string()),
        other => Err(wrong("a text", other)),
    }
}

fn boolean(value: &Value) -> Result<bool, String> {
    let wanted = "true or false";
    match value {
        Value::Bool(value) => Ok(*value),
        Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(format!("must be {wanted}, it is another text")),
        },
        other => Err(wrong(wanted, other)),
    }
}

fn number(value: &Value, wanted: &str) -> Result<f64, String> {
    let number = match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        other => return Err(wrong(wanted, other)),
    };
    number
        .filter(|number| number.is_finite())
        .ok_or_else(|| format!("must be {wanted}"))
}

fn whole(value: &Value) -> Result<i32, String> {
    let wanted = "a whole number from -2147483648 to 2147483647";
    let number = number(value, wanted)?;
    let in_range = (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number);
    if number.fract() != 0.0 || !in_range {
        return Err(format!("must be {wanted}"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "its range was checked just now"
    )]
    Ok(number as i32)
}

fn decimal(value: &Value) -> Result<Json, String> {
    let number = number(value, "a number")?;
    serde_json::Number::from_f64(number)
        .map(Json::Number)
        .ok_or_else(|| "must be a number".to_owned())
}

fn date(value: &Value) -> Result<Json, String> {
    let wanted = "a date such as 2026-05-20";
    let Value::Text(text) = value else {
        return Err(wrong(wanted, value));
    };
    let date = text
        .trim()
        .parse::<Date>()
        .map_err(|_| format!("must be {wanted}"))?;
    Ok(Json::String(date.to_string()))
}

fn date_time(value: &Value) -> Result<Json, String> {
    let wanted = "a time such as 2026-05-20T08:00:00Z";
    let Value::Text(text) = value else {
        return Err(wrong(wanted, value));
    };
    let time = text
        .trim()
        .parse::<Timestamp>()
        .map_err(|_| format!("must be {wanted}"))?;
    Ok(Json::String(
        time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
    ))
}

fn reference(value: &Value) -> Result<Json, String> {
    let wanted = "a Salesforce id";
    let Value::Text(text) = value else {
        return Err(wrong(wanted, value));
    };
    let id: SalesforceId = text
        .trim()
        .parse()
        .map_err(|_| format!("must be {wanted}"))?;
    Ok(Json::String(id.to_string()))
}

/// One of the org's values, in the org's spelling.
fn picklist(field: &FieldDescription, text: &str) -> Result<Json, String> {
    let text = text.trim();
    let closed = field.restricted_picklist || CLOSED.contains(&field.name.as_str());
    let mut active = field
        .picklist_values
        .iter()
        .filter(|value| value.active)
        .peekable();
    if !closed || active.peek().is_none() {
        return Ok(Json::String(text.to_owned()));
    }
    let known = active.find(|entry| entry.value.eq_ignore_ascii_case(text));
    match known {
        Some(entry) => Ok(Json::String(entry.value.clone())),
        None => Err(format!(
            "is none of the values that the org has for {}",
            field.name
        )),
    }
}

/// The form of an address as Salesforce demands it, roughly; the org has the last word.
pub(in crate::connector::write) fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        let blank = |c: char| c.is_whitespace() || c.is_control() || c == '@';
        !local.is_empty()
            && !text.contains(char::is_whitespace)
            && !domain.contains(blank)
            && domain.contains('.')
            && domain.split('.').all(|label| !label.is_empty())
    })
}

/// Whether the org has the value that was sent. Salesforce trims texts and lowercases usernames and
/// addresses. Any other difference means that the value was not written.
pub(in crate::connector::write) fn is_equal(name: &str, now: Option<&Json>, wanted: &Json) -> bool {
    match (now, wanted) {
        (Some(Json::String(now)), Json::String(wanted)) if matches!(name, "Username" | "Email") => {
            now.trim().eq_ignore_ascii_case(wanted.trim())
        }
        (Some(Json::String(now)), Json::String(wanted)) => now.trim() == wanted.trim(),
        (Some(Json::Number(now)), Json::Number(wanted)) => now.as_f64() == wanted.as_f64(),
        (now, wanted) => now.unwrap_or(&Json::Null) == wanted,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use serde_json::json;
    use test_case::test_case;

    fn described() -> ObjectDescription {
        let field = |name: &str, kind: &str, more: Json| {
            let mut field = json!({"name": name, "type": kind, "createable": true,
                "updateable": true, "nillable": true});
            let more = more.as_object().unwrap().clone();
            field.as_object_mut().unwrap().extend(more);
            field
        };
        let zones = json!({"picklistValues": [{"value": "Europe/Berlin", "active": true}]});
        serde_json::from_value(json!({"name": "User", "fields": [
            field("Title", "string", json!({"length": 8})),
            field("Name", "string", json!({"createable": false, "updateable": false})),
            field("LastName", "string", json!({"nillable": false})),
            field("ForecastEnabled", "boolean", json!({"nillable": false})),
            field("Limit__c", "int", json!({})),
            field("Badge__c", "double", json!({})),
            field("Start__c", "date", json!({})),
            field("Seen__c", "datetime", json!({})),
            field("ManagerId", "reference", json!({})),
            field("Email", "email", json!({})),
            field("TimeZoneSidKey", "picklist", zones),
        ]}))
        .unwrap()
    }

    #[test_case("title", "Agent" => Ok(json!("Agent")); "names in any case")]
    #[test_case("Title", 7.0 => Ok(json!("7")); "number for a text")]
    #[test_case("Title", Value::Null => Ok(json!(null)); "null clears")]
    #[test_case("Title", "" => Ok(json!(null)); "blank clears")]
    #[test_case("Title", "far too long" => Err("Title has 12 characters, 8 are allowed".into()); "too long")]
    #[test_case("Title", true => Err("Title must be a text, it is a boolean".into()); "boolean for a text")]
    #[test_case("Name", "x" => Err("Name is read-only".into()); "read only")]
    #[test_case("LastName", Value::Null => Err("LastName may not be empty".into()); "required")]
    #[test_case("ForecastEnabled", "TRUE" => Ok(json!(true)); "text for a boolean")]
    #[test_case("ForecastEnabled", "yes" => Err("ForecastEnabled must be true or false, it is another text".into()); "another text")]
    #[test_case("Limit__c", "12" => Ok(json!(12)); "text for a number")]
    #[test_case("Limit__c", 3_000_000_000.0 => Err("Limit__c must be a whole number from -2147483648 to 2147483647".into()); "33 bits")]
    #[test_case("Limit__c", 1.5 => Err("Limit__c must be a whole number from -2147483648 to 2147483647".into()); "fraction")]
    #[test_case("Badge__c", "1.5" => Ok(json!(1.5)); "decimal")]
    #[test_case("Badge__c", "NaN" => Err("Badge__c must be a number".into()); "no number")]
    #[test_case("Start__c", "2026-02-30" => Err("Start__c must be a date such as 2026-05-20".into()); "no day")]
    #[test_case("Seen__c", "2026-05-20T10:00:00+02:00" => Ok(json!("2026-05-20T08:00:00.000Z")); "instant")]
    #[test_case("ManagerId", "005D0000001KyEI" => Ok(json!("005D0000001KyEIIA0")); "short id")]
    #[test_case("ManagerId", "' OR 1=1" => Err("ManagerId must be a Salesforce id".into()); "no id")]
    #[test_case("Email", "jane" => Err("Email must have the form of an e-mail address".into()); "no address")]
    #[test_case("TimeZoneSidKey", "europe/berlin" => Ok(json!("Europe/Berlin")); "the org's spelling")]
    #[test_case("TimeZoneSidKey", "Europe/Paris" => Err("TimeZoneSidKey is none of the values that the org has for TimeZoneSidKey".into()); "zone of another org")]
    fn values_are_typed_by_the_orgs_description(
        name: &str,
        value: impl Into<Value>,
    ) -> Result<Json, String> {
        read(&described(), name, name, &value.into(), For::Update).map(|(_, json)| json)
    }

    #[test]
    fn an_unknown_field_is_shown_short_and_escaped() {
        let key = format!("x\n{}", "y".repeat(5000));
        let problem = read(&described(), &key, &key, &true.into(), For::Create).unwrap_err();
        assert!(
            problem.starts_with(r"x\ny") && problem.len() < 200,
            "{problem}"
        );
    }
}
