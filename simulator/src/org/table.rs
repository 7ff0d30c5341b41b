//! The rows of the org, in memory, with indexes.
//!
//! It only assigns ids and maintains indexes. Defaults, audit columns, uniqueness and cascades are
//! implemented in `store` and `rules`.

mod index;
mod metadata;
mod row;

use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;

use super::id::Id;
use super::schema::{FieldDef, FieldType, ObjectDef, ObjectKey, Schema};
use super::value::{Text, Value};
use index::Index;
use row::blank_cell;

pub use row::{Row, RowRef};

/// All rows of the org.
#[derive(Clone, Debug)]
pub struct Database {
    schema: Schema,
    tables: Vec<Table>,
    /// Picklist values, which rows share to save memory.
    texts: HashSet<Text>,
}

/// The rows of one object, in the server's id order.
#[derive(Clone, Debug)]
pub struct Table {
    rows: BTreeMap<Id, Row>,
    indexes: Vec<Index>,
    next: u64,
}

/// Why a row could not be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// No such object in the schema.
    #[error("no object {0}")]
    NoObject(String),
    /// No such field on the object.
    #[error("no field {1} on {0}")]
    NoField(String, String),
    /// No row with that id.
    #[error("no row {0}")]
    NoRow(Id),
}

impl Table {
    /// Returns the number of rows, including deleted and revoked ones.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A row by id.
    #[must_use]
    pub fn get(&self, id: Id) -> Option<&Row> {
        self.rows.get(&id)
    }

    /// All rows, in id order.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.rows.values()
    }

    /// Rows between two ids, in id order.
    #[must_use]
    pub fn range(&self, from: Bound<Id>, to: Bound<Id>) -> impl DoubleEndedIterator<Item = &Row> {
        // BTreeMap::range panics on an empty range.
        let empty = match (from, to) {
            (Bound::Included(a), Bound::Included(b)) => a > b,
            (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => {
                a >= b
            }
            _ => false,
        };
        let bounds = if empty {
            (Bound::Excluded(Id::ZERO), Bound::Included(Id::ZERO))
        } else {
            (from, to)
        };
        self.rows.range(bounds).map(|(_, row)| row)
    }

    /// Whether the field has an index.
    #[must_use]
    pub fn is_indexed(&self, field: usize) -> bool {
        self.index(field).is_some()
    }

    /// Returns the ids of the rows with a value, in id order, ignoring the case of text. Returns
    /// `None` if the field has no index.
    #[must_use]
    pub fn find(&self, field: usize, value: &Value) -> Option<Vec<Id>> {
        self.index(field).map(|index| index.find(value))
    }

    fn index(&self, field: usize) -> Option<&Index> {
        self.indexes.iter().find(|index| index.field == field)
    }

    fn put(&mut self, row: Row) {
        let id = row.id();
        self.take(id);
        for index in &mut self.indexes {
            index.add(&row, id);
        }
        self.rows.insert(id, row);
    }

    fn take(&mut self, id: Id) -> Option<Row> {
        let row = self.rows.remove(&id)?;
        for index in &mut self.indexes {
            index.remove(&row, id);
        }
        Some(row)
    }
}

impl Database {
    /// Returns a database that only contains the rows that describe the schema
    /// (`EntityDefinition`, `EntityParticle`, `PicklistValueInfo`).
    #[must_use]
    pub fn new(schema: Schema) -> Self {
        let tables = schema
            .objects()
            .map(|object| Table {
                rows: BTreeMap::new(),
                indexes: Index::all_of(object),
                next: 1,
            })
            .collect();
        let mut database = Self {
            schema,
            tables,
            texts: HashSet::new(),
        };
        metadata::describe(&mut database);
        database
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The schema, to change it.
    pub fn schema_mut(&mut self) -> &mut Schema {
        &mut self.schema
    }

    /// Adds a field to an object and its rows, with null or false as value. Returns false if the
    /// object does not exist or already has the field.
    pub fn add_custom_field(&mut self, object: &str, field: FieldDef) -> bool {
        let blank = blank_cell(&field);
        if !self.schema.add_custom_field(object, field) {
            return false;
        }
        let Some(def) = self.schema.object(object) else {
            return false;
        };
        let number = def.fields.len() - 1;
        if let Some(table) = self.tables.get_mut(def.key.0) {
            for row in table.rows.values_mut() {
                row.set(number, blank.clone());
            }
        }
        true
    }

    /// Replaces the values of a picklist, and the rows that describe them. Returns false if the field
    /// does not exist.
    pub fn set_picklist(&mut self, object: &str, field: &str, values: &[(&str, bool)]) -> bool {
        if !self.schema.set_picklist(object, field, values) {
            return false;
        }
        metadata::redescribe(self, object, field);
        true
    }

    /// Returns the key of an object.
    #[must_use]
    pub fn key(&self, object: &str) -> Option<ObjectKey> {
        self.schema.object(object).map(|object| object.key)
    }

    /// The rows of an object.
    #[must_use]
    pub fn table(&self, key: ObjectKey) -> Option<&Table> {
        self.tables.get(key.0)
    }

    /// Returns the rows of an object in id order; none if the object does not exist.
    pub fn rows(&self, object: &str) -> impl Iterator<Item = RowRef<'_>> {
        self.schema.object(object).into_iter().flat_map(|object| {
            let rows = self
                .tables
                .get(object.key.0)
                .into_iter()
                .flat_map(Table::iter);
            rows.map(move |row| RowRef { object, row })
        })
    }

