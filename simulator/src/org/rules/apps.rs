//! `SetupEntityAccess`: access of permission sets to apps and classes.

use super::draft::Draft;
use crate::org::Org;
use crate::org::error::OrgError;
use crate::org::id::Id;

impl Org {
    pub(super) fn before_access_create(&self, draft: &mut Draft) -> Result<Option<Id>, OrgError> {
        let entity = draft.id("SetupEntityId").unwrap_or(Id::ZERO);
        let rows = self
            .db
            .find("SetupEntityAccess", "ParentId", draft.get("ParentId"));
        let twin = rows
            .into_iter()
            .find(|row| row.get("SetupEntityId").as_id() == Some(entity));
        if let Some(twin) = twin {
            let text = format!(
                "duplicate value found: SetupEntityId duplicates value on record with id: {}",
                twin.id().short()
            );
            return Err(OrgError::dml("DUPLICATE_VALUE", text, &[]));
        }
        let kind = [
            "ConnectedApplication",
            "ExternalClientApplication",
            "ApexClass",
        ]
        .into_iter()
        .find(|object| self.db.get(object, entity).is_some())
        .unwrap_or("TabSet");
        draft.set("SetupEntityType", kind);
        Ok(None)
    }
}
