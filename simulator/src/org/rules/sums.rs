//! The sums of permission set groups: what their permission sets give, without what is muted.
//! Source: Object Reference, `PermissionSetGroup`.

use std::collections::BTreeMap;

use super::objects;
use crate::org::Org;
use crate::org::id::Id;
use crate::org::schema::FieldType;
use crate::org::table::RowRef;
use crate::org::value::Value;

impl Org {
    /// Brings the sums of all permission set groups up to date, as the org does after changes in
    /// Setup.
    pub fn sum_up_groups(&mut self) {
        let groups = self.db.rows("PermissionSetGroup").map(|row| row.id());
        for group in groups.collect::<Vec<_>>() {
            self.sum_up(group);
        }
        self.undo.clear();
    }

    /// Brings the sum of a group up to date.
    pub(in crate::org) fn sum_up(&mut self, group: Id) {
        let Some(sum) = self.aggregate_of(group).as_id() else {
            return;
        };
        let parts = self.sets_in_group(group);
        let permissions = self.summed_permissions(&parts);
        let objects = self.summed_objects(&parts);
        if let Err(error) = self.write("PermissionSet", sum, permissions) {
            tracing::error!(%error, "the sum of a permission set group vanished");
        }
        self.remove_where(objects::OBJECT, "ParentId", &sum.into());
        for (object, flags) in objects {
            let flags = flags.into_iter().map(|flag| (flag, Value::Bool(true)));
            let of = [
                ("ParentId", sum.into()),
                ("SobjectType", Value::text(object)),
            ];
            if let Err(error) = self.add(objects::OBJECT, of.into_iter().chain(flags)) {
                tracing::error!(%error, "cannot sum up object permissions");
            }
        }
    }

    /// Starts to bring the groups up to date that contain a set.
    pub(super) fn recalculate_groups_of(
        &mut self,
        set: Id,
    ) -> Result<(), crate::org::error::OrgError> {
        let parts = self.db.find(
            "PermissionSetGroupComponent",
            "PermissionSetId",
            &set.into(),
        );
        let groups: Vec<Value> = parts
            .into_iter()
            .map(|row| row.get("PermissionSetGroupId").clone())
            .collect();
        groups.iter().try_for_each(|group| self.recalculate(group))
    }

    fn summed_permissions(&self, parts: &[Id]) -> Vec<(String, Value)> {
        let Some(def) = self.db.schema().object("PermissionSet") else {
            return Vec::new();
        };
        let has = |object: &str, name: &str| {
            let mut rows = parts.iter().filter_map(|id| self.db.get(object, *id));
            rows.any(|row| row.get(name).is_true())
        };
        let flags = def
            .fields
            .iter()
            .filter(|field| field.ty == FieldType::Boolean)
            .filter(|field| field.name.starts_with("Permissions"));
        flags
            .map(|field| {
                let name = &field.name;
                let given = has("PermissionSet", name) && !has("MutingPermissionSet", name);
                (name.clone(), Value::Bool(given))
            })
            .collect()
    }

    /// What is given on each object.
    fn summed_objects(&self, parts: &[Id]) -> BTreeMap<String, Vec<&'static str>> {
        let is_muting = |id: &Id| self.db.get("MutingPermissionSet", *id).is_some();
        let (muting, sets): (Vec<Id>, Vec<Id>) = parts.iter().partition(|id| is_muting(id));
        let (given, muted) = (self.flags_of(&sets), self.flags_of(&muting));
        let left = given.into_iter().map(|(object, mut flags)| {
            let muted = muted.get(&object);
            flags.retain(|flag| muted.is_none_or(|muted| !muted.contains(flag)));
            (object, objects::supported(flags))
        });
        left.filter(|(_, flags)| !flags.is_empty()).collect()
    }

    fn flags_of(&self, sets: &[Id]) -> BTreeMap<String, Vec<&'static str>> {
        let mut all: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
        for set in sets {
            for row in self.db.find(objects::OBJECT, "ParentId", &(*set).into()) {
                let object = row.get("SobjectType").as_str().unwrap_or_default();
                let flags = all.entry(object.to_owned()).or_default();
                flags.extend(given(&row));
            }
        }
        all
    }
}

fn given(row: &RowRef<'_>) -> Vec<&'static str> {
    let flags = objects::NEEDS.iter().map(|(flag, _)| *flag);
    flags.filter(|flag| row.get(flag).is_true()).collect()
}
