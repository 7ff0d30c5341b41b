//! Writes rows with audit and derived columns, and keeps an undo log for transactions.

use serde_json::{Map, Value as Json};

use super::Org;
use super::id::Id;
use super::schema::{FieldType, ObjectDef};
use super::table::{Row, RowRef, TableError};
use super::value::Value;

/// Undoes one write.
#[derive(Debug, Clone)]
pub(super) struct Undo {
    object: String,
    id: Id,
    before: Option<Row>,
}

impl Org {
    /// Adds a row with audit columns, defaults and derived columns; clears the undo log.
    pub(super) fn seed_row<N: AsRef<str>>(
        &mut self,
        object: &str,
        cells: impl IntoIterator<Item = (N, Value)>,
    ) -> Id {
        let id = self.add(object, cells).unwrap_or_else(|error| {
            super::wrong_test(&error.to_string());
        });
        self.undo.clear();
        id
    }

    /// Adds a row with audit columns, defaults and derived columns. Given values take precedence.
    pub(super) fn add<N: AsRef<str>>(
        &mut self,
        object: &str,
        cells: impl IntoIterator<Item = (N, Value)>,
    ) -> Result<Id, TableError> {
        let no_object = || TableError::NoObject(object.to_owned());
        let def = self.db.schema().object(object).ok_or_else(no_object)?;
        let (key, name) = (def.key, def.name.clone());
        let now = Value::from(self.stamp.unwrap_or_else(|| self.clock.now()));
        let me = Value::Id(self.integration_user);
        let mut row = Row::blank(def);
        for (number, field) in def.fields.iter().enumerate() {
            if let Some(default) = &field.default {
                row.set(number, default.clone());
            }
        }
        for (name, value) in audit_columns(&now, &me, true) {
            if let Some(number) = def.index_of(name) {
                row.set(number, value.clone());
            }
        }
        for (name, value) in cells {
            let name = name.as_ref();
            let no_field = || TableError::NoField(object.to_owned(), name.to_owned());
            row.set(def.index_of(name).ok_or_else(no_field)?, value);
        }
        derive_name(def, &mut row);
        let id = self.db.insert_row(key, row);
        self.undo.push(Undo {
            object: name,
            id,
            before: None,
        });
        Ok(id)
    }

    /// Changes cells of a row and its modification columns.
    pub(super) fn write<N: AsRef<str>>(
        &mut self,
        object: &str,
        id: Id,
        cells: impl IntoIterator<Item = (N, Value)>,
    ) -> Result<(), TableError> {
        let no_object = || TableError::NoObject(object.to_owned());
        let def = self.db.schema().object(object).ok_or_else(no_object)?;
        let (key, name) = (def.key, def.name.clone());
        let before = self
            .db
            .get(object, id)
            .ok_or(TableError::NoRow(id))?
            .row
            .clone();
        let mut row = before.clone();
        let now = Value::from(self.stamp.unwrap_or_else(|| self.clock.now()));
        let me = Value::Id(self.integration_user);
        for (name, value) in audit_columns(&now, &me, false) {
            if let Some(number) = def.index_of(name) {
                row.set(number, value.clone());
            }
        }
        for (name, value) in cells {
            let name = name.as_ref();
            let no_field = || TableError::NoField(object.to_owned(), name.to_owned());
            row.set(def.index_of(name).ok_or_else(no_field)?, value);
        }
        derive_name(def, &mut row);
        self.db.insert_row(key, row);
        self.undo.push(Undo {
            object: name,
            id,
            before: Some(before),
        });
        Ok(())
    }

    /// Removes a row. Returns whether it existed.
    pub(super) fn remove(&mut self, object: &str, id: Id) -> bool {
        let Some(row) = self.db.delete(object, id) else {
            return false;
        };
        self.deleted.insert(id, self.clock.now());
        self.undo.push(Undo {
            object: object.to_owned(),
            id,
            before: Some(row),
        });
        true
    }

    /// Returns the current position in the undo log.
    pub(super) fn mark(&self) -> usize {
        self.undo.len()
    }

    /// Undoes every write since a position.
    pub(super) fn roll_back(&mut self, mark: usize) {
        while self.undo.len() > mark {
            let Some(step) = self.undo.pop() else { return };
            match step.before {
                None => drop(self.db.delete(&step.object, step.id)),
                Some(row) => {
                    self.deleted.remove(&step.id);
                    if let Some(key) = self.db.key(&step.object) {
                        self.db.insert_row(key, row);
                    }
                }
            }
        }
    }
}

/// Returns the columns for who wrote a row and when.
fn audit_columns<'v>(
    now: &'v Value,
    me: &'v Value,
    created: bool,
) -> impl Iterator<Item = (&'static str, &'v Value)> {
    let creation = [("CreatedDate", now), ("CreatedById", me)];
    let change = [
        ("LastModifiedDate", now),
        ("LastModifiedById", me),
        ("SystemModstamp", now),
    ];
    creation.into_iter().filter(move |_| created).chain(change)
}

/// Sets the name of users, contacts and leads from first and last name.
fn derive_name(def: &ObjectDef, row: &mut Row) {
    if !matches!(def.name.as_str(), "User" | "Contact" | "Lead") {
        return;
    }
    let cell = |name: &str| {
        let number = def.index_of(name)?;
        row.cell(number).as_str().map(str::to_owned)
    };
    let parts = [cell("FirstName"), cell("LastName")];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    if let Some(number) = def.index_of("Name") {
        row.set(number, Value::text(name));
    }
}

/// Returns a row with all its fields.
pub(super) fn as_json(row: RowRef<'_>) -> Json {
    let fields: Map<String, Json> = row
        .object
        .fields
        .iter()
        .enumerate()
        .map(|(number, field)| {
            let cell = row.row.cell(number);
            let value = if cell.is_null() && field.ty == FieldType::Boolean {
                Json::Bool(false)
            } else {
                cell.to_json()
            };
            (field.name.clone(), value)
        })
        .collect();
    Json::Object(fields)
}
