//! Descriptions of objects: fields, types and picklists in this org.

use serde::Deserialize;

use super::{
    client::Client,
    error::Result,
    soql::FieldName,
    transport::{Request, Response},
};

/// Description of an object.
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
    /// Whether records can be created. The user may still lack the permission.
    #[serde(default)]
    pub createable: bool,
    /// Whether records can be updated.
    #[serde(default)]
    pub updateable: bool,
    /// Whether records can be deleted.
    #[serde(default)]
    pub deletable: bool,
    /// Whether it can be queried.
    #[serde(default)]
    pub queryable: bool,
    /// The fields that the user may see.
    #[serde(default)]
    pub fields: Vec<FieldDescription>,
}

/// Description of a field.
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
    /// Maximum number of characters; 0 if it does not apply.
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
    /// Has a default value on create.
    #[serde(default)]
    pub defaulted_on_create: bool,
    /// A custom field.
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
    /// Only values of the picklist are accepted.
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

impl FieldDescription {
    /// Whether its values are numbers.
    #[must_use]
    pub fn is_number(&self) -> bool {
        let numbers = ["int", "long", "double", "currency", "percent"];
        numbers.contains(&self.field_type.as_str())
    }
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
    /// The field with this name. Salesforce ignores case.
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
    /// Describes an object as the user sees it.
    pub async fn describe(&self, object: &FieldName) -> Result<Response<ObjectDescription>> {
        let object = object.as_str();
        let path = format!("sobjects/{object}/describe");
        let request = Request::get(path, format!("describe {object}"));
        self.send(&request.about(object)).await
    }
}
