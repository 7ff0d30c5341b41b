//! What an object looks like in this org: its fields, their types and picklists.
//!
//! Must not know: which fields anybody needs.

use serde::Deserialize;

use super::{
    client::Client,
    error::Result,
    soql::FieldName,
    transport::{Request, Response},
};

/// One object of the org.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "Salesforce's own flags, each independent"
)]
pub struct ObjectDescription {
    /// API name.
    pub name: String,
    /// Name for people.
    #[serde(default)]
    pub label: String,
    /// First three characters of its ids.
    #[serde(default)]
    pub key_prefix: Option<String>,
    /// Whether records can be created at all; the user may still lack the right.
    #[serde(default)]
    pub createable: bool,
    /// Whether records can be changed at all.
    #[serde(default)]
    pub updateable: bool,
    /// Whether records can be deleted at all.
    #[serde(default)]
    pub deletable: bool,
    /// Whether it can be queried.
    #[serde(default)]
    pub queryable: bool,
    /// The fields that this user may see.
    #[serde(default)]
    pub fields: Vec<FieldDescription>,
}

/// One field of an object.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "Salesforce's own flags, each independent"
)]
pub struct FieldDescription {
    /// API name.
    pub name: String,
    /// Name for people.
    #[serde(default)]
    pub label: String,
    /// `string`, `boolean`, `picklist`, `reference`, `datetime`…
    #[serde(rename = "type")]
    pub field_type: String,
    /// Characters allowed, 0 if that means nothing.
    #[serde(default)]
    pub length: u32,
    /// May be set on create.
    #[serde(default)]
    pub createable: bool,
    /// May be changed.
    #[serde(default)]
    pub updateable: bool,
    /// May be empty.
    #[serde(default)]
    pub nillable: bool,
    /// Gets a value on create when none is given.
    #[serde(default)]
    pub defaulted_on_create: bool,
    /// Made by the org, not by Salesforce.
    #[serde(default)]
    pub custom: bool,
    /// A formula.
    #[serde(default)]
    pub calculated: bool,
    /// May stand in a `WHERE`.
    #[serde(default)]
    pub filterable: bool,
    /// May stand in a `GROUP BY`.
    #[serde(default)]
    pub groupable: bool,
    /// No two records have the same value.
    #[serde(default)]
    pub unique: bool,
    /// Only the values of the picklist are accepted.
    #[serde(default)]
    pub restricted_picklist: bool,
    /// Values to choose from.
    #[serde(default)]
    pub picklist_values: Vec<PicklistValue>,
    /// Objects that a reference may point to.
    #[serde(default)]
    pub reference_to: Vec<String>,
    /// Name of the path to the parent in SOQL.
    #[serde(default)]
    pub relationship_name: Option<String>,
}

/// One value of a picklist.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PicklistValue {
    /// What is stored.
    pub value: String,
    /// What people see.
    #[serde(default)]
    pub label: Option<String>,
    /// May be chosen.
    #[serde(default)]
    pub active: bool,
    /// Chosen when nothing is.
    #[serde(default)]
    pub default_value: bool,
}

impl ObjectDescription {
    /// The field of that name; Salesforce does not tell case apart.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldDescription> {
        self.fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
    }
}

impl FieldDescription {
    /// Whether a create without it is refused.
    #[must_use]
    pub fn is_required_on_create(&self) -> bool {
        self.createable
            && !self.nillable
            && !self.defaulted_on_create
            && self.field_type != "boolean"
    }
}

impl Client {
    /// Asks what an object looks like to this user.
    pub async fn describe(&self, object: &FieldName) -> Result<Response<ObjectDescription>> {
        let object = object.as_str();
        let path = format!("sobjects/{object}/describe");
        self.send(&Request::get(path, format!("describe {object}")))
            .await
    }
}
