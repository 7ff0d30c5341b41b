//! Reads which groups contain each other, once per sync.

use std::sync::Arc;

use tokio::sync::OnceCell;
use tracing::warn;

use super::member::{self, MemberRow};
use super::nesting::Nesting;
use crate::baton::Result;
use crate::connector::error::wrap_listing;
use crate::connector::read::beginning::read_all;
use crate::connector::read::context::ReadContext;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::IDS_A_QUERY;
use crate::salesforce::soql::{Select, field};
use crate::salesforce::{Error, ErrorCode, SalesforceId};

/// The groups of the org that contain each other.
pub(super) async fn nesting(context: &ReadContext, memory: &SyncMemory) -> Result<Arc<Nesting>> {
    memory
        .slot::<OnceCell<Arc<Nesting>>>()
        .get_or_try_init(|| async { Ok(Arc::new(read(context, memory).await?)) })
        .await
        .cloned()
}

async fn read(context: &ReadContext, memory: &SyncMemory) -> Result<Nesting> {
    let mut nestings = Vec::new();
    let groups = Select::from("Group").fields(["Id"]);
    let nested = member::table().only(field("UserOrGroupId").in_select(groups));
    let read = read_all(context, memory, &nested, |row: MemberRow| {
        nestings.push(row.pair());
    });
    if let Err(error) = read.await {
        return without_nestings(error);
    }
    let mut nesting = Nesting::find(&nestings);
    let mut members: Vec<(SalesforceId, SalesforceId)> = Vec::new();
    for chunk in nesting.groups().chunks(IDS_A_QUERY) {
        let of = field("GroupId").in_ids(chunk.iter().copied());
        let table = member::table().only(of);
        let read = context
            .org
            .read_all(&table, |row: MemberRow| members.push(row.pair()));
        read.await
            .map_err(|error| wrap_listing("listing group members", error))?;
    }
    nesting.settle(&members);
    Ok(nesting)
}

/// Passing trouble fails the sync. If Salesforce refuses the query for good, the sync continues: the
/// listing of the members reports whether they can be read at all, and if only this query is
/// refused, hosts break cycles as they see fit.
fn without_nestings(error: Error) -> Result<Nesting> {
    if error.is_transient(true) || error.is_daily_limit() || error.code().is_none() {
        return Err(wrap_listing("looking for nested groups", error));
    }
    if !error.is_object_unavailable() {
        warn!(
            sf.error_code = error.code().map(ErrorCode::as_str),
            "cannot look for groups that contain each other"
        );
    }
    Ok(Nesting::default())
}
