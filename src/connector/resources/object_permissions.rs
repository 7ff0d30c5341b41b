//! Who may read or change all records of an object (`--sync-object-permissions`).
//!
//! `ObjectPermissions` has a row for each permission set and object. Few of them give all records,
//! so Salesforce filters. The rows of a group's sum have already lost what muting takes away (Object
//! Reference, `PermissionSetGroup`).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::OnceCell;

use super::giver::Giver;
use crate::baton::{Call, Object, Resource, Result};
use crate::connector::error::{wrap, wrap_listing};
use crate::connector::read::beginning::read_all;
use crate::connector::read::context::ReadContext;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{Row, Table};
use crate::connector::read::unavailable::is_unavailable;
use crate::connector::text;
use crate::salesforce::soql::{Condition, field};
use crate::salesforce::{Error, SalesforceId};

const OBJECT: &str = "ObjectPermissions";
const REMEDY: &str = "who may view or modify all records of an object is not shown; give the \
                      connector's user \"View Setup and Configuration\"";
const DOING: &str = "reading object permissions";

const VIEW_ALL: &str = "PermissionsViewAllRecords";
const MODIFY_ALL: &str = "PermissionsModifyAllRecords";
const NO_VIEW_ALL: &str = "who may view all records of an object is not shown";
const NO_MODIFY_ALL: &str = "who may modify all records of an object is not shown";
const NO_PARENT: &str = "what profiles and permission set groups give on objects is not shown";

/// So many resources are asked for by their ids outside a sync. A query must not become too long.
const FEW: usize = 100;

/// The keys of a resource's profile.
const VIEWED: &str = "view_all_objects";
const MODIFIED: &str = "modify_all_objects";

