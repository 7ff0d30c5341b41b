//! DML: checks and transactions. Submodules contain the rules of single objects.

use serde_json::{Map, Value as Json};

use super::Org;
use super::error::OrgError;
use super::id::Id;
use super::schema::ObjectDef;
use super::settings::Write;

mod apps;
mod assignments;
mod chatter;
mod draft;
mod features;
mod groups;
mod licenses;
mod names;
mod objects;
mod owners;
mod permissions;
mod references;
mod roles;
mod sets;
mod sums;
mod territories;
mod users;

use draft::Draft;
pub(super) use roles::ROLE_GROUPS;

/// The user and API version of a write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    /// The user.
    pub(crate) user: Id,
    /// The major version.
    pub(crate) version: u32,
}

/// The result of a create.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Saved {
    /// The record's id.
    pub(crate) id: Id,
}

/// Writes that succeed or fail together.
#[derive(Debug, Clone, Default)]
pub(in crate::org) struct Transaction {
    /// The object of the first write, and whether it is a setup object.
    first: Option<(String, bool)>,
}

/// A point that a transaction can be rolled back to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Savepoint {
    mark: usize,
    outermost: bool,
}

impl Org {
    /// Starts a transaction, or a savepoint in the open one. A transaction cannot write both setup
    /// and other objects.
    pub(crate) fn begin(&mut self) -> Savepoint {
        let outermost = self.transaction.is_none();
        self.transaction.get_or_insert_default();
        Savepoint {
            mark: self.mark(),
            outermost,
        }
    }

    /// Commits the writes since a savepoint.
    pub(crate) fn commit(&mut self, since: Savepoint) {
        if since.outermost {
            self.transaction = None;
            self.undo.clear();
        }
    }

    /// Rolls back the writes since a savepoint.
    pub(crate) fn abort(&mut self, since: Savepoint) {
        self.roll_back(since.mark);
        self.commit(since);
    }

    /// Creates a record.
    pub(crate) fn create_record(
        &mut self,
        caller: &Caller,
        object: &str,
        body: &Map<String, Json>,
    ) -> Result<Saved, OrgError> {
        self.atomically(|org| org.create_unguarded(caller, object, body))
    }

    /// Changes fields of a record.
    pub(crate) fn update_record(
        &mut self,
        caller: &Caller,
        object: &str,
        id: &str,
        body: &Map<String, Json>,
    ) -> Result<(), OrgError> {
        self.atomically(|org| org.update_unguarded(caller, object, id, body))
    }

    /// Deletes a record and its dependent records.
    pub(crate) fn delete_record(
        &mut self,
        caller: &Caller,
        object: &str,
        id: &str,
    ) -> Result<(), OrgError> {
        self.atomically(|org| org.delete_unguarded(caller, object, id))
    }

    fn create_unguarded(
        &mut self,
        caller: &Caller,
        object: &str,
        body: &Map<String, Json>,
    ) -> Result<Saved, OrgError> {
        let def = self.known_object(object, caller)?.clone();
        if !def.createable {
            let text = format!("entity type cannot be inserted: {}", def.label);
            return Err(OrgError::dml(
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
                text,
                &[],
            ));
        }
        permissions::check(&self.rights(caller.user), &def.name)?;
        self.check_mixture(&def.name, def.setup)?;
        let mut draft = Draft::for_create(&def, caller.version, body)?;
        self.check_references(&def, &draft)?;
        self.check_unique(&def, &draft, None)?;
        let existing = match def.name.as_str() {
            "User" => self.before_user_create(&mut draft)?,
            "PermissionSetAssignment" => self.before_assignment_create(&mut draft)?,
            "PermissionSet" => Self::before_set_create(&mut draft),
            "PermissionSetGroup" => Self::before_set_group_create(&mut draft),
            "PermissionSetGroupComponent" => self.before_component_create(&draft)?,
            "MutingPermissionSet" => None,
            "ObjectPermissions" => self.before_object_permissions_create(&draft)?,
            "Group" => self.before_group_create(&mut draft)?,
            "GroupMember" => self.before_member_create(&draft)?,
            "QueueSobject" => self.before_queue_object_create(&draft)?,
            "UserRole" => self.before_role_create(&mut draft)?,
            "Profile" => self.before_profile_create(&mut draft)?,
            "PermissionSetLicenseAssign" => self.before_set_license_assign(&draft)?,
            "UserPackageLicense" => self.before_package_license_assign(&draft)?,
            "SetupEntityAccess" => self.before_access_create(&mut draft)?,
            "UserTerritory2Association" => self.before_territory_assign(&mut draft)?,
            "CollaborationGroup" => self.before_chatter_group_create(caller, &mut draft)?,
            "CollaborationGroupMember" => self.before_chatter_join(caller, &draft)?,
            _ => self.before_record_write(&def, &mut draft, caller, Write::Create)?,
        };
        if let Some(id) = existing {
            return Ok(Saved { id });
        }
        self.check_own_logic(&def.name, Write::Create, None)?;
        let id = self.add(&def.name, draft.cells())?;
        match def.name.as_str() {
            "User" => self.after_user_create(id, &draft)?,
            "PermissionSetAssignment" => self.note_expiry(draft.get("ExpirationDate")),
            "PermissionSetGroup" => self.after_set_group_create(id, &draft)?,
            "UserRole" => self.after_role_create(id)?,
            "Profile" => self.after_profile_create(id)?,
            "PermissionSetLicenseAssign" => self.count_set_license(id, 1)?,
            "UserPackageLicense" => self.count_package_license(id, 1)?,
            "PermissionSetGroupComponent" => self.recalculate(draft.get("PermissionSetGroupId"))?,
            "ObjectPermissions" => {
                let set = draft.id("ParentId").unwrap_or(Id::ZERO);
                self.recalculate_groups_of(set)?;
            }
            "CollaborationGroup" => self.after_chatter_group_create(id, &draft)?,
            "CollaborationGroupMember" => self.count_chatter_members(id)?,
            _ => {}
        }
        Ok(Saved { id })
    }

