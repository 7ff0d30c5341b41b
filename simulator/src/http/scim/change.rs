//! What a request makes of a user: fields, and the entitlements that the user shall have.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::attributes::{field_of, parts_of, without_urn};
use super::body::{Kind, Operation, ids};
use super::error::ScimError;
use super::{ENTERPRISE_USER, USER_EXTENSION};
use crate::org::Org;
use crate::org::id::Id;

/// The wanted state of a user.
#[derive(Debug, Default)]
pub(super) struct UserChange {
    /// Values to write, by field of User.
    pub(super) fields: Map<String, Value>,
    /// The profile: a user has exactly one.
    pub(super) profile: Option<Id>,
    /// The permission sets that are assigned directly.
    pub(super) sets: BTreeSet<Id>,
}

impl UserChange {
    /// Reads a whole user, of a POST or PUT. Read-only attributes are ignored (RFC 7644, 3.5.1).
    pub(super) fn read(&mut self, org: &Org, body: &Map<String, Value>) -> Result<(), ScimError> {
        for (name, value) in body {
            if !is_read_only(&name.to_lowercase()) {
                self.apply_member(org, Kind::Replace, name, value)?;
            }
        }
        Ok(())
    }

    /// Applies an operation of a PATCH.
    pub(super) fn apply(&mut self, org: &Org, operation: &Operation) -> Result<(), ScimError> {
        let Operation { kind, path, value } = operation;
        let members = match path {
            Some(path) => return self.patch(org, *kind, path, value),
            None => value.as_object(),
        };
        for (name, value) in members.into_iter().flatten() {
            self.patch(org, *kind, name, value)?;
        }
        Ok(())
    }

    fn patch(&mut self, org: &Org, kind: Kind, path: &str, value: &Value) -> Result<(), ScimError> {
        if is_read_only(&without_urn(path).to_lowercase()) {
            let text = format!("{path} cannot be changed.");
            return Err(ScimError::bad("mutability", text));
        }
        self.apply_member(org, kind, path, value)
    }

    /// Applies an attribute, or an extension with its attributes.
    fn apply_member(
        &mut self,
        org: &Org,
        kind: Kind,
        name: &str,
        value: &Value,
    ) -> Result<(), ScimError> {
        let extension = [ENTERPRISE_USER, USER_EXTENSION]
            .iter()
            .any(|urn| urn.eq_ignore_ascii_case(name));
        if !extension {
            return self.set(org, kind, without_urn(name), value);
        }
        if kind == Kind::Remove && value.is_null() {
            return self.clear(parts_of(name));
        }
        for (name, value) in value.as_object().into_iter().flatten() {
            self.set(org, kind, name, value)?;
        }
        Ok(())
    }

    fn set(&mut self, org: &Org, kind: Kind, path: &str, value: &Value) -> Result<(), ScimError> {
        match path.to_lowercase().as_str() {
            "schemas" | "displayname" | "name.formatted" | "password" => Ok(()),
            "entitlements" => self.entitle(org, kind, value),
            "roles" => self.set_only(kind, "roles", value),
            "emails" => self.set_only(kind, "emails", value),
            "phonenumbers" => {
                let mobile = first(value).and_then(|it| it.get("type")?.as_str());
                let mobile = mobile.is_some_and(|kind| kind.eq_ignore_ascii_case("mobile"));
                self.set_only(kind, "phoneNumbers", value)?;
                if mobile && let Some(number) = self.fields.remove("Phone") {
                    self.fields.insert("MobilePhone".to_owned(), number);
                }
                Ok(())
            }
            "name" | "manager" => self.set_parts(org, kind, path, value),
            "addresses" if kind == Kind::Remove => self.clear(parts_of(path)),
            "addresses" => {
                at_most_one("addresses", value)?;
                match first(value) {
                    Some(address) => self.set_parts(org, kind, "addresses", address),
                    None => Ok(()),
                }
            }
            _ => self.set_field(kind, path, value),
        }
    }

