//! A user's row, narrow (our columns) or wide (with the fields that somebody chose).

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::baton::{Error, Object, Result, Value};
use crate::connector::memory::UserLinks;
use crate::connector::table::Row;
use crate::salesforce::{self, SalesforceId};

/// A row of User (facts/salesforce-api.md C.1).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::connector) struct UserRow {
    pub(in crate::connector) id: SalesforceId,
    pub(in crate::connector) username: String,
    pub(in crate::connector) name: Option<String>,
    pub(in crate::connector) first_name: Option<String>,
    pub(in crate::connector) last_name: Option<String>,
    pub(in crate::connector) email: Option<String>,
    pub(in crate::connector) is_active: bool,
    /// May be empty for accounts that Salesforce keeps for itself.
    pub(in crate::connector) user_type: Option<String>,
    pub(in crate::connector) profile_id: Option<SalesforceId>,
    pub(in crate::connector) profile: Option<ProfilePart>,
    pub(in crate::connector) user_role_id: Option<SalesforceId>,
    pub(in crate::connector) user_role: Option<NamePart>,
    pub(in crate::connector) manager_id: Option<SalesforceId>,
    pub(in crate::connector) department: Option<String>,
    pub(in crate::connector) title: Option<String>,
    pub(in crate::connector) employee_number: Option<String>,
    pub(in crate::connector) federation_identifier: Option<String>,
    #[serde(default, deserialize_with = "salesforce::time::optional")]
    pub(in crate::connector) created_date: Option<Timestamp>,
    #[serde(default, deserialize_with = "salesforce::time::optional")]
    pub(in crate::connector) last_login_date: Option<Timestamp>,
}

/// What a user's row shows of its profile.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::connector) struct ProfilePart {
    pub(in crate::connector) name: Option<String>,
    pub(in crate::connector) user_license: Option<LicensePart>,
}

/// What a row shows of a user licence.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::connector) struct LicensePart {
    pub(in crate::connector) name: Option<String>,
    pub(in crate::connector) license_definition_key: Option<String>,
}

/// What a row shows of a parent that has a name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::connector) struct NamePart {
    pub(in crate::connector) name: Option<String>,
}

impl UserRow {
    pub(in crate::connector) fn links(&self) -> UserLinks {
        UserLinks {
            profile: self.profile_id,
            role: self.user_role_id,
            is_internal: self.is_active && self.user_type.as_deref() == Some("Standard"),
        }
    }
}

/// A user's row with whatever else was asked for.
#[derive(Deserialize)]
pub(in crate::connector) struct WideUserRow {
    #[serde(rename = "Id")]
    id: SalesforceId,
    #[serde(flatten)]
    columns: Map<String, Json>,
}

/// A row that is a user, and perhaps more.
pub(in crate::connector) trait ListedUser {
    fn into_parts(self) -> Result<(UserRow, Object)>;
}

impl Row for UserRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl ListedUser for UserRow {
    fn into_parts(self) -> Result<(UserRow, Object)> {
        Ok((self, Object::new()))
    }
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
            .filter(|(name, _)| !OURS.contains(&name.as_str()));
        let custom = chosen.filter_map(|(name, value)| Some((name, scalar(value)?)));
        Ok((row, custom.collect()))
    }
}

/// Top-level columns that [`UserRow`] holds already.
const OURS: &[&str] = &[
    "attributes",
    "Id",
    "Username",
    "Name",
    "FirstName",
    "LastName",
    "Email",
    "IsActive",
    "UserType",
    "ProfileId",
    "Profile",
    "UserRoleId",
    "UserRole",
    "ManagerId",
    "Department",
    "Title",
    "EmployeeNumber",
    "FederationIdentifier",
    "CreatedDate",
    "LastLoginDate",
];

/// A field's value; nothing for null and for compound fields, which have their parts as fields.
fn scalar(value: Json) -> Option<Value> {
    match value {
        Json::Bool(value) => Some(Value::Bool(value)),
        Json::Number(value) => value.as_f64().map(Value::Number),
        Json::String(value) => Some(Value::Text(value)),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}
