//! Assignments of users to territories.

use super::draft::Draft;
use crate::org::Org;
use crate::org::error::OrgError;
use crate::org::id::Id;

impl Org {
    pub(super) fn before_territory_assign(
        &self,
        draft: &mut Draft,
    ) -> Result<Option<Id>, OrgError> {
        let territory = draft.id("Territory2Id").unwrap_or(Id::ZERO);
        let rows = self
            .db
            .find("UserTerritory2Association", "UserId", draft.get("UserId"));
        let twin = rows
            .into_iter()
            .find(|row| row.get("Territory2Id").as_id() == Some(territory));
        if let Some(twin) = twin {
            let text = format!(
                "duplicate value found: Territory2Id duplicates value on record with id: {}",
                twin.id().short()
            );
            return Err(OrgError::dml("DUPLICATE_VALUE", text, &[]));
        }
        let user = draft.id("UserId").and_then(|id| self.db.get("User", id));
        let kind = user
            .and_then(|user| user.get("UserType").as_str())
            .unwrap_or("Standard");
        if kind != "Standard" {
            let text = "You can't add a portal user to a territory.";
            let code = "CANT_ADD_STANDARD_PORTAL_USER_TO_TERRITORY";
            return Err(OrgError::dml(code, text, &["UserId"]));
        }
        let model = self.db.get("Territory2", territory);
        let model = model.and_then(|row| row.get("Territory2ModelId").as_id());
        let model = model.and_then(|id| self.db.get("Territory2Model", id));
        let active = model.is_some_and(|row| row.get("State").as_str() == Some("Active"));
        draft.set("IsActive", active);
        Ok(None)
    }
}
