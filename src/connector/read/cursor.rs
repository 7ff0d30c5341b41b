//! The pages of one large query, fetched side by side.
//!
//! Salesforce keeps the result of a query for two days and hands out a locator that ends with the
//! number of rows before the next page. With another number it is the locator of another page. Nothing
//! relies on that: each stretch begins with the last row of the one before it, and if the two do not
//! meet, the rest is read by its ids, one batch after the other.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use tracing::debug;

use super::org::{Batch, Org, Rest};
use super::table::{PAGE, Row};
use crate::salesforce::{Locator, SalesforceId};
use crate::trace;

/// Stretches that are fetched or held at a time. With long rows, each takes 10 MB while it is read.
const WIDTH: usize = 3;

/// Where a walk ended.
pub(super) enum End {
    /// At the last row, or nobody takes the rows any more.
    Reached,
    /// The cursor does not lead on.
    Lost {
        /// The last row that was read.
        last: SalesforceId,
        /// Whether it led to some rows before, so that another one may do so again.
        led: bool,
    },
}

/// Sends batch after batch. `last` is the last row that is read.
pub(super) async fn walk_on<R: Row>(
    rest: Rest,
    org: &Arc<Org>,
    object: &'static str,
    mut last: SalesforceId,
    batches: &mpsc::Sender<Batch<R>>,
) -> End {
    // In tasks of their own, so that they go on while nobody takes a batch.
    let start = |row| {
        let locator = rest.locator.at(row);
        let stretch = read(Arc::clone(org), object, locator);
        AbortOnDropHandle::new(tokio::spawn(trace::carried(stretch)))
    };
    let mut begins = begins(&rest);
    // The first one shows whether such locators lead anywhere.
    let mut stretches: VecDeque<_> = begins.next().map(start).into_iter().collect();
    let mut led = false;
    while let Some(stretch) = stretches.pop_front() {
        let Some(mut batch) = stretch.await.ok().flatten() else {
            return End::Lost { last, led };
        };
        let meets = batch.rows.next().is_some_and(|row: R| row.id() == last);
        let Some(end) = batch.last_id().filter(|_| meets) else {
            debug!(
                sf.object = object,
                "the pages of a query do not meet; reading on by id"
            );
            return End::Lost { last, led };
        };
        // The query has as many rows as it had at the beginning.
        let is_last = begins.len() == 0 && stretches.is_empty();
        if is_last != batch.is_last() {
            return End::Lost { last, led };
        }
        (last, led) = (end, true);
        let more = WIDTH - stretches.len();
        stretches.extend(begins.by_ref().take(more).map(start));
        if batches.send(batch).await.is_err() || is_last {
            return End::Reached;
        }
    }
    End::Lost { last, led }
}

/// The first row of each stretch.
fn begins(rest: &Rest) -> impl ExactSizeIterator<Item = usize> + use<> {
    (rest.read - 1..rest.total - 1).step_by(PAGE - 1)
}

/// A stretch of a query; `None` if it cannot be read.
async fn read<R: Row>(
    org: Arc<Org>,
    object: &'static str,
    locator: Option<Locator>,
) -> Option<Batch<R>> {
    match org.stretch(object, &locator?, PAGE).await {
        Ok(batch) => Some(batch),
        Err(error) => {
            debug!(sf.object = object, %error, "cannot continue a query; reading on by id");
            None
        }
    }
}
