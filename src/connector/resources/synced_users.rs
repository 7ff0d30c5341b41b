//! Which users a sync has, and what their rows say about profile and role.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Deserialize;

use crate::connector::options::Options;
pub(super) use crate::connector::people::Via;
use crate::connector::read::context::ReadContext;
use crate::connector::read::snapshot::{Collector, Snapshot};
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{IDS_A_QUERY, IdRow, Row, Table};
use crate::salesforce::soql::field;
use crate::salesforce::{Error, SalesforceId};

/// What later phases need of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::connector) struct UserSummary {
    pub(in crate::connector) profile: Option<SalesforceId>,
    pub(in crate::connector) role: Option<SalesforceId>,
    /// The user licence of which it uses a seat. Only active users use one.
    pub(in crate::connector) license: Option<SalesforceId>,
    /// An active internal user, so a member of "All Internal Users".
    pub(in crate::connector) is_internal: bool,
}

impl UserSummary {
    pub(super) fn new(
        profile: Option<SalesforceId>,
        role: Option<SalesforceId>,
        license: Option<SalesforceId>,
        is_active: bool,
        user_type: Option<&str>,
    ) -> Self {
        Self {
            profile,
            role,
            license: license.filter(|_| is_active),
            is_internal: is_active && user_type == Some("Standard"),
        }
    }
}

/// The columns of a user's row that its summary is made of.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UserSummaryRow {
    pub(super) id: SalesforceId,
    profile_id: Option<SalesforceId>,
    profile: Option<ProfileLicense>,
    user_role_id: Option<SalesforceId>,
    is_active: bool,
    user_type: Option<String>,
}

/// The licence that a user has by its profile.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProfileLicense {
    user_license_id: Option<SalesforceId>,
}

/// Adds the column of a user's licence, if the sync has licences.
pub(super) fn with_license(table: Table, options: &Options) -> Table {
    if options.licenses {
        table.optional_or(LICENSE, "who has which user licence is missing")
    } else {
        table
    }
}

/// The column of a user's licence.
pub(super) const LICENSE: &str = "Profile.UserLicenseId";

impl UserSummaryRow {
    pub(super) fn table(options: &Options) -> Table {
        let table = Table::new("User", &["Id", "IsActive", "UserType"])
            .optional_or("ProfileId", "the grants of profiles are missing")
            .optional_or("UserRoleId", "the grants of roles are missing");
        with_license(table, options)
    }

    pub(super) fn summary(&self) -> UserSummary {
        UserSummary::new(
            self.profile_id,
            self.user_role_id,
            self.profile
                .as_ref()
                .and_then(|profile| profile.user_license_id),
            self.is_active,
            self.user_type.as_deref(),
        )
    }
}

impl Row for UserSummaryRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

/// Those of `users` that a sync with these options has; `None` if it has every user. For requests
/// outside a full sync, which have no list of its users.
pub(super) async fn among(
    context: &ReadContext,
    users: impl IntoIterator<Item = SalesforceId>,
) -> Result<Option<HashSet<SalesforceId>>, Error> {
    let Some(condition) = Via::User.condition(&context.options) else {
        return Ok(None);
    };
    let users: HashSet<SalesforceId> = users.into_iter().collect();
    let users: Vec<SalesforceId> = users.into_iter().collect();
    let mut synced = HashSet::new();
    for chunk in users.chunks(IDS_A_QUERY) {
        let table = Table::new("User", &["Id"])
            .only(condition.clone())
            .only(field("Id").in_ids(chunk.iter().copied()));
        let read = context.org.read_all(&table, |row: IdRow| {
            synced.insert(row.id());
        });
        read.await?;
    }
    Ok(Some(synced))
}

/// All users of a sync. Those with the same profile, role and licence share one summary, so a user
/// takes 32 bytes instead of 76.
pub(in crate::connector) type Users = Snapshot<Arc<UserSummary>>;

/// The users of a running sync.
#[derive(Default)]
pub(super) struct SyncedUsers {
    users: Collector<Arc<UserSummary>>,
    /// Each summary once.
    summaries: Mutex<HashSet<Arc<UserSummary>>>,
}

impl SyncedUsers {
    /// The users of the sync with this memory.
    pub(super) fn of(memory: &SyncMemory) -> Arc<Self> {
        memory.slot()
    }

    /// Adds one page of the users' listing.
    pub(super) fn extend(
        &self,
        after: Option<&SalesforceId>,
        rows: Vec<(SalesforceId, UserSummary)>,
        next: Option<&SalesforceId>,
    ) {
        let rows = rows.into_iter();
        let rows = rows.map(|(user, summary)| (user, self.shared(summary)));
        self.users.extend(after, rows.collect(), next);
    }

    /// All users, if they were listed in this process.
    pub(super) fn peek(&self) -> Option<Arc<Users>> {
        self.users.peek()
    }

    /// All users, read again if they were not listed in this process.
    pub(super) async fn all(&self, context: &ReadContext) -> Result<Arc<Users>, Error> {
        let read = async {
            let condition = Via::User.condition(&context.options);
            let table = UserSummaryRow::table(&context.options).only(condition);
            let mut users = Vec::new();
            let row = |row: UserSummaryRow| users.push((row.id, self.shared(row.summary())));
            context.org.read_all(&table, row).await?;
            Ok(users)
        };
        self.users.all(read).await
    }

    fn shared(&self, summary: UserSummary) -> Arc<UserSummary> {
        let mut summaries = self.summaries.lock();
        if let Some(known) = summaries.get(&summary) {
            return Arc::clone(known);
        }
        let new = Arc::new(summary);
        summaries.insert(Arc::clone(&new));
        new
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn id(prefix: &str, number: u32) -> SalesforceId {
        format!("{prefix}Hp{number:010}").parse().unwrap()
    }

    /// A tenth of the largest org that the memory of a sync is planned for.
    #[test]
    fn a_user_takes_few_bytes() {
        const USERS: u32 = 100_000;
        const PAGE: u32 = 2000;
        let users = SyncedUsers::default();
        let summary = |user: u32| {
            let (profile, role) = (id("00e", user % 40), id("00E", user % 400));
            let license = Some(id("100", user % 5));
            UserSummary::new(Some(profile), Some(role), license, true, Some("Standard"))
        };
        let mut after = None;
        for begin in (0..USERS).step_by(PAGE as usize) {
            let rows: Vec<_> = (begin..begin + PAGE)
                .map(|user| (id("005", user), summary(user)))
                .collect();
            let last = rows.last().map(|row| row.0);
            let next = last.filter(|_| begin + PAGE < USERS);
            users.extend(after.as_ref(), rows, next.as_ref());
            after = next;
        }
        let all = users.peek().unwrap();
        let bytes = all.bytes();
        assert!(bytes <= 32 * USERS as usize, "{bytes} bytes");
        assert_eq!(users.summaries.lock().len(), 400);
        for user in [0, 1, USERS - 1] {
            assert_eq!(**all.get(&id("005", user)).unwrap(), summary(user));
        }
    }
}
