//! A user as SCIM shows it. Only the id is needed; whatever else is odd or missing is not shown.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

use crate::salesforce::id::SalesforceId;

/// A user. `Debug` shows only the id, because the rest is personal data.
#[derive(Clone)]
pub struct User {
    id: SalesforceId,
    attributes: Map<String, Value>,
}

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let attributes = Map::deserialize(deserializer)?;
        let id = member(&attributes, "id").and_then(Value::as_str);
        let id = id.and_then(|id| SalesforceId::read(id).ok());
        let id = id.ok_or_else(|| de::Error::custom("no id"))?;
        Ok(Self { id, attributes })
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl User {
    /// Its id, the same as in the REST API.
    #[must_use]
    pub fn id(&self) -> SalesforceId {
        self.id
    }

    /// `userName`
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.attribute("userName")?.as_str()
    }

    /// `active`
    #[must_use]
    pub fn is_active(&self) -> Option<bool> {
        truth(self.attribute("active")?)
    }

    /// Ids of its profile and of its permission sets; `None` if they are not shown.
    #[must_use]
    pub fn entitlements(&self) -> Option<Vec<SalesforceId>> {
        let list = self.attribute("entitlements")?.as_array()?;
        Some(list.iter().filter_map(entitlement).collect())
    }

    /// Whether it has this value. Of an object, only the members that `wanted` has are compared,
    /// and a list may have more entries than `wanted`.
    #[must_use]
    pub fn shows(&self, name: &str, wanted: &Value) -> bool {
        self.attribute(name)
            .is_some_and(|now| is_shown(now, wanted))
    }

    fn attribute(&self, name: &str) -> Option<&Value> {
        member(&self.attributes, name)
    }
}

/// Names of attributes have no case (RFC 7643, 2.1).
fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        let mut others = object.iter();
        others.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    })
}

fn entitlement(entry: &Value) -> Option<SalesforceId> {
    SalesforceId::read(entry.get("value")?.as_str()?).ok()
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) => text.to_ascii_lowercase().parse().ok(),
        _ => None,
    }
}

fn is_shown(now: &Value, wanted: &Value) -> bool {
    match (now, wanted) {
        (now, Value::Bool(wanted)) => truth(now) == Some(*wanted),
        (Value::String(now), Value::String(wanted)) => is_same_text(now.trim(), wanted.trim()),
        (Value::Object(now), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, wanted)| member(now, name).is_some_and(|now| is_shown(now, wanted))),
        // The value identifies an entry; its type and whether it is the first are details.
        (Value::Array(now), Value::Array(wanted)) => wanted.iter().all(|wanted| {
            let value = wanted.get("value").unwrap_or(wanted);
            now.iter()
                .any(|now| is_shown(now.get("value").unwrap_or(now), value))
        }),
        (now, wanted) => now == wanted,
    }
}

/// Usernames and addresses have no case, and an id has 15 or 18 characters.
fn is_same_text(now: &str, wanted: &str) -> bool {
    if now == wanted {
        return true;
    }
    if wanted.contains('@') {
        return now.to_lowercase() == wanted.to_lowercase();
    }
    match (now.parse::<SalesforceId>(), wanted.parse::<SalesforceId>()) {
        (Ok(now), Ok(wanted)) => now == wanted,
        _ => false,
    }
}
