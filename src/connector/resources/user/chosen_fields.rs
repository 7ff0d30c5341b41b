//! A user's row with the fields that the configuration adds.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::record::{NAMES, UserRow};
use crate::baton::{Error, Object, Result, Value};
use crate::connector::read::table::Row;
use crate::salesforce::SalesforceId;

/// A row that is a user, perhaps with more fields.
pub(super) trait ListedUser: Row {
    /// The user's own columns, and the chosen fields by API name.
    fn into_parts(self) -> Result<(UserRow, Object)>;
}

impl ListedUser for UserRow {
    fn into_parts(self) -> Result<(UserRow, Object)> {
        Ok((self, Object::new()))
    }
}

/// A user's row with all columns that were asked for.
#[derive(Deserialize)]
pub(super) struct WideUserRow {
    #[serde(rename = "Id")]
    id: SalesforceId,
    #[serde(flatten)]
    columns: Map<String, Json>,
}

impl Row for WideUserRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl ListedUser for WideUserRow {
    fn into_parts(self) -> Result<(UserRow, Object)> {
        let mut ours = self.columns.clone();
        ours.insert("Id".to_owned(), self.id.to_string().into());
        let row: UserRow = UserRow::deserialize(Json::Object(ours))
            .map_err(|_| Error::internal("Salesforce sent a user without the columns asked for"))?;
        let chosen = self
            .columns
            .into_iter()
            .filter(|(name, _)| !NAMES.contains(&name.as_str()));
        let chosen = chosen.filter_map(|(name, value)| Some((name, scalar(value)?)));
        Ok((row, chosen.collect()))
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