/// So many objects are named in a description.
const NAMED: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ObjectRow {
    id: SalesforceId,
    parent_id: SalesforceId,
    parent: Option<ParentPart>,
    sobject_type: String,
    permissions_view_all_records: Option<bool>,
    permissions_modify_all_records: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ParentPart {
    profile_id: Option<SalesforceId>,
    permission_set_group_id: Option<SalesforceId>,
}

impl Row for ObjectRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl ObjectRow {
    fn giver(&self) -> (Giver, SalesforceId) {
        let parent = self.parent.as_ref();
        Giver::of(
            self.parent_id,
            parent.and_then(|parent| parent.profile_id),
            parent.and_then(|parent| parent.permission_set_group_id),
        )
    }
}

/// The objects of which all records are given, by API name.
#[derive(Debug, Default, PartialEq, Eq)]
struct Objects {
    viewed: BTreeSet<Arc<str>>,
    modified: BTreeSet<Arc<str>>,
}

/// What gives all records of which objects. What gives none is not in it.
#[derive(Default)]
pub(super) struct ObjectRights(HashMap<(Giver, SalesforceId), Objects>);

impl ObjectRights {
    /// What these resources give; nothing if the sync leaves object permissions out.
    pub(super) async fn of(
        giver: Giver,
        ids: &[SalesforceId],
        context: &ReadContext,
        call: &Call,
    ) -> Result<Arc<Self>> {
        if !context.options.object_permissions {
            return Ok(Arc::default());
        }
        let memory = context.memory(call);
        if call.sync.is_some() {
            let read = || async { Self::read(context, &memory, None).await.map(Arc::new) };
            let slot = memory.slot::<OnceCell<Arc<Self>>>();
            let all = slot.get_or_try_init(read).await;
            return all.cloned().map_err(|error| wrap_listing(DOING, error));
        }
        let column = match giver {
            Giver::Set => "ParentId",
            Giver::Group => "Parent.PermissionSetGroupId",
            Giver::Profile => "Parent.ProfileId",
        };
        let these = field(column).in_ids(ids.iter().copied());
        let which = (ids.len() <= FEW).then_some(these);
        let read = Self::read(context, &memory, which).await;
        read.map(Arc::new).map_err(|error| wrap(DOING, error))
    }

    async fn read(
        context: &ReadContext,
        memory: &SyncMemory,
        which: Option<Condition>,
    ) -> Result<Self, Error> {
        let table = Table::new(OBJECT, &["Id", "ParentId", "SobjectType"])
            .optional_or("Parent.ProfileId", NO_PARENT)
            .optional_or("Parent.PermissionSetGroupId", NO_PARENT)
            .optional_or(VIEW_ALL, NO_VIEW_ALL)
            .optional_or(MODIFY_ALL, NO_MODIFY_ALL)
            .any_flag([(VIEW_ALL, NO_VIEW_ALL), (MODIFY_ALL, NO_MODIFY_ALL)])
            .only(which);
        let mut rights: HashMap<_, Objects> = HashMap::new();
        // Each object's name is kept once.
        let mut names: HashSet<Arc<str>> = HashSet::new();
        let read = read_all(context, memory, &table, |row: ObjectRow| {
            let name = names.get(row.sobject_type.as_str()).cloned();
            let name = name.unwrap_or_else(|| Arc::from(row.sobject_type.as_str()));
            names.insert(Arc::clone(&name));
            let objects = rights.entry(row.giver()).or_default();
            if row.permissions_view_all_records == Some(true) {
                objects.viewed.insert(Arc::clone(&name));
            }
            if row.permissions_modify_all_records == Some(true) {
                objects.modified.insert(name);
            }
        });
        match read.await {
            Err(error) if is_unavailable(memory, OBJECT, REMEDY, &error) => Ok(Self::default()),
            result => result.map(|()| Self(rights)),
        }
    }

    /// Adds the objects to a resource's profile and description.
    pub(super) fn describe(&self, giver: (Giver, SalesforceId), resource: &mut Resource) {
        let Some(objects) = self.0.get(&giver) else {
            return;
        };
        let profile = resource.profile.get_or_insert_default();
        for (key, names) in [(VIEWED, &objects.viewed), (MODIFIED, &objects.modified)] {
            if !names.is_empty() {
                let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
                profile.insert(key.to_owned(), names.into());
            }
        }
        let sentence = sentence_of(profile);
        text::add_sentence(&mut resource.description, sentence);
    }
}

/// What a resource with this profile gives. *Modify All* includes *View All*, so an object is named
/// once.
pub(super) fn sentence_of(profile: &Object) -> Option<String> {
    let modified = text::listed(profile, MODIFIED);
    let mut viewed = text::listed(profile, VIEWED);
    viewed.retain(|name| !modified.contains(name));
    let parts: Vec<String> = [("Modify All", modified), ("View All", viewed)]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(permission, names)| format!("{permission} on {}", named(&names)))
        .collect();
    (!parts.is_empty()).then(|| format!("Gives {}.", parts.join(" and ")))
}

/// The first names, and how many more there are.
fn named(names: &[&str]) -> String {
    let first: Vec<&str> = names.iter().take(NAMED).copied().collect();
    match names.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{}, {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baton::Value;

    fn profile(viewed: &[&str], modified: &[&str]) -> Object {
        Object::from([
            (VIEWED.to_owned(), Value::from(viewed.to_vec())),
            (MODIFIED.to_owned(), Value::from(modified.to_vec())),
        ])
    }

    #[test]
    fn an_object_is_named_once() {
        let profile = profile(&["Account", "Case"], &["Account"]);
        assert_eq!(
            sentence_of(&profile).as_deref(),
            Some("Gives Modify All on Account and View All on Case.")
        );
        assert_eq!(sentence_of(&Object::new()), None);
    }

    #[test]
    fn a_description_names_ten_objects_and_counts_the_others() {
        let names = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L"];
        assert_eq!(
            sentence_of(&profile(&names, &[])).as_deref(),
            Some("Gives View All on A, B, C, D, E, F, G, H, I, J, 2 more.")
        );
    }
}
