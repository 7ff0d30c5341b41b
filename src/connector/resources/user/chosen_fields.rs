//! A user's row with the fields that the configuration adds.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::record::{NAMES, UserRow};
use crate::baton::{Object, Value};
use crate::connector::read::table::Row;
use crate::salesforce::SalesforceId;

/// A row that is a user, perhaps with more fields.
pub(super) trait ListedUser: Row {
    /// The user's own columns, and the chosen fields by API name.
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
        let user = serde_path_to_error::deserialize(Json::Object(columns.clone()))?;
        let chosen = columns
            .into_iter()
            .filter(|(name, _)| !NAMES.contains(&name.as_str()))
            .filter_map(|(name, value)| Some((name, scalar(value)?)));
        Ok(Self {
            user,
            chosen: chosen.collect(),
        })
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

/// The value of a field. `None` for null, and for compound fields, whose parts are fields too.
fn scalar(value: Json) -> Option<Value> {
    match value {
        Json::Bool(value) => Some(Value::Bool(value)),
        Json::Number(value) => value.as_f64().map(Value::Number),
        Json::String(value) => Some(Value::Text(value)),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}
