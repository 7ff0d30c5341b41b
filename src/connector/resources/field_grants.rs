//! Grants that are a field of the user: the profile, the role, and the licence of the profile.
//!
//! The users' listing has read those fields already, so the grants of the whole type come from the
//! sync's memory and cost no call. A request for one resource outside a full sync is one query for
//! the users of that resource.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::synced_users::{LICENSE, SyncedUsers, UserSummary, UserSummaryRow, Users, Via};
use crate::baton::{
    Cursor, EntitlementId, Error, Grant, GrantScope, Page, PageRequest, ResourceId, ResourceType,
    Result,
};
use crate::connector::catalog::USER;
use crate::connector::error::wrap_listing;
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::{Listing, Reading};
use crate::connector::read::page_fill::PageFill;
use crate::connector::read::snapshot::Snapshot;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::text;
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Condition, field};

/// Which field of the user it is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum UserReference {
    Profile,
    Role,
    /// The licence of the profile. Users that are not active use none.
    License,
}

impl UserReference {
    fn column(self) -> &'static str {
        match self {
            Self::Profile => "ProfileId",
            Self::Role => "UserRoleId",
            Self::License => LICENSE,
        }
    }

    /// The users who have `target`, or any if it is `None`.
    fn condition(self, target: Option<SalesforceId>) -> Condition {
        let has = match target {
            Some(target) => field(self.column()).eq(target),
            None => field(self.column()).not_null(),
        };
        match self {
            Self::License => has.and(field("IsActive").eq(true)),
            Self::Profile | Self::Role => has,
        }
    }

    fn of(self, user: &UserSummary) -> Option<SalesforceId> {
        match self {
            Self::Profile => user.profile,
            Self::Role => user.role,
            Self::License => user.license,
        }
    }
}

/// The position of such a listing: after a user, in the order of the snapshot or of Salesforce.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Position {
    Memory(SalesforceId),
    Server(SalesforceId),
}

impl Cursor for Position {}

/// Lists the grants of one such field.
pub(super) struct FieldGrants {
    context: Arc<ReadContext>,
    listing: Listing<UserSummaryRow>,
    reference: UserReference,
    on: &'static ResourceType,
}

impl FieldGrants {
    pub(super) fn new(
        context: &Arc<ReadContext>,
        reference: UserReference,
        on: &'static ResourceType,
    ) -> Self {
        Self {
            context: Arc::clone(context),
            listing: Listing::new(context, reference.column()),
            reference,
            on,
        }
    }

    /// One page. In a full sync only references to `targets` count, so no grant names a resource
    /// that the sync does not have.
    pub(super) async fn page<E: Send + Sync>(
        &self,
        scope: &GrantScope,
        page: &PageRequest,
        memory: &SyncMemory,
        targets: impl Future<Output = Result<Arc<Snapshot<E>>>>,
    ) -> Result<Page<Grant>> {
        let position = page.token.as_ref().map(Position::from_token).transpose()?;
        let users = SyncedUsers::of(memory);
        match (scope, position) {
            (GrantScope::Type, Some(Position::Server(_)) | None) if page.call.sync.is_none() => {
                self.page_of_server(None, page, position).await
            }
            (GrantScope::Type, position) => {
                let users = users.all(&self.context).await.map_err(failed)?;
                let targets = targets.await?;
                self.page_of_memory(&users, page, position, |target| targets.contains(target))
            }
            (GrantScope::Resource(on), position) => {
                let on = text::record_id(&on.id)?;
                let listed = match &position {
                    None => users.peek(),
                    Some(Position::Memory(_)) => {
                        Some(users.all(&self.context).await.map_err(failed)?)
                    }
                    Some(Position::Server(_)) => None,
                };
                match listed {
                    Some(users) => {
                        self.page_of_memory(&users, page, position, |target| *target == on)
                    }
                    None => self.page_of_server(Some(on), page, position).await,
                }
            }
        }
    }

    fn page_of_memory(
        &self,
        users: &Users,
        page: &PageRequest,
        position: Option<Position>,
        is_wanted: impl Fn(&SalesforceId) -> bool,
    ) -> Result<Page<Grant>> {
        let after = match position {
            Some(Position::Server(_)) => return Err(foreign()),
            Some(Position::Memory(after)) => Some(after),
            None => None,
        };
        let mut fill = PageFill::new(page);
        let mut rows = users.after(after.as_ref()).iter().peekable();
        while let Some((user, summary)) = rows.next() {
            let target = self
                .reference
                .of(summary)
                .filter(|target| is_wanted(target));
            let Some(target) = target else { continue };
            if fill.push(self.grant(target, *user)?) && rows.peek().is_some() {
                return Ok(fill.into_page(Some(Position::Memory(*user).to_token()?)));
            }
        }
        Ok(fill.into_page(None))
    }

    async fn page_of_server(
        &self,
        target: Option<SalesforceId>,
        page: &PageRequest,
        position: Option<Position>,
    ) -> Result<Page<Grant>> {
        let after = match position {
            Some(Position::Memory(_)) => return Err(foreign()),
            Some(Position::Server(after)) => Some(after),
            None => None,
        };
        let options = &self.context.options;
        let table = UserSummaryRow::table(options)
            .only(Via::User.condition(options))
            .only(self.reference.condition(target));
        let part = target.map(|target| target.to_string()).unwrap_or_default();
        let reading = Reading::new(&table, page, after).part(part);
        let read = self.listing.read(reading, |row| {
            let target = self.reference.of(&row.summary());
            target.map(|target| self.grant(target, row.id)).transpose()
        });
        let read = read.await.map_err(|error| error.in_listing(DOING))?;
        read.into_page_with(|after| Position::Server(after).to_token())
    }

    fn grant(&self, target: SalesforceId, user: SalesforceId) -> Result<Grant> {
        let on = ResourceId::new(self.on.id, target.to_string())?;
        let principal = ResourceId::new(USER.id, user.to_string())?;
        Ok(Grant::new(EntitlementId::new(on, "assigned"), principal))
    }
}

const DOING: &str = "reading the profiles, roles and licences of users";

fn foreign() -> Error {
    Error::invalid("page_token belongs to another listing; start this one again without it")
}

fn failed(error: crate::salesforce::Error) -> Error {
    wrap_listing(DOING, error)
}
