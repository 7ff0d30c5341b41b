//! What users may do: the permissions of their profile, permission sets and groups.

use super::Org;
use super::id::Id;
use super::schema::FieldType;
use super::table::RowRef;
use super::value::Value;

/// The permissions of one user.
pub(crate) struct Rights<'a> {
    org: &'a Org,
    /// The profile, and the permission sets in force.
    holders: Vec<RowRef<'a>>,
}

impl Rights<'_> {
    /// Whether the user has a permission, for example `ManageUsers`.
    pub(crate) fn has(&self, permission: &str) -> bool {
        let column = format!("Permissions{permission}");
        !self.org.settings.missing_permissions.contains(permission)
            && self.holders.iter().any(|row| {
                let number = row.object.index_of(&column);
                number.is_some_and(|number| row.row.cell(number).is_true())
            })
    }

    /// Whether the user has one of some permissions.
    pub(crate) fn has_any(&self, permissions: &[&str]) -> bool {
        permissions.iter().any(|permission| self.has(permission))
    }
}

impl Org {
    /// Returns the permissions of a user.
    pub(crate) fn rights(&self, user: Id) -> Rights<'_> {
        let profile = self.db.get("User", user);
        let profile = profile.and_then(|row| row.get("ProfileId").as_id());
        let mut holders: Vec<_> = profile
            .and_then(|id| self.db.get("Profile", id))
            .into_iter()
            .collect();
        let mut sets = Vec::new();
        for row in self.active_assignments(user) {
            match row.get("PermissionSetGroupId").as_id() {
                Some(group) => sets.extend(self.sets_in_group(group)),
                None => sets.extend(row.get("PermissionSetId").as_id()),
            }
        }
        let sets = sets
            .into_iter()
            .filter_map(|id| self.db.get("PermissionSet", id));
        // A set that waits for the activation of a session gives nothing yet.
        holders.extend(sets.filter(|set| !set.get("HasActivationRequired").is_true()));
        Rights { org: self, holders }
    }

    /// Brings the user's row of `UserPermissionAccess` up to date.
    pub(crate) fn cache_permissions(&mut self, user: Id) {
        const OBJECT: &str = "UserPermissionAccess";
        let rights = self.rights(user);
        let Some(def) = self.db.schema().object(OBJECT) else {
            return;
        };
        let booleans = def
            .fields
            .iter()
            .filter(|field| field.ty == FieldType::Boolean);
        let cells: Vec<(String, Value)> = booleans
            .map(|field| {
                let permission = field.name.trim_start_matches("Permissions");
                (field.name.clone(), Value::Bool(rights.has(permission)))
            })
            .collect();
        let known = self.access_rows.get(&user).copied();
        let row = known.and_then(|id| self.db.get(OBJECT, id));
        if row.is_some_and(|row| cells.iter().all(|(name, value)| row.get(name) == value)) {
            return;
        }
        let now = [("LastCacheUpdate".to_owned(), self.clock.now().into())];
        let cells = cells.into_iter().chain(now);
        if let Some(id) = known {
            if let Err(error) = self.write(OBJECT, id, cells) {
                tracing::error!(%error, "cannot cache the permissions of a user");
            }
            self.undo.clear();
        } else {
            let id = self.seed_row(OBJECT, cells);
            self.access_rows.insert(user, id);
        }
    }
}
