//! `PermissionSetGroupComponent`: the permission sets in each permission set group, and which of
//! them are muting sets.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::connector::read::beginning::read_all;
use crate::connector::read::context::ReadContext;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{Row, Table};
use crate::connector::read::unavailable::is_unavailable;
use crate::connector::text;
use crate::salesforce::{Error, SalesforceId};

/// A permission set in a permission set group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) group: SalesforceId,
    pub(super) set: SalesforceId,
    /// The set removes permissions from the group instead of adding them.
    pub(super) is_muting: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ComponentRow {
    id: SalesforceId,
    permission_set_group_id: SalesforceId,
    permission_set_id: SalesforceId,
}

impl Row for ComponentRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

/// The components of all groups.
#[derive(Debug, Default)]
pub(super) struct Components {
    pub(super) rows: Vec<Component>,
    /// The names of muting sets, as far as the org shows them.
    muting: HashMap<SalesforceId, Option<String>>,
}

/// The ids of muting sets begin with it, whether `MutingPermissionSet` can be read or not.
pub(super) const MUTING_PREFIX: &str = "0QM";

impl Components {
    /// The muting sets of a group, each with its name or, without one, its id.
    pub(super) fn muting(&self, group: &str) -> Vec<(SalesforceId, String)> {
        let mut sets: Vec<_> = self
            .rows
            .iter()
            .filter(|row| row.is_muting && row.group.to_string() == group)
            .map(|row| {
                let name = self.muting.get(&row.set).cloned().flatten();
                (row.set, name.unwrap_or_else(|| row.set.to_string()))
            })
            .collect();
        sets.sort_by(|a, b| a.0.cmp_bytes(&b.0));
        sets.dedup_by(|a, b| a.0 == b.0);
        sets
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MutingRow {
    id: SalesforceId,
    master_label: Option<String>,
    developer_name: Option<String>,
}

impl Row for MutingRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

/// The components of all groups, read once per sync.
pub(super) async fn components(
    context: &ReadContext,
    memory: &SyncMemory,
) -> Result<Arc<Components>, Error> {
    memory
        .slot::<OnceCell<Arc<Components>>>()
        .get_or_try_init(|| read(context, memory))
        .await
        .cloned()
}

async fn read(context: &ReadContext, memory: &SyncMemory) -> Result<Arc<Components>, Error> {
    let columns = &["Id", "PermissionSetGroupId", "PermissionSetId"];
    let table = Table::new("PermissionSetGroupComponent", columns);
    let mut rows = Vec::new();
    let result = read_all(context, memory, &table, |row: ComponentRow| rows.push(row));
    let needs = "give the connector's user \"View Setup and Configuration\"";
    match result.await {
        Err(error) if is_unavailable(memory, "PermissionSetGroupComponent", needs, &error) => {
            return Ok(Arc::default());
        }
        result => result?,
    }
    let muting = if rows.is_empty() {
        HashMap::new()
    } else {
        muting_sets(context, memory).await?
    };
    let rows = rows.into_iter().map(|row| Component {
        group: row.permission_set_group_id,
        set: row.permission_set_id,
        is_muting: row.permission_set_id.key_prefix() == MUTING_PREFIX
            || muting.contains_key(&row.permission_set_id),
    });
    Ok(Arc::new(Components {
        rows: rows.collect(),
        muting,
    }))
}

async fn muting_sets(
    context: &ReadContext,
    memory: &SyncMemory,
) -> Result<HashMap<SalesforceId, Option<String>>, Error> {
    let mut muting = HashMap::new();
    let table =
        Table::new("MutingPermissionSet", &["Id"]).optional(&["MasterLabel", "DeveloperName"]);
    let result = read_all(context, memory, &table, |row: MutingRow| {
        let name = text::filled(row.master_label).or(text::filled(row.developer_name));
        muting.insert(row.id, name);
    });
    let needs = "muting sets are shown by their ids only until the connector's user has \
                 \"View Setup and Configuration\"";
    match result.await {
        Err(error) if is_unavailable(memory, "MutingPermissionSet", needs, &error) => {}
        result => result?,
    }
    Ok(muting)
}