    /// A row by object name and id.
    #[must_use]
    pub fn get(&self, object: &str, id: Id) -> Option<RowRef<'_>> {
        let object = self.schema.object(object)?;
        let row = self.table(object.key)?.get(id)?;
        Some(RowRef { object, row })
    }

    /// Returns the rows with a value in a field, in id order, ignoring the case of text. Uses an
    /// index if there is one.
    #[must_use]
    pub fn find(&self, object: &str, field: &str, value: &Value) -> Vec<RowRef<'_>> {
        let Some(object) = self.schema.object(object) else {
            return Vec::new();
        };
        let (Some(table), Some(field)) = (self.table(object.key), object.index_of(field)) else {
            return Vec::new();
        };
        let named = |row| RowRef { object, row };
        match table.find(field, value) {
            Some(ids) => ids
                .into_iter()
                .filter_map(|id| table.get(id))
                .map(named)
                .collect(),
            None => table
                .iter()
                .filter(|row| same(row.cell(field), value))
                .map(named)
                .collect(),
        }
    }

    /// Returns an unused id of an object.
    pub fn next_id(&mut self, key: ObjectKey) -> Option<Id> {
        let prefix = self.schema.get(key)?.key_prefix;
        let table = self.tables.get_mut(key.0)?;
        loop {
            let id = Id::generate(prefix, table.next);
            table.next += 1;
            if !table.rows.contains_key(&id) {
                return Some(id);
            }
        }
    }

    /// Adds a row of named cells. Assigns an id if there is none among them.
    pub fn insert<'v>(
        &mut self,
        object: &str,
        cells: impl IntoIterator<Item = (&'v str, Value)>,
    ) -> Result<Id, TableError> {
        let def = self.schema.object(object);
        let def = def.ok_or_else(|| TableError::NoObject(object.to_owned()))?;
        let mut row = Row::blank(def);
        let key = def.key;
        fill(def, &mut row, cells)?;
        Ok(self.insert_row(key, row))
    }

    /// Stores a row. Assigns an id if it has none, and replaces a row with the same id.
    pub fn insert_row(&mut self, key: ObjectKey, mut row: Row) -> Id {
        if row.cell(0).is_null() {
            row.set(0, self.next_id(key));
        }
        let id = row.id();
        self.share_texts(key, &mut row);
        if let Some(table) = self.tables.get_mut(key.0) {
            table.put(row);
        }
        id
    }

    /// Changes named cells of a row.
    pub fn update<'v>(
        &mut self,
        object: &str,
        id: Id,
        cells: impl IntoIterator<Item = (&'v str, Value)>,
    ) -> Result<(), TableError> {
        let def = self.schema.object(object);
        let def = def.ok_or_else(|| TableError::NoObject(object.to_owned()))?;
        let key = def.key;
        let row = self.tables.get(key.0).and_then(|table| table.get(id));
        let mut row = row.ok_or(TableError::NoRow(id))?.clone();
        fill(def, &mut row, cells)?;
        self.insert_row(key, row);
        Ok(())
    }

    /// Removes a row permanently.
    pub fn delete(&mut self, object: &str, id: Id) -> Option<Row> {
        let key = self.key(object)?;
        self.tables.get_mut(key.0)?.take(id)
    }

    fn share_texts(&mut self, key: ObjectKey, row: &mut Row) {
        let Some(object) = self.schema.get(key) else {
            return;
        };
        for (field, cell) in object.fields.iter().zip(row.cells_mut()) {
            let (FieldType::Picklist, Value::Text(text)) = (field.ty, &*cell) else {
                continue;
            };
            if let Some(known) = self.texts.get(text) {
                *cell = Value::Text(known.clone());
            } else {
                self.texts.insert(text.clone());
            }
        }
    }
}

fn fill<'v>(
    object: &ObjectDef,
    row: &mut Row,
    cells: impl IntoIterator<Item = (&'v str, Value)>,
) -> Result<(), TableError> {
    for (name, value) in cells {
        let field = object.index_of(name);
        let field =
            field.ok_or_else(|| TableError::NoField(object.name.clone(), name.to_owned()))?;
        row.set(field, value);
    }
    Ok(())
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a.to_lowercase() == b.to_lowercase(),
        _ => a == b,
    }
}
