//! A record of CSV as a row of a query: what REST would have sent as JSON.
//!
//! CSV has no types. What a row's type asks for decides how a text is read; where it takes anything,
//! the kind of the column does. An empty text is null, as Salesforce has no empty texts.

use std::collections::BTreeMap;

use serde::{
    Deserializer,
    de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, Unexpected, Visitor, value},
    forward_to_deserialize_any,
};

use super::csv::Fields;
use crate::salesforce::{describe::FieldDescription, query::UnreadableRecord};

/// How the texts of a column are read where a row takes anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// As they are.
    #[default]
    Text,
    /// `true` and `false`.
    Flag,
    /// Numbers.
    Number,
}

impl Kind {
    /// The kind of a field by its description.
    #[must_use]
    pub fn of(field: &FieldDescription) -> Self {
        if field.field_type == "boolean" {
            Self::Flag
        } else if field.is_number() {
            Self::Number
        } else {
            Self::Text
        }
    }
}

/// The columns of a result, in their order.
#[derive(Debug, PartialEq, Eq)]
pub struct Columns {
    /// As the header has them.
    names: Vec<String>,
    /// The columns as REST nests them: those of parents below the name of the relationship.
    fields: Vec<(String, Column)>,
}

#[derive(Debug, PartialEq, Eq)]
enum Column {
    Value { place: usize, kind: Kind },
    Parent(Vec<(String, Column)>),
}

impl Columns {
    /// The columns of a header, if it is one: it has the columns of `wanted` and no other.
    /// `fields` are the fields of the object by their names in lower case.
    pub(super) fn of(
        header: Fields<'_>,
        wanted: &[String],
        fields: &BTreeMap<String, (String, Kind)>,
    ) -> Option<Self> {
        let names = header.iter().map(|name| name.map(str::to_owned));
        let mut columns = Self {
            names: names.collect::<Option<_>>()?,
            fields: Vec::new(),
        };
        let mut missing: Vec<String> = wanted.iter().map(|name| name.to_lowercase()).collect();
        for (place, name) in header.iter().enumerate() {
            let key = name?.to_lowercase();
            let at = missing.iter().position(|wanted| *wanted == key)?;
            missing.swap_remove(at);
            let (name, kind) = fields
                .get(&key)
                .map_or((name?, Kind::Text), |(name, kind)| (name.as_str(), *kind));
            add(&mut columns.fields, name, Column::Value { place, kind });
        }
        missing.is_empty().then_some(columns)
    }

    /// The row of a record, the `index`th of its batch.
    pub(super) fn row<T: DeserializeOwned>(
        &self,
        record: Fields<'_>,
        index: usize,
    ) -> Result<T, UnreadableRecord> {
        let row = Row {
            columns: &self.fields,
            record,
        };
        T::deserialize(row).map_err(|_| {
            // Once more, to learn which field it is.
            let field = match serde_path_to_error::deserialize::<_, T>(row) {
                Err(error) => error.path().to_string(),
                Ok(_) => String::new(),
            };
            let id = self.fields.iter().find_map(|(name, column)| match column {
                Column::Value { place, .. } if name == "Id" => record.get(*place),
                _ => None,
            });
            UnreadableRecord {
                index,
                id: id.map(str::to_owned),
                field,
            }
        })
    }

    /// How many columns there are.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether a record is the header of these columns.
    pub(super) fn is_header(&self, record: Fields<'_>) -> bool {
        let names = self.names.iter().map(|name| Some(name.as_str()));
        record.iter().eq(names)
    }
}

fn add(to: &mut Vec<(String, Column)>, path: &str, column: Column) {
    let Some((parent, rest)) = path.split_once('.') else {
        to.push((path.to_owned(), column));
        return;
    };
    for (name, known) in &mut *to {
        if let (true, Column::Parent(children)) = (name == parent, known) {
            return add(children, rest, column);
        }
    }
    let mut children = Vec::new();
    add(&mut children, rest, column);
    to.push((parent.to_owned(), Column::Parent(children)));
}

