//! A user's row with the fields that the configuration adds.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess,
};
use serde_json::{Map, Value as Json};

use super::record::{NAMES, PARENTS, UserRow};
use crate::baton::{Object, Value};
use crate::connector::read::table::Row;
use crate::connector::read::user_fields::Shapes;
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::FieldName;

/// A row that is a user, perhaps with more fields.
pub(super) trait ListedUser: Row {
    /// The user's own columns, and the others.
    fn into_parts(self) -> (UserRow, Others);
}

impl ListedUser for UserRow {
    fn into_parts(self) -> (UserRow, Others) {
        (self, Others::default())
    }
}

/// A user's row with all columns that were asked for.
pub(super) struct WideUserRow {
    user: UserRow,
    others: Others,
}

/// Columns that are not among a user's own, and all parents, by name.
#[derive(Default)]
pub(super) struct Others(Map<String, Json>);

impl Others {
    /// Whether the column `name` is true.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Json::Bool(true))
    }

    /// The values of the fields that the configuration names, as they are shown.
    pub(super) fn shown(&self, fields: &[FieldName], shapes: &Shapes) -> Object {
        let value = |field: &FieldName| {
            let (path, value) = find(&self.0, field.as_str())?;
            Some(shapes.shown(path, scalar(value)?))
        };
        fields.iter().filter_map(value).collect()
    }
}

/// The value at a path, and the path as the row spells it.
fn find<'a>(row: &'a Map<String, Json>, path: &str) -> Option<(String, &'a Json)> {
    let (name, rest) = match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let mut columns = row.iter();
    let (name, value) = columns.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    let Some(rest) = rest else {
        return Some((name.clone(), value));
    };
    let (rest, value) = find(value.as_object()?, rest)?;
    Some((format!("{name}.{rest}"), value))
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
                let mut others = Others::default();
                let own = OwnColumns {
                    row,
                    others: &mut others,
                    parent: None,
                };
                let user = UserRow::deserialize(MapAccessDeserializer::new(own))?;
                Ok(WideUserRow { user, others })
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

/// Shows a row's own columns to [`UserRow`], and puts the others aside.
struct OwnColumns<'a, A> {
    row: A,
    others: &'a mut Others,
    /// The column that comes next, if it is a parent: it is put aside as well.
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
                Column::Other(name) => {
                    self.others.0.insert(name, self.row.next_value()?);
                }
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        let Some(name) = self.parent.take() else {
            return self.row.next_value_seed(seed);
        };
        let value: Json = self.row.next_value()?;
        self.others.0.insert(name.to_owned(), value.clone());
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
    fn into_parts(self) -> (UserRow, Others) {
        (self.user, self.others)
    }
}

/// The value of a field. `None` for null.
fn scalar(value: &Json) -> Option<Value> {
    match value {
        Json::Bool(value) => Some(Value::Bool(*value)),
        Json::Number(value) => value.as_f64().map(Value::Number),
        Json::String(value) => Some(Value::Text(value.clone())),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn row() -> Json {
        json!({
            "attributes": {"type": "User", "url": "/services/data/v62.0/sobjects/User/x"},
            "Id": "005xx000001X8UzAAK",
            "IsActive": true,
            "UserType": "Standard",
            "Cost_Center__c": 12,
            "Profile": {"attributes": {"type": "Profile"}, "Name": "Sales", "Description": "D"},
            "UserRole": null,
            "Manager": {"attributes": {"type": "User"}, "Profile": {"Name": "Boss"}},
            "UserPermissionsMobileUser": true,
        })
    }

    #[test]
    fn a_column_is_the_users_own_or_another_one() {
        let (user, others) = serde_json::from_value::<WideUserRow>(row())
            .unwrap()
            .into_parts();
        assert_eq!(user.id.to_string(), "005xx000001X8UzAAK");
        assert_eq!(user.profile.unwrap().name.as_deref(), Some("Sales"));
        assert!(others.is_on("UserPermissionsMobileUser"));
        assert!(!others.is_on("UserPermissionsKnowledgeUser"));
        let fields = [
            "cost_center__C",
            "profile.description",
            "Manager.Profile.Name",
            "UserRole.Name",
            "Manager.Missing",
        ];
        let fields = fields.map(|field| FieldName::parse(field).unwrap());
        let shown = others.shown(&fields, &Shapes::default());
        let expected = [
            ("Cost_Center__c", Value::Number(12.0)),
            ("Profile.Description", "D".into()),
            ("Manager.Profile.Name", "Boss".into()),
        ];
        assert_eq!(
            shown,
            expected
                .map(|(path, value)| (path.to_owned(), value))
                .into()
        );
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named() {
        let mut wrong = row();
        *wrong.get_mut("IsActive").unwrap() = json!("yes");
        let read = serde_path_to_error::deserialize::<_, WideUserRow>(wrong);
        assert_eq!(read.err().unwrap().path().to_string(), "IsActive");
    }
}
