//! Parts of rows that several tables show of a parent record.

use serde::Deserialize;

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
