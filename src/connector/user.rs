//! Users: the people and machines of the org. Nothing is granted *on* a user.

use std::sync::Arc;

use async_trait::async_trait;

use super::catalog::USER;
use super::context::{Context, Via};
use super::error::{wrap, wrap_listing};
use super::listing::{Listing, Position, Read, Reading, Trouble};
use super::memory::{Locks, UserLinks};
use super::table::{Row, Table};
use crate::baton::syncer::no_entitlements;
use crate::baton::{
    Call, Deleter, Entitlement, Grant, GrantScope, Id, Page, PageRequest, Resource, ResourceId,
    ResourceRef, ResourceSyncer, ResourceType, Result,
};
use crate::salesforce::soql::{Condition, field};
use crate::salesforce::{self, SalesforceId};

mod record;
mod resource;

pub(super) use record::{LicensePart, ListedUser, NamePart, UserRow, WideUserRow};
pub(super) use resource::to_resource;

/// Lists users.
pub(super) struct Users {
    pub(super) context: Arc<Context>,
    listing: Listing<UserRow>,
    /// Used instead when further fields are to be read.
    wide: Listing<WideUserRow>,
}

/// The columns of a user that we always read, and those that an org may hide.
pub(super) fn table(context: &Context) -> Table {
    let mut table = Table::new(
        "User",
        &[
            "Id",
            "Username",
            "Name",
            "IsActive",
            "UserType",
            "ProfileId",
            "UserRoleId",
        ],
    )
    .optional(&[
        "Email",
        "FirstName",
        "LastName",
        "Profile.Name",
        "Profile.UserLicense.Name",
        "Profile.UserLicense.LicenseDefinitionKey",
        "UserRole.Name",
        "ManagerId",
        "Department",
        "Title",
        "EmployeeNumber",
        "FederationIdentifier",
        "CreatedDate",
        "LastLoginDate",
    ]);
    table
        .optional
        .extend(context.options.user_fields.iter().cloned());
    table
}

impl Users {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self {
            listing: Listing::new(Arc::clone(&context.org)),
            wide: Listing::new(Arc::clone(&context.org)),
            context,
        }
    }

    pub(super) fn forget(&self, sync: Option<&Id>) {
        self.listing.forget(sync);
        self.wide.forget(sync);
    }

    async fn read<R: Row + ListedUser>(
        &self,
        listing: &Listing<R>,
        after: Option<SalesforceId>,
        page: &PageRequest,
        locks: &Locks,
        links: &mut Vec<(SalesforceId, UserLinks)>,
    ) -> Result<Read<Resource>, Trouble> {
        let table = table(&self.context).only(self.context.synced_users(Via::User));
        let reading = Reading::new(&table, page, after);
        listing
            .read(reading, |row| {
                let (user, custom) = row.into_parts()?;
                links.push((user.id, user.links()));
                to_resource(&user, custom, locks, &self.context.options).map(Some)
            })
            .await
    }

    /// One user as a sync would show it.
    pub(super) async fn fetch(&self, id: SalesforceId) -> Result<Page<Resource>, Trouble> {
        fetch(&self.context, id).await
    }
}

/// One user as a sync would show it, read afresh.
pub(super) async fn fetch(context: &Context, id: SalesforceId) -> Result<Page<Resource>, Trouble> {
    fetch_where(context, field("Id").eq(id), Guarded::Perhaps).await
}

/// A user that was created a moment ago: nobody can have frozen it yet, so that is not asked.
pub(super) async fn created(
    context: &Context,
    id: SalesforceId,
) -> Result<Page<Resource>, Trouble> {
    fetch_where(context, field("Id").eq(id), Guarded::No).await
}

/// The user of that name, active or not, read afresh. Salesforce does not tell the case apart, and
/// has one user of a name at most.
pub(super) async fn by_username(
    context: &Context,
    username: &str,
) -> Result<Page<Resource>, Trouble> {
    fetch_where(context, field("Username").eq(username), Guarded::Perhaps).await
}

/// Whether a user may be frozen or locked.
enum Guarded {
    Perhaps,
    No,
}

async fn fetch_where(
    context: &Context,
    which: Condition,
    guarded: Guarded,
) -> Result<Page<Resource>, Trouble> {
    let table = table(context).only(which);
    let mut batch = context
        .org
        .read::<WideUserRow>(&table, None)
        .await
        .map_err(Trouble::Salesforce)?;
    let mut page = Page::last(Vec::new()).with_quota(batch.quota);
    if let Some(row) = batch.rows.next() {
        let (user, custom) = row.into_parts()?;
        let locks = match guarded {
            Guarded::Perhaps => context
                .locks_of(user.id)
                .await
                .map_err(Trouble::Salesforce)?,
            Guarded::No => Arc::default(),
        };
        page.items
            .push(to_resource(&user, custom, &locks, &context.options)?);
    }
    Ok(page)
}

#[async_trait]
impl ResourceSyncer for Users {
    fn resource_type(&self) -> &ResourceType {
        &USER
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        let after = Position::read(USER.id, page)?;
        let memory = self.context.memory(&page.call);
        let locks = self.context.locks(&memory).await.map_err(failed)?;
        let mut links = Vec::new();
        let read = if self.context.options.user_fields.is_empty() {
            self.read(&self.listing, after, page, &locks, &mut links)
                .await
        } else {
            self.read(&self.wide, after, page, &locks, &mut links).await
        };
        // Without users nothing else means anything: no outage is tolerated here.
        let read = read.map_err(|trouble| match trouble {
            Trouble::Own(error) => error,
            Trouble::Salesforce(error) => failed(error),
        })?;
        memory
            .users
            .extend(after.as_ref(), links, read.next.as_ref());
        read.into_page(USER.id)
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        let Ok(id) = super::text::record_id(id) else {
            return Ok(Page::last(Vec::new()));
        };
        self.fetch(id).await.map_err(|trouble| match trouble {
            Trouble::Own(error) => error,
            Trouble::Salesforce(error) => wrap("reading one user", error),
        })
    }

    async fn entitlements(&self, _: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        no_entitlements()
    }

    async fn grants(&self, _: &GrantScope, _: &PageRequest) -> Result<Page<Grant>> {
        Ok(Page::last(Vec::new()))
    }

    fn deleter(&self) -> Option<&dyn Deleter> {
        Some(self)
    }
}

fn failed(error: salesforce::Error) -> crate::baton::Error {
    wrap_listing("listing users", error)
}
