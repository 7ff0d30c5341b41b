//! What security insights need of each user: a few bytes, and the e-mail address.
//!
//! The users' listing collects it along the way, if the sync has insights. If insights are asked for
//! while that listing is under way, they wait for it; if it has not begun, the users are read for them
//! alone.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use crate::connector::options::Options;
use crate::connector::people::Via;
use crate::connector::read::context::ReadContext;
use crate::connector::read::snapshot::{Collector, Snapshot};
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{Row, Table};
use crate::salesforce::soql::field;
use crate::salesforce::{self, Error, SalesforceId};

/// So long insights wait for the next page of the users' listing.
const PATIENCE: Duration = Duration::from_secs(20);

const OBJECT: &str = "User";
const LAST_LOGIN: &str = "LastLoginDate";
const FEDERATION: &str = "FederationIdentifier";

/// A user, as far as insights are concerned.
#[derive(Clone, Debug)]
pub(in crate::connector) struct UserFacts {
    /// The address by which hosts know the account.
    pub(super) address: Option<Box<str>>,
    pub(super) profile: Option<SalesforceId>,
    pub(super) is_active: bool,
    has_federation_id: bool,
    last_login: Option<Second>,
    created: Option<Second>,
}

/// Seconds since 1970: a timestamp takes twice the space.
type Second = i64;

/// The columns of a user's row that its facts are made of.
#[derive(Clone, Copy)]
pub(in crate::connector) struct FactColumns<'a> {
    pub(in crate::connector) is_active: bool,
    pub(in crate::connector) profile: Option<SalesforceId>,
    pub(in crate::connector) email: Option<&'a str>,
    pub(in crate::connector) username: Option<&'a str>,
    pub(in crate::connector) federation_id: Option<&'a str>,
    pub(in crate::connector) last_login: Option<Timestamp>,
    pub(in crate::connector) created: Option<Timestamp>,
}

/// Since when somebody has not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Idle {
    /// The last sign-in.
    LastLogin(Timestamp),
    /// There was none since the account was created.
    NeverSince(Timestamp),
}

impl UserFacts {
    pub(in crate::connector) fn new(columns: FactColumns<'_>, options: &Options) -> Self {
        let address = if options.username_for_email {
            columns.username
        } else {
            columns.email
        };
        let is_filled = |text: &&str| !text.trim().is_empty();
        Self {
            address: address.filter(is_filled).map(Box::from),
            profile: columns.profile,
            is_active: columns.is_active,
            has_federation_id: columns.federation_id.is_some_and(|id| is_filled(&id)),
            last_login: columns.last_login.map(Timestamp::as_second),
            created: columns.created.map(Timestamp::as_second),
        }
    }

    /// The last time that the account was used, or created. `None` if that is not known.
    pub(super) fn idle_since(&self, known: Known) -> Option<Idle> {
        if !known.last_login {
            return None;
        }
        let at = |second: Second| Timestamp::from_second(second).ok();
        match self.last_login {
            Some(last) => at(last).map(Idle::LastLogin),
            None => self.created.and_then(at).map(Idle::NeverSince),
        }
    }

    /// Whether the account is known to have no identifier of an identity provider.
    pub(super) fn lacks_federation_id(&self, known: Known) -> bool {
        known.federation_id && !self.has_federation_id
    }
}

/// Which columns the org shows. One that it hides looks empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) last_login: bool,
    pub(super) federation_id: bool,
}

impl Known {
    /// After the users have been read.
    pub(super) fn of(context: &ReadContext) -> Self {
        Self {
            last_login: !context.org.lacks(OBJECT, LAST_LOGIN),
            federation_id: !context.org.lacks(OBJECT, FEDERATION),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FactRow {
    id: SalesforceId,
    is_active: bool,
    profile_id: Option<SalesforceId>,
    email: Option<String>,
    username: Option<String>,
    federation_identifier: Option<String>,
    #[serde(default, deserialize_with = "salesforce::time::optional")]
    last_login_date: Option<Timestamp>,
    #[serde(default, deserialize_with = "salesforce::time::optional")]
    created_date: Option<Timestamp>,
}

impl Row for FactRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl FactRow {
    /// The users of a sync.
    fn table(options: &Options) -> Table {
        let address = if options.username_for_email {
            "Username"
        } else {
            "Email"
        };
        Table::new(OBJECT, &["Id", "IsActive"])
            .optional_or("ProfileId", "what profiles give is missing from insights")
            .optional(&[address, FEDERATION, LAST_LOGIN, "CreatedDate"])
            .only(Via::User.condition(options))
    }

    fn facts(&self, options: &Options) -> UserFacts {
        let columns = FactColumns {
            is_active: self.is_active,
            profile: self.profile_id,
            email: self.email.as_deref(),
            username: self.username.as_deref(),
            federation_id: self.federation_identifier.as_deref(),
            last_login: self.last_login_date,
            created: self.created_date,
        };
        UserFacts::new(columns, options)
    }
}

/// One user, if a sync with these options has it. Always a fresh read.
pub(super) async fn of_user(
    context: &ReadContext,
    id: SalesforceId,
) -> Result<Option<UserFacts>, Error> {
    let options = &context.options;
    let table = FactRow::table(options).only(field("Id").eq(id));
    let mut batch = context.org.read::<FactRow>(&table, None).await?;
    Ok(batch.rows.next().map(|row| row.facts(options)))
}

/// The facts of a running sync.
#[derive(Default)]
pub(super) struct FactsOfUsers(Collector<UserFacts>);

impl FactsOfUsers {
    /// Those of the sync with this memory.
    pub(super) fn of(memory: &SyncMemory) -> Arc<Self> {
        memory.slot()
    }

    /// Says that a page of the users' listing is being read.
    pub(super) fn begin(&self) {
        self.0.begin();
    }

    /// Adds one page of the users' listing.
    pub(super) fn extend(
        &self,
        after: Option<&SalesforceId>,
        rows: Vec<(SalesforceId, UserFacts)>,
        next: Option<&SalesforceId>,
    ) {
        self.0.extend(after, rows, next);
    }

    /// All users of the sync.
    pub(super) async fn all(
        &self,
        context: &ReadContext,
    ) -> Result<Arc<Snapshot<UserFacts>>, Error> {
        self.0.wait(PATIENCE).await;
        let read = async {
            let table = FactRow::table(&context.options);
            let mut users = Vec::new();
            let each = |row: FactRow| users.push((row.id, row.facts(&context.options)));
            context.org.read_all(&table, each).await?;
            Ok(users)
        };
        self.0.all(read).await
    }
}
