//! What users may do: the permissions of their profile, permission sets and groups.

use super::Org;
use super::id::Id;
use super::schema::FieldType;
use super::table::RowRef;
use super::value::Value;

/// The permissions of one user.
pub(crate) struct Rights<'a> {
    org: &'a Org,
    holders: Vec<Holder<'a>>,
}

/// A profile or a permission set in force.
struct Holder<'a> {
    row: RowRef<'a>,
    /// Muting permission sets of its group, which take permissions away.
    muting: Vec<RowRef<'a>>,
}

impl Rights<'_> {
    /// Whether the user has a permission, for example `ManageUsers`.
    pub(crate) fn has(&self, permission: &str) -> bool {
        let column = format!("Permissions{permission}");
        let names = |row: &RowRef<'_>| {
            let number = row.object.index_of(&column);
            number.is_some_and(|number| row.row.cell(number).is_true())
        };
        let gives = |holder: &Holder<'_>| names(&holder.row) && !holder.muting.iter().any(names);
        !self.org.settings.missing_permissions.contains(permission)
            && self.holders.iter().any(gives)
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
        let profile = profile.and_then(|id| self.db.get("Profile", id));
        let mut holders: Vec<_> = profile
            .map(|row| Holder {
                row,
                muting: Vec::new(),
            })
            .into_iter()
            .collect();
        for assignment in self.active_assignments(user) {
            let group = assignment.get("PermissionSetGroupId").as_id();
            let (sets, muting) = if let Some(group) = group {
                self.sets_and_muting(group)
            } else {
                let set = assignment.get("PermissionSetId").as_id();
                let set = set.and_then(|id| self.db.get("PermissionSet", id));
                (set.into_iter().collect(), Vec::new())
            };
            // A set that waits for the activation of a session gives nothing yet.
            let sets = sets
                .into_iter()
                .filter(|set| !set.get("HasActivationRequired").is_true());
            holders.extend(sets.map(|row| Holder {
                row,
                muting: muting.clone(),
            }));
        }
        Rights { org: self, holders }
    }

    /// Returns the permission sets and the muting permission sets of a group.
    fn sets_and_muting(&self, group: Id) -> (Vec<RowRef<'_>>, Vec<RowRef<'_>>) {
        let row = self.db.get("PermissionSetGroup", group);
        if row.is_some_and(|row| row.get("HasActivationRequired").is_true()) {
            return (Vec::new(), Vec::new());
        }
        let parts = self.sets_in_group(group);
        let rows_of = |object: &str| {
            let rows = parts.iter().filter_map(|id| self.db.get(object, *id));
            rows.collect()
        };
        (rows_of("PermissionSet"), rows_of("MutingPermissionSet"))
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
