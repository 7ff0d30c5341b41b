//! Standard records: owners and derived fields.

use super::Caller;
use super::draft::Draft;
use crate::org::Org;
use crate::org::error::OrgError;
use crate::org::id::Id;
use crate::org::schema::ObjectDef;
use crate::org::settings::Write;

impl Org {
    /// Checks the owner of a record. In a create, the caller is the default owner.
    pub(super) fn before_record_write(
        &self,
        def: &ObjectDef,
        draft: &mut Draft,
        caller: &Caller,
        write: Write,
    ) -> Result<Option<Id>, OrgError> {
        let Some(owner) = def.field("OwnerId") else {
            return Ok(None);
        };
        match draft.id("OwnerId") {
            None if write == Write::Create && owner.createable => {
                draft.set("OwnerId", caller.user);
            }
            None => {}
            Some(id) => {
                if write == Write::Update {
                    self.check_transfer(def, caller)?;
                }
                self.check_owner(def, id)?;
            }
        }
        Ok(None)
    }

    /// Fails if the caller may not give records of others to somebody else.
    fn check_transfer(&self, def: &ObjectDef, caller: &Caller) -> Result<(), OrgError> {
        let any_of: &[&str] = match def.name.as_str() {
            "Case" => &["TransferAnyEntity", "TransferAnyCase"],
            "Lead" => &["TransferAnyEntity", "TransferAnyLead"],
            _ => &["TransferAnyEntity"],
        };
        if self.rights(caller.user).has_any(any_of) {
            return Ok(());
        }
        let text = "insufficient access rights on cross-reference id";
        let code = "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY";
        Err(OrgError::dml(code, text, &[]))
    }

    fn check_owner(&self, def: &ObjectDef, id: Id) -> Result<(), OrgError> {
        let Some(user) = self.db.get("User", id) else {
            return self.check_queue(def, id);
        };
        if user.get("IsActive").is_true() {
            return Ok(());
        }
        let text = format!(
            "operation performed with inactive user [{}] as owner of {}",
            id.short(),
            def.name.to_lowercase()
        );
        Err(OrgError::dml("INACTIVE_OWNER_OR_USER", text, &[]))
    }

    fn check_queue(&self, def: &ObjectDef, id: Id) -> Result<(), OrgError> {
        let rows = self.db.find("QueueSobject", "QueueId", &id.into());
        if rows
            .into_iter()
            .any(|row| row.get("SobjectType").as_str() == Some(&def.name))
        {
            return Ok(());
        }
        let text = format!("Queue not associated with this SObject type: {}", def.name);
        Err(OrgError::dml(
            "FIELD_INTEGRITY_EXCEPTION",
            text,
            &["OwnerId"],
        ))
    }
}
