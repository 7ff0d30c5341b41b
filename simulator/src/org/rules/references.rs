//! Checks references and unique fields.

use super::draft::Draft;
use crate::org::Org;
use crate::org::error::OrgError;
use crate::org::id::Id;
use crate::org::schema::{FieldDef, ObjectDef};
use crate::org::value::Value;

impl Org {
    pub(super) fn check_references(&self, def: &ObjectDef, draft: &Draft) -> Result<(), OrgError> {
        for (field, id) in draft.references(def) {
            self.check_reference(field, id)?;
        }
        Ok(())
    }

    fn check_reference(&self, field: &FieldDef, id: Id) -> Result<(), OrgError> {
        let schema = self.db.schema();
        let mut right_type = false;
        for target in field
            .reference_to
            .iter()
            .filter_map(|name| schema.object(name))
        {
            if target.key_prefix != id.prefix() {
                continue;
            }
            right_type = true;
            let row = self.db.get(&target.name, id);
            if row.is_some_and(|row| !row.get("IsDeleted").is_true()) {
                return Ok(());
            }
        }
        if right_type {
            return Err(OrgError::invalid_cross_reference(400));
        }
        let text = format!("{}: id value of incorrect type: {id}", field.label);
        Err(OrgError::dml(
            "FIELD_INTEGRITY_EXCEPTION",
            text,
            &[&field.name],
        ))
    }

    pub(super) fn check_unique(
        &self,
        def: &ObjectDef,
        draft: &Draft,
        own: Option<Id>,
    ) -> Result<(), OrgError> {
        for field in def.fields.iter().filter(|field| field.unique) {
            let Some(value) = draft.named(&field.name).filter(|value| !value.is_null()) else {
                continue;
            };
            let taken = self.holder_of(&def.name, &field.name, value, own);
            if let Some(id) = taken {
                return Err(duplicate(&def.name, &field.name, id));
            }
        }
        Ok(())
    }

    /// Returns another record with the same value in a field.
    pub(super) fn holder_of(
        &self,
        object: &str,
        field: &str,
        value: &Value,
        own: Option<Id>,
    ) -> Option<Id> {
        let rows = self.db.find(object, field, value);
        rows.into_iter()
            .map(|row| row.id())
            .find(|id| Some(*id) != own)
    }
}

fn duplicate(object: &str, field: &str, id: Id) -> OrgError {
    match (object, field) {
        ("User", "Username") => OrgError::dml(
            "DUPLICATE_USERNAME",
            "Duplicate Username.<br>The username already exists in this or another Salesforce \
             organization. Usernames must be unique across all Salesforce organizations. To \
             resolve, use a different username (it doesn't need to match the user's email \
             address).",
            &["Username"],
        ),
        ("User", "CommunityNickname") => OrgError::dml(
            "DUPLICATE_COMM_NICKNAME",
            "Another user has already selected this nickname. Please select another.",
            &["CommunityNickname"],
        ),
        (_, "DeveloperName") => OrgError::dml(
            "DUPLICATE_DEVELOPER_NAME",
            "The API name you entered is already in use. Enter a different one.",
            &["DeveloperName"],
        ),
        _ => {
            let text = format!(
                "duplicate value found: {field} duplicates value on record with id: {}",
                id.short()
            );
            OrgError::dml("DUPLICATE_VALUE", text, &[])
        }
    }
}
