//! Grants that are a field of the user: the profile and the role.
//!
//! The user scan has read those fields already, so the grants of the whole type come from the
//! sync's memory and cost no call at all. Who asks for one resource outside a full sync gets a
//! query of just that resource's users.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::catalog::USER;
use super::context::{Context, LinkRow, Via};
use super::error::wrap_listing;
use super::known::Sealed;
use super::listing::{Listing, Reading, Trouble};
use super::memory::{Memory, UserLinks};
use super::table::Table;
use super::text;
use crate::baton::{
    Cursor, EncodedSize, EntitlementId, Error, Grant, GrantScope, Id, Page, PageRequest,
    REPLY_BUDGET, ResourceId, ResourceType, Result,
};
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::field;

/// Which field of the user it is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Link {
    Profile,
    Role,
}

impl Link {
    fn column(self) -> &'static str {
        match self {
            Self::Profile => "ProfileId",
            Self::Role => "UserRoleId",
        }
    }

    fn of(self, links: &UserLinks) -> Option<SalesforceId> {
        match self {
            Self::Profile => links.profile,
            Self::Role => links.role,
        }
    }
}

/// Where a listing of such grants goes on: behind a user, in the order of the memory or of the
/// server.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Position {
    Memory(SalesforceId),
    Server(SalesforceId),
}

impl Cursor for Position {}

/// Lists the grants of one such field.
pub(super) struct Links {
    context: Arc<Context>,
    listing: Listing<LinkRow>,
    link: Link,
    on: &'static ResourceType,
}

impl Links {
    pub(super) fn new(context: Arc<Context>, link: Link, on: &'static ResourceType) -> Self {
        Self {
            listing: Listing::new(Arc::clone(&context.org)),
            context,
            link,
            on,
        }
    }

    pub(super) fn forget(&self, sync: Option<&Id>) {
        self.listing.forget(sync);
    }

    /// One page. In a full sync only links to `targets` count, so that no grant points to a row
    /// that the sync does not have.
    pub(super) async fn page<E: Send + Sync>(
        &self,
        scope: &GrantScope,
        page: &PageRequest,
        memory: &Memory,
        targets: impl Future<Output = Result<Arc<Sealed<E>>>>,
    ) -> Result<Page<Grant>> {
        let position = page.token.as_ref().map(Position::from_token).transpose()?;
        match (scope, position) {
            (GrantScope::Type, Some(Position::Server(_)) | None) if page.call.sync.is_none() => {
                self.page_of_server(None, page, position).await
            }
            (GrantScope::Type, position) => {
                let users = self.context.users(memory).await.map_err(failed)?;
                let targets = targets.await?;
                self.page_of_memory(&users, page, position, |target| targets.contains(target))
            }
            (GrantScope::Resource(on), position) => {
                let on = text::record_id(&on.id)?;
                match (memory.users.peek(), &position) {
                    (Some(users), None | Some(Position::Memory(_))) => {
                        self.page_of_memory(&users, page, position, |target| *target == on)
                    }
                    (None, Some(Position::Memory(_))) => {
                        let users = self.context.users(memory).await.map_err(failed)?;
                        self.page_of_memory(&users, page, position, |target| *target == on)
                    }
                    _ => self.page_of_server(Some(on), page, position).await,
                }
            }
        }
    }

    fn page_of_memory(
        &self,
        users: &Sealed<UserLinks>,
        page: &PageRequest,
        position: Option<Position>,
        is_wanted: impl Fn(&SalesforceId) -> bool,
    ) -> Result<Page<Grant>> {
        let after = match position {
            Some(Position::Server(_)) => return Err(foreign()),
            Some(Position::Memory(after)) => Some(after),
            None => None,
        };
        let most = page.rows(usize::MAX);
        let (mut items, mut size) = (Vec::new(), 0);
        let mut rows = users.after(after.as_ref()).iter().peekable();
        while let Some((user, links)) = rows.next() {
            let target = self.link.of(links).filter(|target| is_wanted(target));
            let Some(target) = target else { continue };
            let grant = self.grant(target, *user)?;
            size += grant.encoded_size();
            items.push(grant);
            if (size >= REPLY_BUDGET || items.len() >= most) && rows.peek().is_some() {
                let next = Some(Position::Memory(*user).to_token()?);
                return Ok(Page {
                    items,
                    next,
                    siblings: Vec::new(),
                    quota: None,
                });
            }
        }
        Ok(Page::last(items))
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
        let column = self.link.column();
        let wanted = match target {
            Some(target) => field(column).eq(target),
            None => field(column).not_null(),
        };
        let table = link_table()
            .only(self.context.synced_users(Via::User))
            .only(wanted);
        let part = target.map(|target| target.to_string()).unwrap_or_default();
        let reading = Reading::new(&table, page, after).part(part);
        let read = self.listing.read(reading, |row| {
            self.link
                .of(&row.links())
                .map(|target| self.grant(target, row.id))
                .transpose()
        });
        let read = read.await.map_err(|trouble| match trouble {
            Trouble::Own(error) => error,
            Trouble::Salesforce(error) => failed(error),
        })?;
        let next = read
            .next
            .map(|after| Position::Server(after).to_token())
            .transpose()?;
        Ok(Page {
            items: read.items,
            next,
            siblings: Vec::new(),
            quota: read.quota,
        })
    }

    fn grant(&self, target: SalesforceId, user: SalesforceId) -> Result<Grant> {
        let on = ResourceId::new(self.on.id, target.to_string())?;
        let principal = ResourceId::new(USER.id, user.to_string())?;
        Ok(Grant::new(EntitlementId::new(on, "assigned"), principal))
    }
}

/// The columns that say what a user is linked to.
pub(super) fn link_table() -> Table {
    Table::new(
        "User",
        &["Id", "ProfileId", "UserRoleId", "IsActive", "UserType"],
    )
}

fn foreign() -> Error {
    Error::invalid("page_token belongs to another listing; start this one again without it")
}

fn failed(error: crate::salesforce::Error) -> Error {
    wrap_listing("reading the profiles and roles of users", error)
}
