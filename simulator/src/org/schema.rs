//! What objects and fields the org has, and what may be done with each.
//!
//! The definitions are text files beside this one (`schema/*.txt`, read by `load`); this file
//! holds what they mean. It knows nothing of rows.

mod field;
mod load;

use std::collections::HashMap;

use super::id::KeyPrefix;

use field::label_of;

pub use field::{FieldDef, FieldType, PicklistEntry};
pub use load::SchemaError;

/// All objects of the org.
#[derive(Clone, Debug)]
pub struct Schema {
    objects: Vec<ObjectDef>,
    by_name: HashMap<String, ObjectKey>,
}

/// Where an object stands in its schema: a cheap, copyable handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(pub(super) usize);

/// One object (table).
#[expect(
    clippy::struct_excessive_bools,
    reason = "these are the flags of a describe"
)]
#[derive(Clone, Debug)]
pub struct ObjectDef {
    /// Its handle.
    pub key: ObjectKey,
    /// API name, in its proper case.
    pub name: String,
    /// Singular label.
    pub label: String,
    /// What its ids begin with.
    pub key_prefix: KeyPrefix,
    /// Columns; number 0 is `Id`. A row's cells are in this order.
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
    /// The first API version that knows it, e.g. 60.
    pub since_version: u32,
    /// What must be switched on for the object to exist; off answers `INVALID_TYPE`.
    pub feature: Option<Feature>,
    /// Whether Salesforce calls it a setup object (these and others must not mix in one DML).
    pub setup: bool,
    /// Whether queries show no ids: `OauthToken`'s is reserved and always null.
    pub null_id: bool,
    /// The column that says what a row is called.
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
}

/// Rows of `object` whose `field` points here, under the name that sub-queries use.
#[derive(Clone, Debug)]
pub struct ChildRelationship {
    /// The relationship's name.
    pub name: String,
    /// The object that has the reference.
    pub object: ObjectKey,
    /// The number of the reference field in it.
    pub field: usize,
}

impl Schema {
    /// The objects every simulated org has.
    #[must_use]
    pub fn standard() -> Self {
        match load::standard() {
            Ok(schema) => schema,
            // The text is part of this program; the tests read it.
            Err(error) => unreachable!("the built-in schema is valid: {error}"),
        }
    }

    /// An object by name, in any case.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&ObjectDef> {
        self.by_name
            .get(&name.to_ascii_lowercase())
            .and_then(|key| self.objects.get(key.0))
    }

    /// The object of a handle that this schema gave out.
    #[must_use]
    pub fn get(&self, key: ObjectKey) -> Option<&ObjectDef> {
        self.objects.get(key.0)
    }

    /// All objects, in a fixed order.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectDef> {
        self.objects.iter()
    }

    /// The objects whose ids begin like this. Usually one, but prefixes may be shared.
    pub fn objects_with_prefix(&self, prefix: KeyPrefix) -> impl Iterator<Item = &ObjectDef> {
        self.objects
            .iter()
            .filter(move |object| object.key_prefix == prefix)
    }

    /// Adds a field to an object at run time; for an object with rows use
    /// [`Database::add_custom_field`](super::table::Database::add_custom_field). False when there is no such object or it has a field of that name.
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

    /// Makes a field unknown to every API version, as in an org that lacks it. False when there is
    /// no such field.
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

    fn push_object(&mut self, mut object: ObjectDef) {
        object.key = ObjectKey(self.objects.len());
        self.by_name
            .insert(object.name.to_ascii_lowercase(), object.key);
        self.objects.push(object);
    }

    /// Tells the parents of a reference field about their new children.
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
    /// A field's number by name, in any case.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }

    /// A field by name, in any case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldDef> {
        self.index_of(name).and_then(|index| self.fields.get(index))
    }

    /// The reference field (and its number) whose relationship has this name, in any case.
    #[must_use]
    pub fn relationship(&self, name: &str) -> Option<(usize, &FieldDef)> {
        self.fields.iter().enumerate().find(|(_, field)| {
            field
                .relationship_name
                .as_ref()
                .is_some_and(|known| known.eq_ignore_ascii_case(name))
        })
    }

    /// A child relationship by name, in any case.
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
