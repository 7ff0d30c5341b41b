//! The rows of a job's result, page by page, while the next pages are on their way.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

use super::job_result::JobResult;
use super::pages::Pages;
use super::trouble::Trouble;
use crate::baton::Quota;
use crate::connector::error::quota;
use crate::connector::read::org::Batch;
use crate::connector::read::table::{PAGE, Row};
use crate::salesforce::bulk::{Columns, Link, ResultPage};
use crate::salesforce::{Response, SalesforceId, UnreadableRecord};
use crate::trace;

/// Pages that are on their way at a time.
const WIDTH: usize = 3;
/// How often a page that breaks is requested again.
const REPEATS: u32 = 4;

/// Some rows of a page, and those that cannot be read.
struct Rows<R> {
    /// What the first rows of a page tell of the org's calls.
    quota: Option<Quota>,
    read: Vec<R>,
    unreadable: Vec<UnreadableRecord>,
    end: Option<SalesforceId>,
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Self {
            quota: None,
            read: Vec::new(),
            unreadable: Vec::new(),
            end: None,
        }
    }
}

impl<R: Row> Rows<R> {
    fn len(&self) -> usize {
        self.read.len() + self.unreadable.len()
    }

    fn push(&mut self, row: Result<R, UnreadableRecord>) {
        match row {
            Ok(row) => {
                self.end = Some(row.id());
                self.read.push(row);
            }
            Err(row) => {
                let id = row.id.as_deref();
                let id = id.and_then(|id| SalesforceId::read(id).ok());
                self.end = id.or(self.end);
                self.unreadable.push(row);
            }
        }
    }
}

/// A page on its way.
struct Coming<R> {
    /// Where the next page is, as soon as this one has begun.
    locator: oneshot::Receiver<Option<String>>,
    rows: mpsc::Receiver<Rows<R>>,
    reading: AbortOnDropHandle<Result<(), Trouble>>,
}

/// A page that is read again if it breaks.
struct Reading<R> {
    result: Arc<JobResult>,
    columns: Arc<Columns>,
    link: Link,
    locator: Option<oneshot::Sender<Option<String>>>,
    rows: mpsc::Sender<Rows<R>>,
    /// The rows that were sent.
    sent: u64,
}

/// Sends all rows of a result.
pub(super) async fn send<R: Row>(
    result: &Arc<JobResult>,
    from: SalesforceId,
    batches: &mpsc::Sender<Batch<R>>,
) -> Result<(), Trouble> {
    let mut pages = Pages::of(result).await?;
    let first = pages.next(result, None).await?.unwrap_or(Link::FIRST);
    // The header of the first page tells what the columns of all pages are.
    let mut opened = result.open(&first).await?;
    let columns = opened.value.header(&result.columns, &result.kinds).await?;
    let columns = Arc::new(columns.ok_or(Trouble::NoHeader)?);
    let start = |link, opened| Reading::start(result, &columns, link, opened);
    let mut coming = VecDeque::from([start(first, Some(opened))]);
    let mut out = Out {
        result,
        from,
        batches,
        held: Rows::default(),
        read: 0,
    };
    let mut has_more = true;
    loop {
        while has_more && coming.len() < WIDTH {
            let locator = match coming.back_mut() {
                Some(last) if !pages.is_next_listed() => last.locator().await,
                _ => None,
            };
            match pages.next(result, locator.as_deref()).await? {
                Some(link) => coming.push_back(start(link, None)),
                None => has_more = false,
            }
        }
        let Some(mut page) = coming.pop_front() else {
            return out.finish().await;
        };
        while let Some(rows) = page.rows.recv().await {
            out.push(rows).await?;
        }
        page.reading.await.map_err(|_| Trouble::Stopped)??;
    }
}

impl<R> Coming<R> {
    async fn locator(&mut self) -> Option<String> {
        (&mut self.locator).await.ok().flatten()
    }
}

impl<R: Row> Reading<R> {
    /// Reads in a task of its own, so that it goes on while nobody takes a row.
    fn start(
        result: &Arc<JobResult>,
        columns: &Arc<Columns>,
        link: Link,
        opened: Option<Response<ResultPage>>,
    ) -> Coming<R> {
        let (locator, place) = oneshot::channel();
        let (sender, rows) = mpsc::channel(1);
        let reading = Self {
            result: Arc::clone(result),
            columns: Arc::clone(columns),
            link,
            locator: Some(locator),
            rows: sender,
            sent: 0,
        };
        let reading = tokio::spawn(trace::carried(reading.run(opened)));
        Coming {
            locator: place,
            rows,
            reading: AbortOnDropHandle::new(reading),
        }
    }

    async fn run(mut self, mut opened: Option<Response<ResultPage>>) -> Result<(), Trouble> {
        let mut repeats = 0;
        loop {
            match self.attempt(opened.take()).await {
                // The transport has repeated the request itself as often as it may.
                Err(Trouble::Salesforce(error))
                    if error.is_transient(true) && !error.is_exhausted() && repeats < REPEATS =>
                {
                    repeats += 1;
                }
                result => return result,
            }
        }
    }

    /// Reads the page, and sends what was not sent before: the result of a job does not change.
    async fn attempt(&mut self, opened: Option<Response<ResultPage>>) -> Result<(), Trouble> {
        let opened = match opened {
            Some(opened) => opened,
            None => self.result.open(&self.link).await?,
        };
        let mut page = opened.value;
        if let Some(locator) = self.locator.take() {
            let _ = locator.send(page.locator.clone());
        }
        let mut rows = Rows {
            quota: opened.quota.as_ref().map(quota),
            ..Rows::default()
        };
        let mut seen = 0;
        while let Some(row) = page.row(&self.columns, rows.len()).await? {
            seen += 1;
            if seen <= self.sent {
                continue;
            }
            rows.push(row);
            if rows.len() == PAGE {
                self.give(std::mem::take(&mut rows)).await?;
            }
        }
        if rows.len() > 0 {
            self.give(rows).await?;
        }
        Ok(())
    }

    async fn give(&mut self, rows: Rows<R>) -> Result<(), Trouble> {
        self.sent += rows.len() as u64;
        let sent = self.rows.send(rows).await;
        sent.map_err(|_| Trouble::Unwanted)
    }
}

/// Where the rows go. The last ones are held back until it is known that they are the last.
struct Out<'a, R> {
    result: &'a JobResult,
    from: SalesforceId,
    batches: &'a mpsc::Sender<Batch<R>>,
    held: Rows<R>,
    read: u64,
}

impl<R: Row> Out<'_, R> {
    async fn push(&mut self, rows: Rows<R>) -> Result<(), Trouble> {
        self.read += rows.len() as u64;
        let before = std::mem::replace(&mut self.held, rows);
        if before.len() == 0 {
            return Ok(());
        }
        self.send(before, false).await
    }

    async fn finish(mut self) -> Result<(), Trouble> {
        let expected = self.result.job.number_records_processed.unwrap_or_default();
        if self.read < expected {
            let read = self.read;
            return Err(Trouble::Incomplete { expected, read });
        }
        let last = std::mem::take(&mut self.held);
        self.send(last, true).await
    }

    async fn send(&mut self, rows: Rows<R>, is_last: bool) -> Result<(), Trouble> {
        let JobResult { org, object, .. } = self.result;
        org.report_unreadable(object, &rows.unreadable);
        let mut batch = Batch::unordered(rows.read, rows.end, is_last, self.from);
        batch.quota = rows.quota;
        let sent = self.batches.send(batch).await;
        sent.map_err(|_| Trouble::Unwanted)
    }
}
