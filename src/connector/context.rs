//! What all resource types of this connector share: the org, the options, the running syncs.

use std::sync::Arc;

use super::known::Sealed;
use super::links::link_table;
use super::memory::{Component, Locks, Memories, Memory, UserLinks};
use super::options::Options;
use super::outage::is_outage;
use super::table::{Org, Row, Table};
use super::turns::{About, Turns};
use crate::baton::Call;
use crate::salesforce::soql::{Condition, field};
use crate::salesforce::{Error, SalesforceId};

use serde::Deserialize;

/// Shared by all syncers.
pub(super) struct Context {
    pub(super) org: Arc<Org>,
    pub(super) options: Options,
    pub(super) memories: Memories,
    /// Writes about the same thing, one after the other.
    pub(super) turns: Turns<About>,
}

/// A row of which only the id matters.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct IdRow {
    id: SalesforceId,
}

impl Row for IdRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LoginRow {
    id: SalesforceId,
    user_id: Option<SalesforceId>,
    is_frozen: bool,
    is_password_locked: bool,
}

impl Row for LoginRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
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

/// A user's row of which only the links matter.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LinkRow {
    pub(super) id: SalesforceId,
    profile_id: Option<SalesforceId>,
    user_role_id: Option<SalesforceId>,
    is_active: bool,
    user_type: Option<String>,
}

impl LinkRow {
    pub(super) fn links(&self) -> UserLinks {
        UserLinks {
            profile: self.profile_id,
            role: self.user_role_id,
            is_internal: self.is_active && self.user_type.as_deref() == Some("Standard"),
        }
    }
}

impl Row for LinkRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl Context {
    pub(super) fn memory(&self, call: &Call) -> Arc<Memory> {
        self.memories.of(call.sync.as_ref())
    }

    /// Which users a sync has, as a condition on the User object, or on a parent of that type:
    /// `via` is `""` or `"Assignee."`. Absent when it has all.
    pub(super) fn synced_users(&self, via: Via) -> Option<Condition> {
        let (user_type, is_active) = match via {
            Via::User => ("UserType", "IsActive"),
            Via::Assignee => ("Assignee.UserType", "Assignee.IsActive"),
        };
        let standard = (!self.options.non_standard_users).then(|| field(user_type).eq("Standard"));
        let active = (!self.options.deactivated_users).then(|| field(is_active).eq(true));
        match (standard, active) {
            (Some(standard), Some(active)) => Some(standard.and(active)),
            (standard, active) => standard.or(active),
        }
    }

    /// The users of a sync and what they link to.
    pub(super) async fn users(&self, memory: &Memory) -> Result<Arc<Sealed<UserLinks>>, Error> {
        let read = async {
            let table = link_table().only(self.synced_users(Via::User));
            let mut users = Vec::new();
            let row = |row: LinkRow| users.push((row.id, row.links()));
            self.org.read_all(&table, row).await?;
            Ok(users)
        };
        memory.users.all(read).await
    }

    /// Frozen and password-locked users: only rows that are news are read.
    pub(super) async fn locks(&self, memory: &Memory) -> Result<Arc<Locks>, Error> {
        let news = field("IsFrozen")
            .eq(true)
            .or(field("IsPasswordLocked").eq(true));
        memory
            .locks
            .get_or_try_init(|| self.read_locks(memory, news))
            .await
            .cloned()
    }

    async fn read_locks(&self, memory: &Memory, which: Condition) -> Result<Arc<Locks>, Error> {
        let columns = &["Id", "UserId", "IsFrozen", "IsPasswordLocked"];
        let table = Table::new("UserLogin", columns).only(which);
        let mut locks = Locks::default();
        let read = self.org.read_all(&table, |row: LoginRow| {
            let Some(user) = row.user_id else { return };
            if row.is_frozen {
                locks.frozen.insert(user);
            }
            if row.is_password_locked {
                locks.password_locked.insert(user);
            }
        });
        let needs = "frozen users are shown as enabled until the connector's user has \
                     \"Manage Users\"";
        match read.await {
            Err(error) if is_outage(memory, "UserLogin", needs, &error) => Ok(Arc::default()),
            result => result.map(|()| Arc::new(locks)),
        }
    }

    /// The same for one user, outside any sync.
    pub(super) async fn locks_of(&self, user: SalesforceId) -> Result<Arc<Locks>, Error> {
        let alone = Memory::default();
        self.read_locks(&alone, field("UserId").eq(user)).await
    }

    /// Which permission sets the permission set groups consist of.
    pub(super) async fn components(&self, memory: &Memory) -> Result<Arc<Vec<Component>>, Error> {
        let read = || async {
            let columns = &["Id", "PermissionSetGroupId", "PermissionSetId"];
            let table = Table::new("PermissionSetGroupComponent", columns);
            let mut rows = Vec::new();
            let result = self
                .org
                .read_all(&table, |row: ComponentRow| rows.push(row))
                .await;
            let needs = "give the connector's user \"View Setup and Configuration\"";
            match result {
                Err(error) if is_outage(memory, "PermissionSetGroupComponent", needs, &error) => {
                    return Ok(Arc::default());
                }
                result => result?,
            }
            let muting = self.muting_sets(memory, !rows.is_empty()).await?;
            let components = rows.into_iter().map(|row| Component {
                group: row.permission_set_group_id,
                set: row.permission_set_id,
                is_muting: muting.contains(&row.permission_set_id),
            });
            Ok(Arc::new(components.collect()))
        };
        memory.components.get_or_try_init(read).await.cloned()
    }

    async fn muting_sets(
        &self,
        memory: &Memory,
        wanted: bool,
    ) -> Result<std::collections::HashSet<SalesforceId>, Error> {
        let mut muting = std::collections::HashSet::new();
        if !wanted {
            return Ok(muting);
        }
        let table = Table::new("MutingPermissionSet", &["Id"]);
        let result = self.org.read_all(&table, |row: IdRow| {
            muting.insert(row.id);
        });
        let needs = "muting is not shown on permission set groups until the connector's user has \
                     \"View Setup and Configuration\"";
        match result.await {
            Err(error) if is_outage(memory, "MutingPermissionSet", needs, &error) => {}
            result => result?,
        }
        Ok(muting)
    }
}

/// Through which relation a condition on users is asked.
#[derive(Clone, Copy)]
pub(super) enum Via {
    User,
    Assignee,
}