/// A record, or a parent in it.
#[derive(Clone, Copy)]
struct Row<'a> {
    columns: &'a [(String, Column)],
    record: Fields<'a>,
}

impl Row<'_> {
    /// Whether no column has a value, as if there were no such parent.
    fn is_null(self) -> bool {
        self.columns.iter().all(|(_, column)| match column {
            Column::Value { place, .. } => self.record.get(*place).is_some_and(str::is_empty),
            Column::Parent(columns) => Row { columns, ..self }.is_null(),
        })
    }
}

impl<'de> Deserializer<'de> for Row<'de> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_map(Columnwise {
            row: self,
            columns: self.columns.iter(),
            at: None,
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The columns of a row, one after the other.
struct Columnwise<'a> {
    row: Row<'a>,
    columns: std::slice::Iter<'a, (String, Column)>,
    at: Option<&'a Column>,
}

impl<'de> MapAccess<'de> for Columnwise<'de> {
    type Error = value::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        let Some((name, column)) = self.columns.next() else {
            return Ok(None);
        };
        self.at = Some(column);
        seed.deserialize(value::BorrowedStrDeserializer::new(name))
            .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, Self::Error> {
        match self.at.take() {
            Some(Column::Parent(columns))
                if (Row {
                    columns,
                    ..self.row
                })
                .is_null() =>
            {
                seed.deserialize(Text("", Kind::Text))
            }
            Some(Column::Parent(columns)) => seed.deserialize(Row {
                columns,
                ..self.row
            }),
            Some(Column::Value { place, kind }) => {
                let text = self.row.record.get(*place);
                let text = text.ok_or_else(|| value::Error::custom("not UTF-8"))?;
                seed.deserialize(Text(text, *kind))
            }
            None => Err(value::Error::custom("a value without a name")),
        }
    }
}

/// The text of one column.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str, Kind);

impl Text<'_> {
    fn flag(self) -> Result<bool, value::Error> {
        match self.0 {
            text if text.eq_ignore_ascii_case("true") => Ok(true),
            text if text.eq_ignore_ascii_case("false") => Ok(false),
            text => Err(value::Error::invalid_value(
                Unexpected::Str(text),
                &"true or false",
            )),
        }
    }
}

impl<'de> Text<'de> {
    fn number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        if let Ok(number) = self.0.parse::<i64>() {
            return visitor.visit_i64(number);
        }
        match self.0.parse::<f64>() {
            Ok(number) if number.is_finite() => visitor.visit_f64(number),
            _ => Err(value::Error::invalid_value(
                Unexpected::Str(self.0),
                &"a number",
            )),
        }
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        if self.0.is_empty() {
            visitor.visit_unit()
        } else {
            visitor.visit_borrowed_str(self.0)
        }
    }
}

