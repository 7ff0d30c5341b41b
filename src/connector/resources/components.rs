//! `PermissionSetGroupComponent`: the permission sets in each permission set group, and which of
//! them are muting sets.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::connector::read::org::Org;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{IdRow, Row, Table};
use crate::connector::read::unavailable::is_unavailable;
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

/// The components of all groups, read once per sync.
pub(super) async fn components(
    org: &Org,
    memory: &SyncMemory,
) -> Result<Arc<Vec<Component>>, Error> {
    memory
        .slot::<OnceCell<Arc<Vec<Component>>>>()
        .get_or_try_init(|| read(org, memory))
        .await
        .cloned()
}

async fn read(org: &Org, memory: &SyncMemory) -> Result<Arc<Vec<Component>>, Error> {
    let columns = &["Id", "PermissionSetGroupId", "PermissionSetId"];
    let table = Table::new("PermissionSetGroupComponent", columns);
    let mut rows = Vec::new();
    let result = org.read_all(&table, |row: ComponentRow| rows.push(row));
    let needs = "give the connector's user \"View Setup and Configuration\"";
    match result.await {
        Err(error) if is_unavailable(memory, "PermissionSetGroupComponent", needs, &error) => {
            return Ok(Arc::default());
        }
        result => result?,
    }
    let muting = if rows.is_empty() {
        HashSet::new()
    } else {
        muting_sets(org, memory).await?
    };
    let components = rows.into_iter().map(|row| Component {
        group: row.permission_set_group_id,
        set: row.permission_set_id,
        is_muting: muting.contains(&row.permission_set_id),
    });
    Ok(Arc::new(components.collect()))
}

async fn muting_sets(org: &Org, memory: &SyncMemory) -> Result<HashSet<SalesforceId>, Error> {
    let mut muting = HashSet::new();
    let table = Table::new("MutingPermissionSet", &["Id"]);
    let result = org.read_all(&table, |row: IdRow| {
        muting.insert(row.id());
    });
    let needs = "muting is not shown on permission set groups until the connector's user has \
                 \"View Setup and Configuration\"";
    match result.await {
        Err(error) if is_unavailable(memory, "MutingPermissionSet", needs, &error) => {}
        result => result?,
    }
    Ok(muting)
}
