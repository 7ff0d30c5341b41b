//! Where reading a table begins in a sync: with what the last sync has kept, or with its first page.

use std::sync::Arc;

use super::context::ReadContext;
use super::org::{Opened, no_progress};
use super::row_cache::{CachedSync, Known, KnownRows, Statements, TableKeeper};
use super::sync_memory::SyncMemory;
use super::table::{Row, Table};
use super::way::keep;
use crate::salesforce::Error;

/// A table of which the first rows are there.
pub(super) enum Beginning<R> {
    /// All rows are known.
    Known(KnownRows, TableKeeper),
    /// The first page was read.
    Read(Opened<R>, Option<TableKeeper>),
}

/// Begins to read `table` in the sync with this memory.
pub(super) async fn begin<R: Row>(
    context: &ReadContext,
    memory: &SyncMemory,
    table: &Table,
) -> Result<Beginning<R>, Error> {
    let org = &context.org;
    let Some(cached) = cached(context, memory).await else {
        let opened = org.open(table, None).await?;
        return Ok(Beginning::Read(opened, None));
    };
    let statements = Statements::of(&org.present(table)).ok();
    if let Some(known) = known(context, &cached, table, statements.as_ref()).await? {
        return Ok(known);
    }
    let before = org.client.server_time();
    let opened = match org.open(table, None).await {
        Err(error) if error.is_object_unavailable() => {
            // The next sync asks for it with other tables.
            if let Some((statements, time)) = statements.zip(before) {
                cached.keep(statements, time).finish();
            }
            return Err(error);
        }
        opened => opened?,
    };
    // The first query may have shown that the org lacks a column, as it did in the last sync.
    let present = Statements::of(&org.present(table)).ok();
    if present != statements
        && let Some(known) = known(context, &cached, table, present.as_ref()).await?
    {
        return Ok(known);
    }
    let keeper = present.zip(before);
    let keeper = keeper.map(|(statements, time)| cached.keep(statements, time));
    Ok(Beginning::Read(opened, keeper))
}

/// All rows of a small table in the sync with this memory; `each` takes them.
pub(in crate::connector) async fn read_all<R: Row>(
    context: &ReadContext,
    memory: &SyncMemory,
    table: &Table,
    mut each: impl FnMut(R),
) -> Result<(), Error> {
    let org = &context.org;
    if context.rows.is_none() || !memory.is_of_sync() {
        return org.read_all(table, each).await;
    }
    let (mut batch, keeper) = match Box::pin(begin(context, memory, table)).await? {
        Beginning::Read(opened, keeper) => (opened.batch, keeper),
        Beginning::Known(..) => return org.read_all(table, each).await,
    };
    let (is_last, after) = (batch.is_last(), batch.last_id());
    if is_last {
        keep(&mut batch, keeper).await;
    }
    batch.rows.by_ref().for_each(&mut each);
    match after {
        _ if is_last => Ok(()),
        Some(_) => org.read_behind(table, after, each).await,
        None => Err(no_progress(table.object)),
    }
}

async fn cached(context: &ReadContext, memory: &SyncMemory) -> Option<Arc<CachedSync>> {
    let rows = context.rows.as_ref()?;
    Box::pin(rows.of(&context.org, memory)).await
}

async fn known<R: Row>(
    context: &ReadContext,
    cached: &CachedSync,
    table: &Table,
    statements: Option<&Statements>,
) -> Result<Option<Beginning<R>>, Error> {
    let Some(statements) = statements else {
        return Ok(None);
    };
    let Some((known, read_at)) = cached.known(statements).await else {
        return Ok(None);
    };
    let keeper = cached.keep(statements.clone(), read_at);
    Ok(Some(match known {
        Known::Refused(error) => {
            keeper.finish();
            return Err(error);
        }
        Known::Page(page) => {
            let opened = context.org.open_known(table, page)?;
            Beginning::Read(opened, Some(keeper))
        }
        Known::Rows(rows) => {
            let keeper = keeper.compared(rows.complete_at);
            Beginning::Known(rows, keeper)
        }
    }))
}
