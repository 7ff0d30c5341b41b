//! What profiles, roles, groups, permission sets and their groups have in common: each is a table
//! that is listed once, remembered by id for the grants, and looked up one by one on request.

use std::sync::Arc;

use super::context::Context;
use super::error::{wrap, wrap_listing};
use super::known::{Known, Sealed};
use super::listing::{Listing, Position, Reading, Trouble};
use super::memory::Memory;
use super::outage::is_outage;
use super::table::{Row, Table};
use super::text;
use crate::baton::{Error, Id, Page, PageRequest, Resource, ResourceId, ResourceType, Result};
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::field;

/// A row that becomes a resource.
pub(super) trait Entry: Row {
    /// What later phases need of it.
    type Links: Send + Sync + Copy + 'static;
    /// The resource type.
    fn resource_type() -> &'static ResourceType;
    /// The Salesforce object.
    const OBJECT: &'static str;
    /// What to do where the object may not be read.
    const NEEDS: &'static str;
    /// The columns and rows to list.
    fn table() -> Table;
    /// What to remember; nothing if the row is not listed at all.
    fn links(&self) -> Option<Self::Links>;
    /// How hosts see it.
    fn into_resource(self) -> Result<Resource>;
    /// Where a sync remembers it.
    fn known(memory: &Memory) -> &Known<Self::Links>;
}

/// Lists and looks up the rows of one [`Entry`].
pub(super) struct Directory<R> {
    context: Arc<Context>,
    listing: Listing<R>,
}

impl<R: Entry> Directory<R> {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self {
            listing: Listing::new(Arc::clone(&context.org)),
            context,
        }
    }

    pub(super) fn forget(&self, sync: Option<&Id>) {
        self.listing.forget(sync);
    }

    /// One page of resources. An object that the org does not show is an empty listing.
    pub(super) async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        let kind = R::resource_type().id;
        let after = Position::read(kind, page)?;
        let memory = self.context.memory(&page.call);
        let mut known = Vec::new();
        let table = R::table();
        let reading = Reading::new(&table, page, after);
        let read = self.listing.read(reading, |row: R| {
            let Some(links) = row.links() else {
                return Ok(None);
            };
            known.push((row.id(), links));
            row.into_resource().map(Some)
        });
        match read.await {
            Ok(read) => {
                R::known(&memory).extend(after.as_ref(), known, read.next.as_ref());
                read.into_page(kind)
            }
            Err(Trouble::Salesforce(error))
                if after.is_none() && is_outage(&memory, R::OBJECT, R::NEEDS, &error) =>
            {
                R::known(&memory).extend(None, Vec::new(), None);
                Ok(Page::last(Vec::new()))
            }
            Err(trouble) => Err(trouble.in_listing(doing::<R>())),
        }
    }

    /// One resource, or an empty page.
    pub(super) async fn get(&self, id: &ResourceId) -> Result<Page<Resource>> {
        let Ok(id) = text::record_id(id) else {
            return Ok(Page::last(Vec::new()));
        };
        let batch = self.row(id).await?;
        let row = batch.0.filter(|row| row.links().is_some());
        let resource = row.map(Entry::into_resource).transpose()?;
        Ok(Page::last(resource.into_iter().collect()).with_quota(batch.1))
    }

    /// One row, listed or not, read afresh.
    pub(super) async fn row(
        &self,
        id: SalesforceId,
    ) -> Result<(Option<R>, Option<crate::baton::Quota>)> {
        let mut table = R::table();
        table.rows = None;
        let table = table.only(field("Id").eq(id));
        let batch = self.context.org.read::<R>(&table, None).await;
        let mut batch = batch.map_err(|error| wrap(format!("reading one {}", R::OBJECT), error))?;
        Ok((batch.rows.next(), batch.quota))
    }

    /// All rows of the sync by id, from its memory if they were listed.
    pub(super) async fn known(&self, memory: &Memory) -> Result<Arc<Sealed<R::Links>>, Error> {
        let read = async {
            let mut rows = Vec::new();
            let table = R::table();
            let read = self.context.org.read_all(&table, |row: R| {
                rows.extend(row.links().map(|links| (row.id(), links)));
            });
            match read.await {
                Err(error) if is_outage(memory, R::OBJECT, R::NEEDS, &error) => Ok(Vec::new()),
                result => result.map(|()| rows),
            }
        };
        R::known(memory)
            .all(read)
            .await
            .map_err(|error| wrap_listing(doing::<R>(), error))
    }
}

fn doing<R: Entry>() -> String {
    format!("listing {}", R::OBJECT)
}
