//! The pages of one large query, several in one API call.
//!
//! Salesforce keeps the result of a query for two days and hands out a locator that ends with the
//! number of rows before the next page. With another number it is the locator of another page. Nothing
//! relies on that: each stretch begins with the last row of the one before it, and if the two do not
//! meet, the rest is read by its ids, one batch after the other.

use std::collections::VecDeque;
use std::iter;
use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;
use tracing::debug;

use super::org::{Batch, Org, Rest};
use super::table::{FEW_PAGES, PAGE, Row};
use super::together::TOGETHER;
use super::way::Way;
use crate::salesforce::composite::{Asked, Question};
use crate::salesforce::{Error, Locator, PageText, Response, SalesforceId};
use crate::trace;

/// How pages are asked for.
struct Pace {
    /// Calls of which the pages are on their way or held as text.
    calls: usize,
    /// The pages of one call have at most about so many bytes: with long rows, a page has 3 MB.
    bytes_a_call: usize,
}

impl Pace {
    fn of(rest: &Rest) -> Self {
        if rest.total > FEW_PAGES * PAGE {
            Self {
                calls: 2,
                bytes_a_call: 8 << 20,
            }
        } else {
            // That does not take long.
            Self {
                calls: 4,
                bytes_a_call: 12 << 20,
            }
        }
    }
}

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
    way: &mut Way<R>,
) -> End {
    let pace = Pace::of(&rest);
    let pages_a_call = (pace.bytes_a_call / rest.bytes.max(1)).clamp(1, TOGETHER);
    let mut begins = begins(&rest);
    // In a task of its own, so that it goes on while nobody takes a batch.
    let mut start = || {
        let some: Vec<usize> = begins.by_ref().take(pages_a_call).collect();
        let locators = some.iter().map(|row| rest.locator.at(*row)).collect();
        let pages = read(Arc::clone(org), object, locators);
        let pages = || AbortOnDropHandle::new(tokio::spawn(trace::carried(pages)));
        (!some.is_empty()).then(pages)
    };
    let mut coming: VecDeque<_> = iter::repeat_with(&mut start)
        .take(pace.calls)
        .flatten()
        .collect();
    let mut led = false;
    while let Some(pages) = coming.pop_front() {
        let Ok(pages) = pages.await else {
            return End::Lost { last, led };
        };
        let mut pages = pages.into_iter();
        while let Some(page) = pages.next() {
            let Some(mut batch) = stretch(org, object, page).await else {
                return End::Lost { last, led };
            };
            if pages.len() == 0 {
                coming.extend(start());
            }
            let meets = batch.rows.next().is_some_and(|row: R| row.id() == last);
            let Some(end) = batch.last_id().filter(|_| meets) else {
                debug!(
                    sf.object = object,
                    "the pages of a query do not meet; reading on by id"
                );
                return End::Lost { last, led };
            };
            // The query has as many rows as it had at the beginning.
            let is_last = coming.is_empty() && pages.len() == 0;
            if is_last != batch.is_last() {
                return End::Lost { last, led };
            }
            (last, led) = (end, true);
            if !way.send(batch).await || is_last {
                return End::Reached;
            }
        }
    }
    End::Lost { last, led }
}

/// The first row of each stretch.
fn begins(rest: &Rest) -> impl Iterator<Item = usize> + use<> {
    (rest.read - 1..rest.total - 1).step_by(PAGE - 1)
}

/// The pages at `locators`; none if one of these is unknown.
async fn read(
    org: Arc<Org>,
    object: &'static str,
    locators: Option<Vec<Locator>>,
) -> Vec<Result<Response<PageText>, Error>> {
    let locators = locators.unwrap_or_default();
    let ask = |locator| Question {
        object,
        page: Asked::Next(locator),
    };
    let questions: Vec<_> = locators.iter().map(ask).collect();
    org.answers(&questions).await
}

/// The stretch of a query that begins with `page`; `None` if it cannot be read.
async fn stretch<R: Row>(
    org: &Org,
    object: &'static str,
    page: Result<Response<PageText>, Error>,
) -> Option<Batch<R>> {
    let batch = match page {
        Ok(page) => org.stretch(object, page, PAGE).await,
        Err(error) => Err(error),
    };
    match batch {
        Ok(batch) => Some(batch),
        Err(error) => {
            debug!(sf.object = object, %error, "cannot continue a query; reading on by id");
            None
        }
    }
}
