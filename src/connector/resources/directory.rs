//! A table whose rows are resources: listed once, remembered by id for the grants, and looked up
//! one by one on request. Profiles, roles, groups, permission sets and their groups are such
//! tables.

use std::sync::Arc;

use crate::baton::{Page, PageRequest, Quota, Resource, ResourceId, ResourceType, Result};
use crate::connector::error::{ReadError, wrap, wrap_listing};
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::{Listing, Position, Reading};
use crate::connector::read::snapshot::{Collector, Snapshot};
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{Row, Table};
use crate::connector::read::unavailable::{is_unavailable, lacks_parent};
use crate::connector::text;
use crate::salesforce::soql::field;
use crate::salesforce::{Error, SalesforceId};

/// A row that becomes a resource.
pub(super) trait DirectoryRow: Row {
    /// What later phases of a sync need of it.
    type Summary: Send + Sync + 'static;
    /// The resource type.
    const TYPE: &'static ResourceType;
    /// The Salesforce object.
    const OBJECT: &'static str;
    /// What to do if the object may not be read.
    const REMEDY: &'static str;
    /// The parent that decides which rows count, if one does.
    const PARENT: Option<&'static str> = None;
    /// The columns and rows to list.
    fn table() -> Table;
    /// What to remember. `None` if the row is not listed at all.
    fn summary(&self) -> Option<Self::Summary>;
    /// The resource that hosts see.
    fn into_resource(self) -> Result<Resource>;
}

/// The rows of a running sync.
struct Listed<R: DirectoryRow>(Collector<R::Summary>);

impl<R: DirectoryRow> Default for Listed<R> {
    fn default() -> Self {
        Self(Collector::default())
    }
}

/// Lists and looks up the rows of one [`DirectoryRow`].
pub(super) struct Directory<R> {
    context: Arc<ReadContext>,
    listing: Listing<R>,
}

impl<R: DirectoryRow> Directory<R> {
    pub(super) fn new(context: &Arc<ReadContext>) -> Self {
        Self {
            context: Arc::clone(context),
            listing: Listing::new(context, R::OBJECT),
        }
    }

    /// One page of resources. If the org does not show the object, the listing is empty.
    pub(super) async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        let position = Position::read(R::TYPE.id, page)?;
        let after = position.as_ref().map(|position| &position.after);
        let memory = self.context.memory(&page.call);
        let listed = memory.slot::<Listed<R>>();
        let mut summaries = Vec::new();
        let table = R::table();
        let reading = Reading::at(&table, page, position.as_ref());
        let read = self.listing.read(reading, |row: R| {
            let Some(summary) = row.summary() else {
                return Ok(None);
            };
            summaries.push((row.id(), summary));
            row.into_resource().map(Some)
        });
        match read.await {
            Ok(read) => {
                let next = read.next.as_ref();
                listed.0.extend(after, summaries, next);
                read.into_page(R::TYPE.id)
            }
            Err(ReadError::Salesforce(error))
                if after.is_none() && is_left_out::<R>(&memory, &error) =>
            {
                listed.0.extend(None, Vec::new(), None);
                Ok(Page::last(Vec::new()))
            }
            Err(error) => Err(error.in_listing(doing::<R>())),
        }
    }

    /// One resource, or an empty page.
    pub(super) async fn get(&self, id: &ResourceId) -> Result<Page<Resource>> {
        let Ok(id) = text::record_id(id) else {
            return Ok(Page::last(Vec::new()));
        };
        let (row, quota) = self.row(id).await?;
        let row = row.filter(|row| row.summary().is_some());
        let resource = row.map(DirectoryRow::into_resource).transpose()?;
        Ok(Page::last(resource.into_iter().collect()).with_quota(quota))
    }

    /// One row, whether it is listed or not. Always a fresh read.
    pub(super) async fn row(&self, id: SalesforceId) -> Result<(Option<R>, Option<Quota>)> {
        let mut table = R::table();
        table.rows = None;
        let table = table.only(field("Id").eq(id));
        let batch = self.context.org.read::<R>(&table, None).await;
        let mut batch = batch.map_err(|error| wrap(format!("reading one {}", R::OBJECT), error))?;
        Ok((batch.rows.next(), batch.quota))
    }

    /// All rows of the sync by id, read again if they were not listed in this process.
    pub(super) async fn all(&self, memory: &SyncMemory) -> Result<Arc<Snapshot<R::Summary>>> {
        let read = async {
            let mut rows = Vec::new();
            let table = R::table();
            let read = self.context.org.read_all(&table, |row: R| {
                rows.extend(row.summary().map(|summary| (row.id(), summary)));
            });
            match read.await {
                Err(error) if is_left_out::<R>(memory, &error) => Ok(Vec::new()),
                result => result.map(|()| rows),
            }
        };
        let listed = memory.slot::<Listed<R>>();
        let all = listed.0.all(read).await;
        all.map_err(|error| wrap_listing(doing::<R>(), error))
    }
}

/// Whether the org does not show the object, or not enough of it.
fn is_left_out<R: DirectoryRow>(memory: &SyncMemory, error: &Error) -> bool {
    is_unavailable(memory, R::OBJECT, R::REMEDY, error)
        || R::PARENT.is_some_and(|parent| lacks_parent(memory, R::OBJECT, parent, R::REMEDY, error))
}

fn doing<R: DirectoryRow>() -> String {
    format!("listing {}", R::OBJECT)
}
