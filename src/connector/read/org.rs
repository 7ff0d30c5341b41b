//! Reading tables from the org, a batch at a time.
//!
//! Each query asks for more rows than a batch holds, so a full batch shows whether it is the last
//! one without another call. Columns that the org turns out not to have are left out from then on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::warn;

use super::job_policy::JobPolicy;
use super::missing_columns::MissingColumns;
use super::table::{BEGINNING, PAGE, Row, Table};
use super::together::Together;
use super::user_fields::UserFields;
use crate::baton::Quota;
use crate::connector::error::quota;
use crate::connector::options::Options;
use crate::salesforce::composite::Question;
use crate::salesforce::error::{Flaw, Operation};
use crate::salesforce::soql::{Select, field};
use crate::salesforce::{
    Client, Error, Locator, PageText, QueryPage, Response, SalesforceId, UnreadableRecord,
};

/// How many unreadable rows of an object are reported.
const MAX_REPORTED: usize = 100;

/// Some rows of a table, and whether there are more.
pub(in crate::connector) struct Batch<R> {
    pub(in crate::connector) rows: std::vec::IntoIter<R>,
    /// Whether no rows follow.
    is_last: bool,
    /// The id of the last row, even if that row was left out.
    end: Option<SalesforceId>,
    /// Behind which row all rows are that come in no order, if these are such.
    from: Option<SalesforceId>,
    pub(in crate::connector) quota: Option<Quota>,
    /// API calls that it took.
    pub(in crate::connector) calls: u32,
    /// The rows as Salesforce sent them, if they are to be kept.
    texts: Vec<PageText>,
    /// How many of these rows it has, from the first one on.
    taken: usize,
}

impl<R: Row> Batch<R> {
    /// Takes the rows as Salesforce sent them, and says how many of them belong to the batch.
    pub(super) fn take_texts(&mut self) -> (Vec<PageText>, usize) {
        (std::mem::take(&mut self.texts), self.taken)
    }

    /// Rows in no order, of those behind `from`. `end` is the id of the last one.
    pub(super) fn unordered(
        rows: Vec<R>,
        end: Option<SalesforceId>,
        is_last: bool,
        from: SalesforceId,
    ) -> Self {
        Self {
            rows: rows.into_iter(),
            is_last,
            end,
            from: Some(from),
            quota: None,
            calls: 0,
            texts: Vec::new(),
            taken: usize::MAX,
        }
    }

    /// Where a listing begins again that is cut off in these rows: they have no order, so a row does
    /// not tell which ones follow.
    pub(super) fn from(&self) -> Option<SalesforceId> {
        self.from
    }

    pub(in crate::connector) fn is_last(&self) -> bool {
        self.is_last
    }

    /// The id after which the next batch begins.
    pub(in crate::connector) fn last_id(&self) -> Option<SalesforceId> {
        self.end
    }
}

/// The first batch of a query, and what follows.
pub(super) struct Opened<R> {
    pub(super) batch: Batch<R>,
    /// Where the query continues, if that is known.
    pub(super) rest: Option<Rest>,
    /// How many rows follow.
    pub(super) more: u64,
}

impl<R> Opened<R> {
    /// A batch of which nobody asks what follows.
    pub(super) fn alone(batch: Batch<R>) -> Self {
        Self {
            batch,
            rest: None,
            more: 0,
        }
    }
}

/// The first page of a query.
struct ReadPage<R> {
    answer: Response<QueryPage<R>>,
    /// As Salesforce sent it, if it is to be kept.
    text: Option<PageText>,
    bytes: usize,
}

/// What follows the first page of a query.
pub(super) struct Rest {
    pub(super) locator: Locator,
    /// The rows that are read.
    pub(super) read: usize,
    /// All rows of the query.
    pub(super) total: usize,
    /// The bytes of the first page.
    pub(super) bytes: usize,
}

