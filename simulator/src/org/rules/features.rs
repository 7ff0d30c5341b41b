//! Seats of feature licenses, which are checkboxes of users (`UserPermissionsKnowledgeUser`). Source:
//! Salesforce Help, "Feature Licenses".

use super::draft::Draft;
use crate::org::Org;
use crate::org::error::OrgError;
use crate::org::id::Id;
use crate::org::value::Value;

impl Org {
    /// Rejects an active user who needs a feature license of which none is left. `user` is an
    /// existing user, and whether it is active.
    pub(super) fn check_feature_seats(
        &self,
        user: Option<(Id, bool)>,
        draft: &Draft,
    ) -> Result<(), OrgError> {
        for (field, seats) in &self.settings.feature_seats {
            let row = user.and_then(|(id, _)| self.db.get("User", id));
            let had = row.is_some_and(|row| row.get(field).is_true());
            let counted = had && user.is_some_and(|(_, active)| active);
            let needs = draft.named(field).map_or(had, Value::is_true);
            if !needs || counted {
                continue;
            }
            let holders = self
                .db
                .rows("User")
                .filter(|row| row.get(field).is_true() && row.get("IsActive").is_true());
            if holders.count() >= *seats {
                let text = "license limit exceeded";
                return Err(OrgError::dml("LICENSE_LIMIT_EXCEEDED", text, &[field]));
            }
        }
        Ok(())
    }
}