    fn update_unguarded(
        &mut self,
        caller: &Caller,
        object: &str,
        id: &str,
        body: &Map<String, Json>,
    ) -> Result<(), OrgError> {
        let def = self.known_object(object, caller)?.clone();
        let id = self.known_record(&def, id)?;
        self.check_lock(id)?;
        if !def.updateable {
            let text = format!("entity type cannot be updated: {}", def.label);
            return Err(OrgError::dml(
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
                text,
                &[],
            ));
        }
        permissions::check(&self.rights(caller.user), &def.name)?;
        self.check_mixture(&def.name, def.setup)?;
        let mut draft = Draft::for_update(&def, caller.version, body)?;
        self.check_references(&def, &draft)?;
        self.check_unique(&def, &draft, Some(id))?;
        match def.name.as_str() {
            "User" => self.before_user_update(caller, id, &mut draft)?,
            "UserLogin" => self.before_login_update(caller, id, &draft)?,
            "PermissionSetAssignment" => self.before_assignment_update(id, &mut draft)?,
            "PermissionSet" => self.before_set_change(id)?,
            "ObjectPermissions" => self.before_object_permissions_update(id, &draft)?,
            "Group" => self.before_group_change(id)?,
            "UserRole" => self.before_role_update(id, &draft)?,
            "CollaborationGroup" => self.before_chatter_group_change(caller, id)?,
            "CollaborationGroupMember" => self.before_chatter_role_change(caller, id, &draft)?,
            _ => drop(self.before_record_write(&def, &mut draft, caller, Write::Update)?),
        }
        self.check_own_logic(&def.name, Write::Update, Some(id))?;
        self.write(&def.name, id, draft.cells())?;
        match def.name.as_str() {
            "PermissionSetAssignment" => self.note_expiry(draft.get("ExpirationDate")),
            "PermissionSet" | "MutingPermissionSet" => self.recalculate_groups_of(id)?,
            "ObjectPermissions" => {
                let set = self.parent_of_objects(id).unwrap_or(Id::ZERO);
                self.recalculate_groups_of(set)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn delete_unguarded(
        &mut self,
        caller: &Caller,
        object: &str,
        id: &str,
    ) -> Result<(), OrgError> {
        let def = self.known_object(object, caller)?.clone();
        let id = self.deletable_record(&def, id)?;
        self.check_lock(id)?;
        if !def.deletable {
            return Err(OrgError::no_access());
        }
        permissions::check(&self.rights(caller.user), &def.name)?;
        self.check_mixture(&def.name, def.setup)?;
        match def.name.as_str() {
            "PermissionSetAssignment" => self.before_assignment_delete(id)?,
            "PermissionSet" => self.before_set_delete(id)?,
            "PermissionSetGroup" => self.before_set_group_delete(id)?,
            "Group" => self.before_group_delete(id)?,
            "UserRole" => self.before_role_delete(id)?,
            "Profile" => self.before_profile_delete(id)?,
            "PermissionSetLicenseAssign" => self.before_set_license_release(id)?,
            "UserPackageLicense" => self.count_package_license(id, -1)?,
            "ObjectPermissions" => self.before_object_permissions_delete(id)?,
            "CollaborationGroup" => self.before_chatter_group_delete(caller, id)?,
            "CollaborationGroupMember" => self.before_chatter_leave(caller, id)?,
            _ => {}
        }
        self.check_own_logic(&def.name, Write::Delete, Some(id))?;
        // Standard records go to the recycle bin; setup records are deleted permanently.
        if !def.setup && def.field("IsDeleted").is_some() {
            return self
                .write(&def.name, id, [("IsDeleted", true.into())])
                .map_err(OrgError::from);
        }
        let group = self.group_of_component(id);
        let set = self.parent_of_objects(id);
        self.remove(&def.name, id);
        if let Some(group) = group {
            self.recalculate(&group)?;
        }
        set.map_or(Ok(()), |set| self.recalculate_groups_of(set))
    }

    fn atomically<T>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T, OrgError>,
    ) -> Result<T, OrgError> {
        let mark = self.mark();
        let result = act(self);
        if result.is_err() {
            self.roll_back(mark);
        }
        if self.transaction.is_none() {
            self.undo.clear();
        }
        result
    }

    fn known_object(&self, name: &str, caller: &Caller) -> Result<&ObjectDef, OrgError> {
        self.visible_object(name, caller)
            .ok_or_else(OrgError::no_such_resource)
    }

    /// Applies the configured refusals of validation rules, flows and triggers.
    fn check_own_logic(
        &mut self,
        object: &str,
        write: Write,
        id: Option<Id>,
    ) -> Result<(), OrgError> {
        let id = id.map(|id| id.to_string());
        let refusals = &mut self.settings.write_refusals;
        let errors = refusals
            .iter_mut()
            .find_map(|refusal| refusal.take(object, write, id.as_deref()));
        errors.map_or(Ok(()), |errors| Err(OrgError::several(400, errors)))
    }

    /// Fails if the record is locked.
    fn check_lock(&mut self, id: Id) -> Result<(), OrgError> {
        match self.settings.locked_records.get_mut(&id.to_string()) {
            Some(left) if *left > 0 => {
                *left -= 1;
                Err(OrgError::locked_row())
            }
            _ => Ok(()),
        }
    }

    /// Returns the id of a record to read or update.
    pub(crate) fn known_record(&self, def: &ObjectDef, text: &str) -> Result<Id, OrgError> {
        let missing = || OrgError::no_such_record(text);
        let id = Id::parse(text).map_err(|_| missing())?;
        self.find_record(def, id, missing)
    }

    /// Returns the id of a record to delete.
    fn deletable_record(&self, def: &ObjectDef, text: &str) -> Result<Id, OrgError> {
        let id = Id::parse(text)
            .ok()
            .filter(|id| id.prefix() == def.key_prefix);
        let id = id.ok_or_else(|| OrgError::no_such_record(text))?;
        self.find_record(def, id, || OrgError::invalid_cross_reference(404))
    }

    /// Checks that a record exists. Deleted records are only known for objects with `IsDeleted`. For
    /// others, such as `PermissionSetAssignment` and `GroupMember`, a deleted record is treated like
    /// one that never existed.
    fn find_record(
        &self,
        def: &ObjectDef,
        id: Id,
        missing: impl FnOnce() -> OrgError,
    ) -> Result<Id, OrgError> {
        let remembered = def.field("IsDeleted").is_some() && self.deleted.contains_key(&id);
        match self.db.get(&def.name, id) {
            Some(row) if row.get("IsDeleted").is_true() => Err(OrgError::record_is_deleted()),
            Some(_) => Ok(id),
            None if remembered => Err(OrgError::record_is_deleted()),
            None => Err(missing()),
        }
    }

    fn check_mixture(&mut self, object: &str, setup: bool) -> Result<(), OrgError> {
        let Some(transaction) = &mut self.transaction else {
            return Ok(());
        };
        let (first, was_setup) = transaction
            .first
            .get_or_insert_with(|| (object.to_owned(), setup));
        if *was_setup == setup {
            return Ok(());
        }
        let (now, then) = if setup {
            ("setup", "non-setup")
        } else {
            ("non-setup", "setup")
        };
        let text = format!(
            "DML operation on {now} object is not permitted after you have updated a {then} object \
             (or vice versa): {object}, original object: {first}"
        );
        Err(OrgError::dml("MIXED_DML_OPERATION", text, &[]))
    }
}