    /// Sets the parts of a complex attribute that have fields.
    fn set_parts(
        &mut self,
        org: &Org,
        kind: Kind,
        path: &str,
        value: &Value,
    ) -> Result<(), ScimError> {
        if kind == Kind::Remove && path.eq_ignore_ascii_case("manager") {
            return self.set_field(kind, "manager.value", value);
        }
        let Some(parts) = value.as_object() else {
            return Err(wrong_value(path));
        };
        for (name, value) in parts {
            let path = format!("{path}.{name}");
            if field_of(&path).is_some() {
                self.set(org, kind, &path, value)?;
            }
        }
        Ok(())
    }

    fn clear(&mut self, paths: &[&str]) -> Result<(), ScimError> {
        let mut paths = paths.iter();
        paths.try_for_each(|path| self.set_field(Kind::Remove, path, &Value::Null))
    }

    /// Sets an attribute whose list can have one entry: Salesforce stores only one.
    fn set_only(&mut self, kind: Kind, name: &str, value: &Value) -> Result<(), ScimError> {
        at_most_one(name, value)?;
        let path = format!("{name}.value");
        match first(value).map(|entry| entry.get("value").cloned().unwrap_or_default()) {
            Some(value) if kind != Kind::Remove => self.set_field(kind, &path, &value),
            _ if kind == Kind::Add => Ok(()),
            _ => self.set_field(Kind::Remove, &path, &Value::Null),
        }
    }

    fn set_field(&mut self, kind: Kind, path: &str, value: &Value) -> Result<(), ScimError> {
        let Some(field) = field_of(path) else {
            let text = format!("There is no attribute {path}.");
            return Err(ScimError::bad("invalidPath", text));
        };
        let value = match value {
            _ if kind == Kind::Remove => Value::Null,
            Value::String(_) | Value::Bool(_) | Value::Null => value.clone(),
            _ => return Err(wrong_value(path)),
        };
        self.fields.insert(field.to_owned(), value);
        Ok(())
    }

    /// Adds to, removes from or replaces the entitlements. A list without a profile keeps the one
    /// that the user has.
    fn entitle(&mut self, org: &Org, kind: Kind, value: &Value) -> Result<(), ScimError> {
        let list = value.get("entitlements").unwrap_or(value);
        let named = match list {
            Value::Null if kind == Kind::Remove => self.sets.iter().copied().collect(),
            list => ids(list, "entitlements")?,
        };
        let is = |object: &str, id: Id| org.database().get(object, id).is_some();
        let mut sets = BTreeSet::new();
        let mut profiles = BTreeSet::new();
        for id in named {
            if is("Profile", id) {
                profiles.insert(id);
            } else if is("PermissionSet", id) {
                sets.insert(id);
            } else {
                let text = format!("There is no profile or permission set {id}.");
                return Err(ScimError::bad("invalidValue", text));
            }
        }
        if profiles.len() > 1 {
            let text = "A user can have only one profile.";
            return Err(ScimError::bad("invalidValue", text));
        }
        match kind {
            Kind::Add => self.sets.extend(sets),
            Kind::Replace => self.sets = sets,
            Kind::Remove if profiles.first().is_some_and(|id| self.profile == Some(*id)) => {
                let text = "A user must have a profile.";
                return Err(ScimError::bad("invalidValue", text));
            }
            Kind::Remove => self.sets.retain(|id| !sets.contains(id)),
        }
        if kind != Kind::Remove {
            self.profile = profiles.first().copied().or(self.profile);
        }
        Ok(())
    }
}

fn is_read_only(path: &str) -> bool {
    let top = path.split('.').next().unwrap_or(path);
    matches!(top, "id" | "meta" | "groups" | "usertype")
}

/// The first entry of a list.
fn first(list: &Value) -> Option<&Value> {
    list.as_array().and_then(|list| list.first())
}

fn at_most_one(name: &str, list: &Value) -> Result<(), ScimError> {
    match list {
        Value::Null => Ok(()),
        Value::Array(list) if list.len() <= 1 => Ok(()),
        Value::Array(_) => {
            let text = format!("Only one entry of {name} can be written.");
            Err(ScimError::bad("invalidValue", text))
        }
        _ => Err(wrong_value(name)),
    }
}

fn wrong_value(path: &str) -> ScimError {
    let text = format!("The value of {path} has the wrong type.");
    ScimError::bad("invalidValue", text)
}