impl Rest {
    /// `None` if nothing follows, or if the locator does not say where.
    fn behind<R>(page: &QueryPage<R>, bytes: usize) -> Option<Self> {
        let locator = page.next.clone().filter(|_| !page.done)?;
        let read = locator
            .row()
            .filter(|row| *row > 0 && *row == page.rows())?;
        let total = usize::try_from(page.total_size).ok()?;
        (total > read).then_some(Self {
            locator,
            read,
            total,
            bytes,
        })
    }
}

/// The org, for reading.
pub(in crate::connector) struct Org {
    pub(in crate::connector) client: Arc<Client>,
    missing: MissingColumns,
    /// The fields of `--user-custom-fields`.
    pub(in crate::connector) user_fields: UserFields,
    /// Which tables are read by query jobs.
    pub(super) jobs: JobPolicy,
    together: Together,
    /// Whether batches keep the text that they came from.
    pub(super) keeps_texts: bool,
    /// How many unreadable rows were reported, by object.
    unreadable: Mutex<BTreeMap<&'static str, usize>>,
}

impl Org {
    pub(in crate::connector) fn new(client: Arc<Client>, options: &Options) -> Self {
        Self {
            client,
            jobs: JobPolicy::new(options.bulk_threshold),
            keeps_texts: options.row_cache.is_some(),
            together: Together::default(),
            missing: MissingColumns::default(),
            user_fields: UserFields::default(),
            unreadable: Mutex::default(),
        }
    }

    /// One batch of at most [`PAGE`] rows behind `after`. Costs one call.
    pub(in crate::connector) async fn read<R: Row>(
        &self,
        table: &Table,
        after: Option<SalesforceId>,
    ) -> Result<Batch<R>, Error> {
        self.read_some(table, after, PAGE).await
    }

    /// The same with at most `rows` rows, for who does not come back for the rest of a batch.
    pub(in crate::connector) async fn read_some<R: Row>(
        &self,
        table: &Table,
        after: Option<SalesforceId>,
        rows: usize,
    ) -> Result<Batch<R>, Error> {
        // One more than is used shows whether rows follow.
        let limit = u32::try_from(rows).unwrap_or(u32::MAX).saturating_add(1);
        let read = self.read_as(table, |table| table.select(after).limit(limit));
        let ReadPage { answer, text, .. } = read.await?;
        Ok(self.kept(batch(answer, rows), text))
    }

    /// All rows behind `after`: the first batch, and where those are that follow, if there are any.
    pub(super) async fn open<R: Row>(
        &self,
        table: &Table,
        after: Option<SalesforceId>,
    ) -> Result<Opened<R>, Error> {
        let read = self.read_as::<R>(table, |table| table.select(after));
        Ok(self.opened(read.await?))
    }

    /// The same for all rows of a table, of which `page` is the first page.
    pub(super) fn open_known<R: Row>(
        &self,
        table: &Table,
        page: Response<PageText>,
    ) -> Result<Opened<R>, Error> {
        let text = page.value.clone();
        let answer = page.try_map(|page| page.read::<R>(table.object))?;
        self.report_unreadable(table.object, &answer.value.unreadable);
        Ok(self.opened(ReadPage {
            answer,
            bytes: text.size(),
            text: Some(text),
        }))
    }

    fn opened<R: Row>(&self, read: ReadPage<R>) -> Opened<R> {
        let ReadPage {
            answer,
            text,
            bytes,
        } = read;
        let page = &answer.value;
        let rest = Rest::behind(page, bytes).filter(|_| page.rows() <= PAGE);
        let taken = page.rows().min(PAGE) as u64;
        Opened {
            more: page.total_size.saturating_sub(taken),
            batch: self.kept(batch(answer, PAGE), text),
            rest,
        }
    }

    /// The rows of a page that is known, in no order.
    pub(super) fn known_batch<R: Row>(
        &self,
        object: &'static str,
        page: PageText,
        is_last: bool,
    ) -> Result<Batch<R>, Error> {
        let read = page.read::<R>(object)?;
        self.report_unreadable(object, &read.unreadable);
        let last = read.records.last().map(Row::id);
        let batch = Batch::unordered(read.records, last, is_last, BEGINNING);
        Ok(self.kept(batch, [page]))
    }

