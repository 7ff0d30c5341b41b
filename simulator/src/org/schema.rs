//! The objects and fields of the org.
//!
//! They are defined in text files (`schema/*.txt`), which `load` parses.

mod field;
mod load;

use std::collections::HashMap;

use super::id::KeyPrefix;

use field::label_of;

pub use field::{FieldDef, FieldType, PicklistEntry};
pub use load::SchemaError;

/// The oldest API version of the org.
pub const OLDEST_VERSION: u32 = 31;
/// The newest API version of the org.
pub const NEWEST_VERSION: u32 = 67;

/// All objects of the org.
#[derive(Clone, Debug)]
pub struct Schema {
    objects: Vec<ObjectDef>,
    by_name: HashMap<String, ObjectKey>,
}

/// Identifies an object of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(pub(super) usize);

/// One object (table).
#[expect(
    clippy::struct_excessive_bools,
    reason = "these are the flags of a describe"
)]
#[derive(Clone, Debug)]
pub struct ObjectDef {
    /// Its key.
    pub key: ObjectKey,
    /// API name, in its proper case.
    pub name: String,
    /// Singular label.
    pub label: String,
    /// First three characters of its ids.
    pub key_prefix: KeyPrefix,
    /// Fields, in the order of the cells of a row. The first is `Id`.
    pub fields: Vec<FieldDef>,
    /// Relationships that other objects' reference fields give this one.
    pub child_relationships: Vec<ChildRelationship>,
    /// Whether `query` reads it.
    pub queryable: bool,
    /// Whether rows may be created over the API.
    pub createable: bool,
    /// Whether rows may be changed over the API.
    pub updateable: bool,
    /// Whether rows may be deleted over the API.
    pub deletable: bool,
    /// Whether changed and deleted rows can be listed (`getUpdated()`, `getDeleted()`). Assignments
    /// of permission sets and licenses cannot. Source: Object Reference, "Supported Calls".
    pub replicateable: bool,
    /// Whether it can be searched.
    pub searchable: bool,
    /// First API version with it, for example 60.
    pub since_version: u32,
    /// Feature that must be enabled; otherwise requests fail with `INVALID_TYPE`.
    pub feature: Option<Feature>,
    /// Whether it is a setup object. Setup and other objects cannot be written in one transaction.
    pub setup: bool,
    /// Whether its ids are null in queries, as those of `OauthToken`.
    pub null_id: bool,
    /// The field with the name of a row.
    pub name_field: Option<usize>,
    by_name: HashMap<String, usize>,
}

/// An optional product feature of the org.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feature {
    /// Sales Territories.
    Territories,
    /// Einstein bots and agents.
    Agents,
    /// Chatter, with its groups.
    Chatter,
}

/// A relationship from a parent to rows of `object` whose `field` refers to it.
#[derive(Clone, Debug)]
pub struct ChildRelationship {
    /// The relationship's name.
    pub name: String,
    /// The object that has the reference.
    pub object: ObjectKey,
    /// Index of the reference field.
    pub field: usize,
}

impl Schema {
    /// Returns the objects of every simulated org.
    #[must_use]
    pub fn standard() -> Self {
        match load::standard() {
            Ok(schema) => schema,
            // The files are part of the program, and tests parse them.
            Err(error) => unreachable!("the built-in schema is valid: {error}"),
        }
    }

