//! A secondary index on a field.

use std::collections::{BTreeSet, HashMap};

use crate::org::id::Id;
use crate::org::schema::ObjectDef;
use crate::org::table::Row;
use crate::org::value::Value;

/// Fields with an index, on any object.
const INDEXED: &[&str] = &[
    "UserId",
    "AssigneeId",
    "PermissionSetId",
    "PermissionSetGroupId",
    "PermissionSetLicenseId",
    "PackageLicenseId",
    "GroupId",
    "UserOrGroupId",
    "Username",
    "CommunityNickname",
    "FederationIdentifier",
    "ProfileId",
    "UserRoleId",
    "OwnerId",
    "RelatedId",
    "Territory2Id",
    "ParentId",
    "SetupEntityId",
    "QueueId",
];

#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) field: usize,
    rows: HashMap<Key, BTreeSet<Id>>,
}

/// Null is not indexed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Id(Id),
    Text(Box<str>),
}

impl Index {
    /// Returns the indexes of an object.
    pub(super) fn all_of(object: &ObjectDef) -> Vec<Self> {
        let fields = object.fields.iter().enumerate();
        fields
            .filter(|(_, field)| INDEXED.contains(&field.name.as_str()))
            .map(|(field, _)| Self {
                field,
                rows: HashMap::new(),
            })
            .collect()
    }

    pub(super) fn find(&self, value: &Value) -> Vec<Id> {
        let rows = key_of(value).and_then(|key| self.rows.get(&key));
        rows.map(|rows| rows.iter().copied().collect())
            .unwrap_or_default()
    }

    pub(super) fn add(&mut self, row: &Row, id: Id) {
        if let Some(key) = key_of(row.cell(self.field)) {
            self.rows.entry(key).or_default().insert(id);
        }
    }

    pub(super) fn remove(&mut self, row: &Row, id: Id) {
        let Some(key) = key_of(row.cell(self.field)) else {
            return;
        };
        if let Some(rows) = self.rows.get_mut(&key) {
            rows.remove(&id);
            if rows.is_empty() {
                self.rows.remove(&key);
            }
        }
    }
}

fn key_of(value: &Value) -> Option<Key> {
    match value {
        Value::Id(id) => Some(Key::Id(*id)),
        Value::Text(text) => Some(Key::Text(text.to_lowercase().into())),
        _ => None,
    }
}
