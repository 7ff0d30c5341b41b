//! A user's row with the fields that the configuration adds.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::record::{NAMES, UserRow};
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
#[derive(Deserialize)]
#[serde(try_from = "Map<String, Json>")]
pub(super) struct WideUserRow {
    user: UserRow,
    chosen: Object,
}

impl TryFrom<Map<String, Json>> for WideUserRow {
    type Error = serde_path_to_error::Error<serde_json::Error>;

    fn try_from(columns: Map<String, Json>) -> Result<Self, Self::Error> {
        let (mut own, mut chosen) = (Map::new(), Object::new());
        for (name, value) in columns {
            match value {
                // Type and address of the record.
                Json::Object(_) if name == "attributes" => {}
                // The part of a parent that the user's own columns read, and perhaps more of it.
                Json::Object(parent) => {
                    add(&mut chosen, &name, &parent);
                    own.insert(name, Json::Object(parent));
                }
                value if NAMES.contains(&name.as_str()) => {
                    own.insert(name, value);
                }
                value => chosen.extend(scalar(&value).map(|value| (name, value))),
            }
        }
        let user = serde_path_to_error::deserialize(Json::Object(own))?;
        Ok(Self { user, chosen })
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
            value => to.extend(scalar(value).map(|value| (path, value))),
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
fn scalar(value: &Json) -> Option<Value> {
    match value {
        Json::Bool(value) => Some(Value::Bool(*value)),
        Json::Number(value) => value.as_f64().map(Value::Number),
        Json::String(value) => Some(Value::Text(value.clone())),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}
