//! Users who cannot sign in although they are active: frozen ones and those whose password is
//! locked.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::connector::read::beginning::read_all;
use crate::connector::read::context::ReadContext;
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
    pub(super) async fn all(
        context: &ReadContext,
        memory: &SyncMemory,
    ) -> Result<Arc<Self>, Error> {
        let table = table().any_flag([
            ("IsFrozen", "frozen users are shown as enabled"),
            ("IsPasswordLocked", "locked passwords are not shown"),
        ]);
        memory
            .slot::<OnceCell<Arc<Self>>>()
            .get_or_try_init(|| async {
                let mut states = Self::default();
                let read = read_all(context, memory, &table, |row| states.add(&row));
                let read = read.await;
                states.or_unavailable(memory, read)
            })
            .await
            .cloned()
    }

    /// The state of one user, outside any sync.
    pub(super) async fn of(org: &Org, user: SalesforceId) -> Result<Arc<Self>, Error> {
        let table = table().only(field("UserId").eq(user));
        let mut states = Self::default();
        let read = org.read_all(&table, |row| states.add(&row)).await;
        states.or_unavailable(&SyncMemory::default(), read)
    }

    fn add(&mut self, row: &LoginRow) {
        let Some(user) = row.user_id else { return };
        if row.is_frozen == Some(true) {
            self.frozen.insert(user);
        }
        if row.is_password_locked == Some(true) {
            self.password_locked.insert(user);
        }
    }

    /// The states, or none if the org does not show them.
    fn or_unavailable(
        self,
        memory: &SyncMemory,
        read: Result<(), Error>,
    ) -> Result<Arc<Self>, Error> {
        let needs = "frozen users are shown as enabled until the connector's user has \
                     \"Manage Users\"";
        match read {
            Err(error) if is_unavailable(memory, "UserLogin", needs, &error) => Ok(Arc::default()),
            read => read.map(|()| Arc::new(self)),
        }
    }
}
