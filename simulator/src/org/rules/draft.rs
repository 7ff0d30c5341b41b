//! The values to write. Rejects unknown, read-only and missing fields.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::org::error::OrgError;
use crate::org::id::Id;
use crate::org::schema::{FieldType, ObjectDef};
use crate::org::value::Value;
use crate::org::{Org, read_json};

/// Values by field name.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft(BTreeMap<String, Value>);

impl Draft {
    /// Parses the body of a create.
    pub(super) fn for_create(
        def: &ObjectDef,
        version: u32,
        body: &Map<String, Json>,
    ) -> Result<Self, OrgError> {
        if body.keys().any(|name| name.eq_ignore_ascii_case("Id")) {
            let text = "cannot specify Id in an insert call";
            return Err(OrgError::dml(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                text,
                &["Id"],
            ));
        }
        let draft = Self::read(def, version, body, true)?;
        let missing: Vec<_> = def
            .fields
            .iter()
            .filter(|field| field.since_version <= version && field.is_required())
            .filter(|field| draft.get(&field.name).is_null())
            .map(|field| field.name.as_str())
            .collect();
        refuse_missing(&missing)?;
        Ok(draft)
    }

    /// Parses the body of an update.
    pub(super) fn for_update(
        def: &ObjectDef,
        version: u32,
        body: &Map<String, Json>,
    ) -> Result<Self, OrgError> {
        let draft = Self::read(def, version, body, false)?;
        let cleared: Vec<_> = def
            .fields
            .iter()
            .filter(|field| !field.nillable)
            .filter(|field| draft.0.get(&field.name).is_some_and(Value::is_null))
            .map(|field| field.name.as_str())
            .collect();
        refuse_missing(&cleared)?;
        Ok(draft)
    }

    fn read(
        def: &ObjectDef,
        version: u32,
        body: &Map<String, Json>,
        create: bool,
    ) -> Result<Self, OrgError> {
        let mut cells = BTreeMap::new();
        let mut read_only = Vec::new();
        for (name, json) in body.iter().filter(|(name, _)| *name != "attributes") {
            let field = Org::visible_field(def, name, version).ok_or_else(|| {
                let text = format!("No such column '{name}' on sobject of type {}", def.name);
                OrgError::new(400, "INVALID_FIELD", text)
            })?;
            let allowed = if create {
                field.createable
            } else {
                field.updateable
            };
            if !allowed {
                read_only.push(field.name.as_str());
                continue;
            }
            cells.insert(field.name.clone(), read_json::read(field, json)?);
        }
        if !read_only.is_empty() {
            let text = format!(
                "Unable to create/update fields: {}. Please check the security settings of this \
                 field and verify that it is read/write for your profile or permission set.",
                read_only.join(", ")
            );
            return Err(OrgError::dml(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                text,
                &read_only,
            ));
        }
        // In a create, an explicit null is the same as omitting the field.
        if create {
            cells.retain(|_, value| !value.is_null());
        }
        Ok(Self(cells))
    }

    /// Returns a value; null if it is not written.
    pub(super) fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// Returns a value that is an id.
    pub(super) fn id(&self, name: &str) -> Option<Id> {
        self.get(name).as_id()
    }

    /// Returns a value that is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).as_str()
    }

    /// Returns a value that the request contains, which can be null.
    pub(super) fn named(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Whether the request contains a field.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Sets a value that the org fills in.
    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Returns all values, for the store.
    pub(super) fn cells(&self) -> Vec<(String, Value)> {
        self.0
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Returns the references that are not null.
    pub(super) fn references<'a>(
        &'a self,
        def: &'a ObjectDef,
    ) -> impl Iterator<Item = (&'a crate::org::schema::FieldDef, Id)> {
        self.0.iter().filter_map(|(name, value)| {
            let field = def
                .field(name)
                .filter(|field| field.ty == FieldType::Reference)?;
            Some((field, value.as_id()?))
        })
    }
}

fn refuse_missing(missing: &[&str]) -> Result<(), OrgError> {
    if missing.is_empty() {
        return Ok(());
    }
    let text = format!("Required fields are missing: [{}]", missing.join(", "));
    Err(OrgError::dml("REQUIRED_FIELD_MISSING", text, missing))
}