    /// Returns an object by name, ignoring case.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&ObjectDef> {
        self.by_name
            .get(&name.to_ascii_lowercase())
            .and_then(|key| self.objects.get(key.0))
    }

    /// Returns an object by key.
    #[must_use]
    pub fn get(&self, key: ObjectKey) -> Option<&ObjectDef> {
        self.objects.get(key.0)
    }

    /// All objects, in a fixed order.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectDef> {
        self.objects.iter()
    }

    /// Returns the objects with a key prefix: usually one, but prefixes can be shared.
    pub fn objects_with_prefix(&self, prefix: KeyPrefix) -> impl Iterator<Item = &ObjectDef> {
        self.objects
            .iter()
            .filter(move |object| object.key_prefix == prefix)
    }

    /// Adds a field to an object without rows; for others use
    /// [`Database::add_custom_field`](super::table::Database::add_custom_field). Returns false if the
    /// object does not exist or already has the field.
    pub fn add_custom_field(&mut self, object: &str, mut field: FieldDef) -> bool {
        let Some(key) = self.by_name.get(&object.to_ascii_lowercase()).copied() else {
            return false;
        };
        field.custom = true;
        let Some(number) = self
            .objects
            .get_mut(key.0)
            .and_then(|object| object.push(field))
        else {
            return false;
        };
        self.link_child(key, number);
        true
    }

    /// Hides a field in every API version. Returns false if it does not exist.
    pub fn hide_field(&mut self, object: &str, field: &str) -> bool {
        let key = self.by_name.get(&object.to_ascii_lowercase()).copied();
        let Some(object) = key.and_then(|key| self.objects.get_mut(key.0)) else {
            return false;
        };
        let number = object.index_of(field);
        let Some(field) = number.and_then(|number| object.fields.get_mut(number)) else {
            return false;
        };
        field.since_version = u32::MAX;
        true
    }

    /// Replaces the values of a picklist. Returns false if the field does not exist.
    pub(super) fn set_picklist(
        &mut self,
        object: &str,
        field: &str,
        values: &[(&str, bool)],
    ) -> bool {
        let key = self.by_name.get(&object.to_ascii_lowercase()).copied();
        let Some(object) = key.and_then(|key| self.objects.get_mut(key.0)) else {
            return false;
        };
        let number = object.index_of(field);
        let Some(field) = number.and_then(|number| object.fields.get_mut(number)) else {
            return false;
        };
        let entry = |(value, active): &(&str, bool)| PicklistEntry {
            active: *active,
            ..PicklistEntry::new(value)
        };
        field.picklist = values.iter().map(entry).collect();
        true
    }

    fn push_object(&mut self, mut object: ObjectDef) {
        object.key = ObjectKey(self.objects.len());
        self.by_name
            .insert(object.name.to_ascii_lowercase(), object.key);
        self.objects.push(object);
    }

    /// Adds the child relationship of a reference field to its parents.
    fn link_child(&mut self, key: ObjectKey, number: usize) {
        let Some(field) = self
            .objects
            .get(key.0)
            .and_then(|object| object.fields.get(number))
        else {
            return;
        };
        let Some(name) = field.child_relationship_name.clone() else {
            return;
        };
        for parent in field.reference_to.clone() {
            let parent = self.by_name.get(&parent.to_ascii_lowercase()).copied();
            if let Some(parent) = parent.and_then(|parent| self.objects.get_mut(parent.0)) {
                let child = ChildRelationship {
                    name: name.clone(),
                    object: key,
                    field: number,
                };
                parent.child_relationships.push(child);
            }
        }
    }
}

impl ObjectDef {
    /// Returns the index of a field by name, ignoring case.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }

    /// Returns a field by name, ignoring case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldDef> {
        self.index_of(name).and_then(|index| self.fields.get(index))
    }

    /// Returns the reference field of a relationship and its index, ignoring case.
    #[must_use]
    pub fn relationship(&self, name: &str) -> Option<(usize, &FieldDef)> {
        self.fields.iter().enumerate().find(|(_, field)| {
            field
                .relationship_name
                .as_ref()
                .is_some_and(|known| known.eq_ignore_ascii_case(name))
        })
    }

    /// Returns a child relationship by name, ignoring case.
    #[must_use]
    pub fn child_relationship(&self, name: &str) -> Option<&ChildRelationship> {
        self.child_relationships
            .iter()
            .find(|child| child.name.eq_ignore_ascii_case(name))
    }

    fn push(&mut self, field: FieldDef) -> Option<usize> {
        let name = field.name.to_ascii_lowercase();
        if self.by_name.contains_key(&name) {
            return None;
        }
        let number = self.fields.len();
        self.by_name.insert(name, number);
        self.fields.push(field);
        Some(number)
    }
}
