//! Tables whose rows say who holds what: assignments of permission sets, of licences.
//!
//! In a full sync, only users and resources that the sync has count, so no grant names a missing
//! resource, even if the org has changed meanwhile. A request for one resource outside a full sync
//! reads only the rows of that resource.

use std::sync::Arc;

use super::synced_users::SyncedUsers;
use crate::baton::{EncodedSize, Page, PageRequest, PageToken, Result};
use crate::connector::error::{ReadError, wrap_listing};
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::Listing;
use crate::connector::read::partitioned_scan::{self, Plan, Span};
use crate::connector::read::snapshot::Snapshot;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{Row, Table};
use crate::connector::read::unavailable::is_unavailable;
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::field;

/// Who holds what, by one row.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) user: SalesforceId,
    pub(super) on: SalesforceId,
}

/// The rows that a page lists.
pub(super) struct Question<'a, R, F> {
    pub(super) context: &'a ReadContext,
    pub(super) listing: &'a Listing<R>,
    /// The rows that count, of the users of the sync.
    pub(super) table: Table,
    /// The column that names what is held.
    pub(super) column: &'static str,
    /// What to do if the table may not be read.
    pub(super) remedy: &'static str,
    /// What is being done, for errors.
    pub(super) doing: &'a str,
    /// What is held; absent for all.
    pub(super) on: Option<SalesforceId>,
    pub(super) span: Span,
    pub(super) page: &'a PageRequest,
    pub(super) memory: &'a SyncMemory,
    /// What can be held, as far as the sync has it.
    pub(super) targets: F,
    /// Writes a span into the page token of the listing.
    pub(super) position: &'a (dyn Fn(Span) -> Result<PageToken> + Send + Sync),
}

/// One page of what `grant` makes of the rows. `held` reads a row, and leaves out one that gives no
/// access.
pub(super) async fn page<R: Row, E, F, G: EncodedSize>(
    question: Question<'_, R, F>,
    held: impl Fn(&R) -> Option<Held>,
    grant: impl Fn(&R, Held) -> Result<G>,
) -> Result<Page<G>>
where
    F: Future<Output = Result<Arc<Snapshot<E>>>>,
{
    let Question {
        context,
        on,
        page,
        memory,
        doing,
        ..
    } = question;
    let is_full = page.call.sync.is_some() && on.is_none();
    let synced = SyncedUsers::of(memory);
    let (users, targets) = if is_full {
        let users = synced.all(context).await;
        let users = users.map_err(|error| wrap_listing(doing, error))?;
        (Some(users), Some(question.targets.await?))
    } else {
        (synced.peek(), None)
    };
    let is_synced = |held: &Held| {
        users
            .as_ref()
            .is_none_or(|users| users.contains(&held.user))
            && targets
                .as_ref()
                .is_none_or(|targets| targets.contains(&held.on))
    };
    let table = question
        .table
        .only(on.map(|on| field(question.column).eq(on)));
    let object = table.object;
    let plan = Plan {
        org: &context.org,
        table: &table,
        column: question.column,
        may_split: is_full,
    };
    let scanned = partitioned_scan::read(question.listing, plan, question.span, page, |row: R| {
        let held = held(&row).filter(is_synced);
        held.map(|held| grant(&row, held)).transpose()
    });
    match scanned.await {
        Ok(scanned) => scanned.into_page(question.position),
        Err(ReadError::Salesforce(error))
            if question.span == Span::default()
                && is_unavailable(memory, object, question.remedy, &error) =>
        {
            Ok(Page::last(Vec::new()))
        }
        Err(error) => Err(error.in_listing(doing)),
    }
}
