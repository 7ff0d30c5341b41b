//! The names of licences that permission sets need.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::connector::read::beginning::read_all;
use crate::connector::read::context::ReadContext;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{Row, Table};
use crate::connector::read::unavailable::is_unavailable;
use crate::salesforce::{Error, SalesforceId};

/// The key prefix of permission set licences. A user licence is the other kind that a permission set
/// can name.
const SET_LICENSE: &str = "0PL";

const REMEDY: &str = "give the connector's user \"View Setup and Configuration\"";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NameRow {
    id: SalesforceId,
    master_label: Option<String>,
}

impl Row for NameRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

type Names = HashMap<SalesforceId, String>;

/// The names, each table read once in a sync and only if a name of it is asked for.
#[derive(Default)]
pub(super) struct LicenseNames {
    of_sets: OnceCell<Names>,
    of_users: OnceCell<Names>,
}

impl LicenseNames {
    pub(super) fn of(memory: &SyncMemory) -> Arc<Self> {
        memory.slot()
    }

    /// The names of these licences, as far as the org shows them.
    pub(super) async fn all(
        &self,
        ids: impl Iterator<Item = SalesforceId>,
        context: &ReadContext,
        memory: &SyncMemory,
    ) -> Result<HashMap<SalesforceId, String>, Error> {
        let (of_sets, of_users): (Vec<_>, Vec<_>) = ids.partition(|id| is_seat(*id));
        let names = |cell, object, ids| names(cell, object, ids, context, memory);
        let (mut all, of_users) = tokio::try_join!(
            names(&self.of_sets, "PermissionSetLicense", of_sets),
            names(&self.of_users, "UserLicense", of_users),
        )?;
        all.extend(of_users);
        Ok(all)
    }
}

async fn names(
    cell: &OnceCell<Names>,
    object: &'static str,
    ids: Vec<SalesforceId>,
    context: &ReadContext,
    memory: &SyncMemory,
) -> Result<Names, Error> {
    if ids.is_empty() {
        return Ok(Names::new());
    }
    let read = || read(object, context, memory);
    let all = cell.get_or_try_init(read).await?;
    let named = ids
        .into_iter()
        .filter_map(|id| Some((id, all.get(&id)?.clone())));
    Ok(named.collect())
}

/// Whether a permission set with this licence needs a seat of it for each holder. Otherwise it is
/// for users of that user licence.
pub(super) fn is_seat(license: SalesforceId) -> bool {
    license.key_prefix() == SET_LICENSE
}

async fn read(
    object: &'static str,
    context: &ReadContext,
    memory: &SyncMemory,
) -> Result<Names, Error> {
    let table = Table::new(object, &["Id"]).optional(&["MasterLabel"]);
    let mut names = Names::new();
    let each = |row: NameRow| names.extend(row.master_label.map(|label| (row.id, label)));
    match read_all(context, memory, &table, each).await {
        Err(error) if is_unavailable(memory, object, REMEDY, &error) => Ok(Names::new()),
        result => result.map(|()| names),
    }
}