/// Numbers, whichever width is asked for.
macro_rules! numbers {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            self.number(visitor)
        })+
    };
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.1 {
            _ if self.0.is_empty() => visitor.visit_unit(),
            Kind::Text => self.text(visitor),
            Kind::Flag => visitor.visit_bool(self.flag()?),
            Kind::Number => self.number(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self.0.is_empty() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_bool(self.flag()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.text(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_enum(value::BorrowedStrDeserializer::new(self.0))
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde::Deserialize;
    use serde_json::{Map, Value as Json, json};
    use test_case::test_case;

    use super::*;
    use crate::salesforce::bulk::{csv::CsvReader, job::Delimiter};

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "PascalCase")]
    struct User {
        id: String,
        is_active: bool,
        title: Option<String>,
        logins: Option<i64>,
        profile: Option<Profile>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "PascalCase")]
    struct Profile {
        name: Option<String>,
        user_license: Option<License>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "PascalCase")]
    struct License {
        name: Option<String>,
    }

    const WANTED: &[&str] = &[
        "Id",
        "isactive",
        "Title",
        "Logins",
        "Profile.Name",
        "Profile.UserLicense.Name",
    ];

    /// The last record of a text as a row, with the columns of its first record.
    fn row<T: DeserializeOwned>(text: &str) -> Option<Result<T, UnreadableRecord>> {
        let kind = |name: &str, kind| (name.to_lowercase(), (name.to_owned(), kind));
        let kinds = BTreeMap::from([kind("IsActive", Kind::Flag), kind("Logins", Kind::Number)]);
        let wanted: Vec<String> = WANTED.iter().map(|&name| name.to_owned()).collect();
        let mut reader = CsvReader::new(Delimiter::Comma);
        let mut text = text.as_bytes();
        let header = reader.read(&mut text).unwrap().unwrap();
        let columns = Columns::of(header, &wanted, &kinds)?;
        let record = reader.read(&mut text).unwrap().unwrap();
        assert!(!columns.is_header(record));
        Some(columns.row(record, 7))
    }

    const HEADER: &str =
        "\"Title\",\"Id\",\"IsActive\",\"Profile.Name\",\"Logins\",\"Profile.UserLicense.Name\"\n";

    #[test]
    fn texts_are_read_as_the_row_asks() {
        let text = format!("{HEADER}\"\",\"005a\",\"true\",\"Admin\",\"12\",\"Salesforce\"\n");
        let user: User = row(&text).unwrap().unwrap();
        let license = Some(License {
            name: Some("Salesforce".into()),
        });
        let expected = User {
            id: "005a".into(),
            is_active: true,
            title: None,
            logins: Some(12),
            profile: Some(Profile {
                name: Some("Admin".into()),
                user_license: license,
            }),
        };
        assert_eq!(user, expected);
    }

    #[test]
    fn a_parent_without_a_value_is_null() {
        let text = format!("{HEADER}\"x\",\"005a\",\"FALSE\",\"\",\"\",\"\"\n");
        let user: User = row(&text).unwrap().unwrap();
        assert_eq!(
            (user.profile, user.logins, user.is_active),
            (None, None, false)
        );
    }

    #[test]
    fn whoever_takes_anything_gets_what_rest_would_send() {
        let text = format!("{HEADER}\"true\",\"005a\",\"true\",\"12\",\"1.5\",\"\"\n");
        let user: Map<String, Json> = row(&text).unwrap().unwrap();
        let expected = json!({"Title": "true", "Id": "005a", "IsActive": true, "Logins": 1.5,
            "Profile": {"Name": "12", "UserLicense": null}});
        assert_eq!(Json::Object(user), expected);
    }

    #[test_case("\"\",\"005a\",\"yes\",\"\",\"\",\"\"\n" => ("IsActive".to_owned(), Some("005a".to_owned())); "no flag")]
    #[test_case("\"\",\"\",\"true\",\"\",\"\",\"\"\n" => ("Id".to_owned(), Some(String::new())); "no id")]
    #[test_case("\"\",\"005a\",\"true\",\"\",\"1e999\",\"\"\n" => ("Logins".to_owned(), Some("005a".to_owned())); "no number")]
    fn a_value_that_cannot_be_read_is_named(record: &str) -> (String, Option<String>) {
        let unreadable = row::<User>(&format!("{HEADER}{record}"))
            .unwrap()
            .unwrap_err();
        assert_eq!(unreadable.index, 7);
        (unreadable.field, unreadable.id)
    }

    #[test_case("Id,Name\n1,2\n"; "other columns")]
    #[test_case("005a,true,,,,\n1,2\n"; "a row")]
    #[test_case("Id,IsActive,Title,Logins,Profile.Name\n1,2\n"; "a column is missing")]
    #[test_case("Id,Id,IsActive,Title,Logins,Profile.Name\n1,2\n"; "a column comes twice")]
    fn no_header(text: &str) {
        assert!(row::<User>(text).is_none());
    }
}
