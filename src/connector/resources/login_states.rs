//! Users who cannot sign in although they are active: frozen ones and those whose password is
//! locked.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::connector::read::org::Org;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{Row, Table};
use crate::connector::read::unavailable::is_unavailable;
use crate::salesforce::soql::field;
use crate::salesforce::{Error, SalesforceId};

/// Ids of frozen and of locked users.
#[derive(Debug, Default)]
pub(in crate::connector) struct LoginStates {
    pub(super) frozen: HashSet<SalesforceId>,
    pub(super) password_locked: HashSet<SalesforceId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LoginRow {
    id: SalesforceId,
    user_id: Option<SalesforceId>,
    is_frozen: Option<bool>,
    is_password_locked: Option<bool>,
}

impl Row for LoginRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

fn table() -> Table {
    Table::new("UserLogin", &["Id", "UserId"])
        .optional_or("IsFrozen", "frozen users are shown as enabled")
        .optional_or("IsPasswordLocked", "locked passwords are not shown")
}

impl LoginStates {
    /// The states of all users. Only rows of frozen or locked users are read, once per sync.
    pub(super) async fn all(org: &Org, memory: &SyncMemory) -> Result<Arc<Self>, Error> {
        let table = table().any_flag([
            ("IsFrozen", "frozen users are shown as enabled"),
            ("IsPasswordLocked", "locked passwords are not shown"),
        ]);
        memory
            .slot::<OnceCell<Arc<Self>>>()
            .get_or_try_init(|| Self::read(org, memory, &table))
            .await
            .cloned()
    }

    /// The state of one user, outside any sync.
    pub(super) async fn of(org: &Org, user: SalesforceId) -> Result<Arc<Self>, Error> {
        let table = table().only(field("UserId").eq(user));
        Self::read(org, &SyncMemory::default(), &table).await
    }

    async fn read(org: &Org, memory: &SyncMemory, table: &Table) -> Result<Arc<Self>, Error> {
        let mut states = Self::default();
        let read = org.read_all(table, |row: LoginRow| {
            let Some(user) = row.user_id else { return };
            if row.is_frozen == Some(true) {
                states.frozen.insert(user);
            }
            if row.is_password_locked == Some(true) {
                states.password_locked.insert(user);
            }
        });
        let needs = "frozen users are shown as enabled until the connector's user has \
                     \"Manage Users\"";
        match read.await {
            Err(error) if is_unavailable(memory, "UserLogin", needs, &error) => Ok(Arc::default()),
            result => result.map(|()| Arc::new(states)),
        }
    }
}