    /// The batch with the text that it came from, if rows are kept.
    fn kept<R>(&self, mut batch: Batch<R>, texts: impl IntoIterator<Item = PageText>) -> Batch<R> {
        if self.keeps_texts {
            batch.texts.extend(texts);
        }
        batch
    }

    /// The table without the columns that the org does not have.
    pub(super) fn present(&self, table: &Table) -> Table {
        let mut table = table.clone();
        self.missing.leave_out(&mut table);
        table
    }

    /// The query of all rows behind `from`, in no order, without the columns that the org does not
    /// have.
    pub(super) fn select_behind(&self, table: &Table, from: SalesforceId) -> Select {
        let table = self.present(table);
        table.unordered().filter(field("Id").gt(from))
    }

    /// The answers to at most [`TOGETHER`](super::together::TOGETHER) questions, in their order.
    pub(super) async fn answers(
        &self,
        questions: &[Question<'_>],
    ) -> Vec<Result<Response<PageText>, Error>> {
        self.together.answers(&self.client, questions).await
    }

    /// At most `rows` rows of a query, of which `page` has the first ones. If Salesforce sends
    /// shorter pages than that, it takes more calls.
    pub(super) async fn stretch<R: Row>(
        &self,
        object: &'static str,
        page: Response<PageText>,
        rows: usize,
    ) -> Result<Batch<R>, Error> {
        let mut texts = Vec::new();
        let mut keep = |page: &PageText| texts.extend(self.keeps_texts.then(|| page.clone()));
        keep(&page.value);
        let mut answer = page.try_map(|page| page.read::<R>(object))?;
        while answer.value.rows() < rows && !answer.value.done {
            let Some(next) = answer.value.next.take() else {
                break;
            };
            let more = Box::pin(self.client.query_next(object, &next)).await?;
            keep(&more.value);
            let more = more.try_map(|page| page.read::<R>(object))?;
            if more.value.rows() == 0 {
                break;
            }
            answer.calls += more.calls;
            answer.quota = more.quota.or(answer.quota);
            answer.value.append(more.value);
        }
        self.report_unreadable(object, &answer.value.unreadable);
        // The number of all rows of the query does not tell whether some follow these.
        let is_last = answer.value.done && answer.value.rows() <= rows;
        let batch = Batch {
            is_last,
            ..batch(answer, rows)
        };
        Ok(self.kept(batch, texts))
    }

    /// Rows of a table by another order or position than that of ids: `page` makes the query of what
    /// is left of the table without the columns that the org does not have.
    pub(in crate::connector) async fn read_rows<R: Row>(
        &self,
        table: &Table,
        page: impl Fn(Select) -> Select + Send + Sync,
    ) -> Result<Response<QueryPage<R>>, Error> {
        let answer = self.read_as(table, |table| page(table.unordered()));
        Ok(answer.await?.answer)
    }

    async fn read_as<R: Row>(
        &self,
        table: &Table,
        page: impl Fn(&Table) -> Select + Send + Sync,
    ) -> Result<ReadPage<R>, Error> {
        let mut table = self.present(table);
        let mut calls = 0;
        let answer = loop {
            if table.is_empty() {
                let answer = Response {
                    value: QueryPage::empty(),
                    quota: None,
                    calls,
                };
                return Ok(ReadPage {
                    answer,
                    text: None,
                    bytes: 0,
                });
            }
            let soql = page(&table).to_soql().map_err(Error::Soql)?;
            // Boxed: the state of a request is large, and listings hold it inside their own.
            match Box::pin(self.client.query_text(table.object, soql)).await {
                Err(error) if self.missing.learn(&table, &error) => {
                    calls += error.calls();
                    self.missing.leave_out(&mut table);
                }
                answer => break answer?,
            }
        };
        calls += answer.calls;
        let bytes = answer.value.size();
        let text = self.keeps_texts.then(|| answer.value.clone());
        let answer = answer.try_map(|text| text.read::<R>(table.object))?;
        self.report_unreadable(table.object, &answer.value.unreadable);
        Ok(ReadPage {
            answer: Response { calls, ..answer },
            text,
            bytes,
        })
    }

    /// All rows of a table, a batch at a time; `each` takes them.
    pub(in crate::connector) async fn read_all<R: Row>(
        &self,
        table: &Table,
        each: impl FnMut(R),
    ) -> Result<(), Error> {
        self.read_behind(table, None, each).await
    }

    /// The rows behind `after`, a batch at a time.
    pub(super) async fn read_behind<R: Row>(
        &self,
        table: &Table,
        mut after: Option<SalesforceId>,
        mut each: impl FnMut(R),
    ) -> Result<(), Error> {
        loop {
            let batch = self.read::<R>(table, after).await?;
            let (before, is_last) = (after, batch.is_last());
            after = batch.last_id().or(after);
            batch.rows.for_each(&mut each);
            if is_last {
                return Ok(());
            }
            if after == before {
                return Err(no_progress(table.object));
            }
        }
    }

    /// Reports the rows that cannot be read. They are left out, and the sync is not whole.
    pub(super) fn report_unreadable(&self, object: &'static str, rows: &[UnreadableRecord]) {
        let mut reported = self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = reported.entry(object).or_default();
        for row in rows {
            *count += 1;
            if *count > MAX_REPORTED {
                continue;
            }
            let more = if *count == MAX_REPORTED {
                " (further ones are not reported)"
            } else {
                ""
            };
            warn!(
                sf.object = object,
                sf.field = row.field,
                sf.id = row.id.as_deref().unwrap_or_default(),
                "a row of {object} is left out, because Salesforce sent no usable value for {}: \
                 what was read of {object} is not complete{more}",
                row.field
            );
        }
    }

    /// What could not be read since the last check of the org, one sentence each.
    pub(in crate::connector) fn left_out(&self) -> Vec<String> {
        let unreadable = self.unreadable.lock();
        let unreadable = unreadable.unwrap_or_else(PoisonError::into_inner);
        let some = unreadable.iter().filter(|(_, count)| **count > 0);
        let rows = some.map(|(object, count)| {
            format!(
                "{count} rows of {object} are left out, because Salesforce sent no usable values: \
                 what was read of {object} is not complete"
            )
        });
        self.missing.reports().into_iter().chain(rows).collect()
    }

    /// Whether a query found that the org lacks or hides a column.
    pub(in crate::connector) fn lacks(&self, object: &'static str, column: &str) -> bool {
        self.missing.has(object, column)
    }

    /// Forgets which columns the org did not have: it may have them by now.
    pub(in crate::connector) fn forget_missing(&self) {
        self.missing.forget();
        self.jobs.forget();
        self.together.forget();
        let mut reported = self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        reported.clear();
    }
}

/// Salesforce announced more rows and sent none.
pub(super) fn no_progress(object: &str) -> Error {
    Error::Unreadable {
        operation: Operation::new(format!("query {object}"), false),
        status: 200,
        flaw: Flaw::Truncated,
    }
}

/// The first `rows` records of a page. Unreadable ones count, but are left out.
fn batch<R: Row>(answer: Response<QueryPage<R>>, rows: usize) -> Batch<R> {
    let (page, calls) = (answer.value, answer.calls);
    let quota = answer.quota.as_ref().map(quota);
    let total = usize::try_from(page.total_size).unwrap_or(usize::MAX);
    let sent = page.rows();
    let taken = sent.min(rows);
    let left_out = page.unreadable.iter().filter(|row| row.index < taken);
    let mut records = page.records;
    records.truncate(taken - left_out.count());
    let last_left_out = page.unreadable.iter().find(|row| row.index + 1 == taken);
    let end = last_left_out
        .and_then(|row| SalesforceId::read(row.id.as_deref()?).ok())
        .or_else(|| records.last().map(Row::id));
    Batch {
        is_last: page.done && total.max(sent) == taken,
        end,
        from: None,
        rows: records.into_iter(),
        quota,
        calls,
        texts: Vec::new(),
        taken,
    }
}
