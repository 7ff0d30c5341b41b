//! A user's row with the fields that the configuration adds.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess};
use serde::{Deserialize, de::Error as _};
use serde_json::{Map, Value as Json};

use super::record::{NAMES, PARENTS, UserRow};
use crate::baton::{Object, Value};
use crate::connector::read::table::Row;
use crate::connector::read::user_fields::Shapes;
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::FieldName;

/// A row that is a user, perhaps with more fields.
pub(super) trait ListedUser: Row {
    /// The user's own columns, and the other values by API name or path.
    fn into_parts(self) -> (UserRow, Object);
}

impl ListedUser for UserRow {
    fn into_parts(self) -> (UserRow, Object) {
        (self, Object::new())
    }
}

/// A user's row with all columns that were asked for.
pub(super) struct WideUserRow {
    user: UserRow,
    chosen: Object,
}

impl<'de> Deserialize<'de> for WideUserRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = WideUserRow;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a user")
            }

            fn visit_map<A: MapAccess<'de>>(self, row: A) -> Result<WideUserRow, A::Error> {
                let mut chosen = Object::new();
                let own = OwnColumns {
                    row,
                    chosen: &mut chosen,
                    parent: None,
                };
                let user = UserRow::deserialize(MapAccessDeserializer::new(own))?;
                Ok(WideUserRow { user, chosen })
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

/// Shows a row's own columns to [`UserRow`], and puts the others aside.
struct OwnColumns<'a, A> {
    row: A,
    chosen: &'a mut Object,
    /// The column that comes next, if it is a parent: its values are put aside as well.
    parent: Option<&'static str>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for OwnColumns<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(column) = self.row.next_key()? {
            match column {
                Column::Own(name) => {
                    self.parent = PARENTS.contains(&name).then_some(name);
                    return seed.deserialize(name.into_deserializer()).map(Some);
                }
                Column::Other(name) => match self.row.next_value()? {
                    Json::Object(parent) => add(self.chosen, &name, &parent),
                    value => self.chosen.extend(scalar(value).map(|value| (name, value))),
                },
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        let Some(name) = self.parent.take() else {
            return self.row.next_value_seed(seed);
        };
        let value = self.row.next_value()?;
        if let Json::Object(parent) = &value {
            add(self.chosen, name, parent);
        }
        seed.deserialize(value).map_err(A::Error::custom)
    }
}

/// The name of a column.
enum Column {
    /// One that [`UserRow`] reads.
    Own(&'static str),
    Other(String),
}

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Column;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a column")
            }

            fn visit_str<E>(self, name: &str) -> Result<Column, E> {
                let own = NAMES.iter().find(|own| **own == name);
                Ok(own.map_or_else(|| Column::Other(name.to_owned()), |own| Column::Own(own)))
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

impl Row for WideUserRow {
    fn id(&self) -> SalesforceId {
        self.user.id
    }
}

impl ListedUser for WideUserRow {
    fn into_parts(self) -> (UserRow, Object) {
        (self.user, self.chosen)
    }
}

/// Adds the fields of a parent by their paths.
fn add(to: &mut Object, path: &str, parent: &Map<String, Json>) {
    for (name, value) in parent {
        let path = format!("{path}.{name}");
        match value {
            Json::Object(parent) if name != "attributes" => add(to, &path, parent),
            value => to.extend(scalar(value.clone()).map(|value| (path, value))),
        }
    }
}

/// Those of the values that the configuration names, as they are shown.
pub(super) fn shown(values: Object, fields: &[FieldName], shapes: &Shapes) -> Object {
    let is_chosen = |path: &str| {
        let mut fields = fields.iter();
        fields.any(|field| field.as_str().eq_ignore_ascii_case(path))
    };
    values
        .into_iter()
        .filter(|(path, _)| is_chosen(path))
        .map(|(path, value)| shapes.shown(path, value))
        .collect()
}

/// The value of a field. `None` for null.
fn scalar(value: Json) -> Option<Value> {
    match value {
        Json::Bool(value) => Some(Value::Bool(value)),
        Json::Number(value) => value.as_f64().map(Value::Number),
        Json::String(value) => Some(Value::Text(value)),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}
