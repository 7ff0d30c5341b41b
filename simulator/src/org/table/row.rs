//! A row, and a row together with its object.

use crate::org::id::Id;
use crate::org::schema::{FieldDef, FieldType, ObjectDef};
use crate::org::value::Value;

/// The cells of one row, in the order of [`ObjectDef::fields`].
#[derive(Clone, Debug, PartialEq)]
pub struct Row(Box<[Value]>);

/// A row together with its object, for access by field name.
#[derive(Clone, Copy, Debug)]
pub struct RowRef<'a> {
    /// The object.
    pub object: &'a ObjectDef,
    /// The cells.
    pub row: &'a Row,
}

impl Row {
    /// Returns an empty row: checkboxes are false, everything else is null.
    #[must_use]
    pub fn blank(object: &ObjectDef) -> Self {
        Self(object.fields.iter().map(blank_cell).collect())
    }

    /// The row's id.
    #[must_use]
    pub fn id(&self) -> Id {
        self.cell(0).as_id().unwrap_or(Id::ZERO)
    }

    /// Returns a cell by field index; null for fields added after the row.
    #[must_use]
    pub fn cell(&self, field: usize) -> &Value {
        self.0.get(field).unwrap_or(&Value::Null)
    }

    pub(super) fn cells_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.0.iter_mut()
    }

    /// Sets a cell by field index.
    pub fn set(&mut self, field: usize, value: impl Into<Value>) {
        if field >= self.0.len() {
            let mut cells = std::mem::take(&mut self.0).into_vec();
            cells.resize(field + 1, Value::Null);
            self.0 = cells.into_boxed_slice();
        }
        if let Some(cell) = self.0.get_mut(field) {
            *cell = value.into();
        }
    }
}

impl<'a> RowRef<'a> {
    /// The row's id.
    #[must_use]
    pub fn id(&self) -> Id {
        self.row.id()
    }

    /// Returns a cell by field name, ignoring case; null if the field does not exist.
    #[must_use]
    pub fn get(&self, field: &str) -> &'a Value {
        self.object
            .index_of(field)
            .map_or(&Value::Null, |index| self.row.cell(index))
    }
}

pub(super) fn blank_cell(field: &FieldDef) -> Value {
    if field.ty == FieldType::Boolean {
        Value::Bool(false)
    } else {
        Value::Null
    }
}
