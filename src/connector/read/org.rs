//! Reading tables from the org, a batch at a time.
//!
//! Each query asks for more rows than a batch holds, so a full batch shows whether it is the last
//! one without another call. Columns that the org turns out not to have are left out from then on.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::warn;

use super::table::{PAGE, Row, Table};
use crate::baton::Quota;
use crate::connector::error::quota;
use crate::salesforce::error::{Flaw, Operation};
use crate::salesforce::soql::FieldName;
use crate::salesforce::{Client, Error, ErrorCode, QueryPage, SalesforceId};

/// Reading two batches at the same time pays off if this many rows follow.
pub(super) const TWO_PAGES: usize = 2 * PAGE;

/// Some rows of a table, and whether there are more.
pub(in crate::connector) struct Batch<R> {
    pub(in crate::connector) rows: std::vec::IntoIter<R>,
    /// How many rows are behind these, as far as they were counted: 0 for the last batch.
    pub(in crate::connector) behind: usize,
    pub(in crate::connector) quota: Option<Quota>,
}

impl<R: Row> Batch<R> {
    pub(in crate::connector) fn is_last(&self) -> bool {
        self.behind == 0
    }

    /// Where the next batch begins.
    pub(in crate::connector) fn last_id(&self) -> Option<SalesforceId> {
        self.rows.as_slice().last().map(Row::id)
    }
}

/// The org, for reading.
pub(in crate::connector) struct Org {
    pub(in crate::connector) client: Arc<Client>,
    /// Columns that the org turned out not to have: asked for once, not again.
    missing: Mutex<BTreeSet<(&'static str, String)>>,
}

impl Org {
    pub(in crate::connector) fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            missing: Mutex::default(),
        }
    }

    /// One batch of at most [`PAGE`] rows behind `after`. Costs one call.
    pub(in crate::connector) async fn read<R: Row>(
        &self,
        table: &Table,
        after: Option<SalesforceId>,
    ) -> Result<Batch<R>, Error> {
        self.read_some(table, after, PAGE, 1).await
    }

    /// The same with at most `rows` rows, for who does not come back for the rest of a batch, and
    /// with up to `count` rows behind them counted.
    pub(in crate::connector) async fn read_some<R: Row>(
        &self,
        table: &Table,
        after: Option<SalesforceId>,
        rows: usize,
        count: usize,
    ) -> Result<Batch<R>, Error> {
        self.read_at(table, after, 0, rows, count).await
    }

    /// The same from the row on that has `skipped` rows before it, behind `after`.
    async fn read_at<R: Row>(
        &self,
        table: &Table,
        after: Option<SalesforceId>,
        skipped: usize,
        rows: usize,
        count: usize,
    ) -> Result<Batch<R>, Error> {
        let limit = rows.saturating_add(count);
        let (page, quota) = self.query::<R>(table, after, limit, skipped).await?;
        let total = usize::try_from(page.total_size).unwrap_or(usize::MAX);
        let mut records = page.records;
        let counted = total.max(records.len() + usize::from(!page.done));
        records.truncate(rows);
        Ok(Batch {
            behind: counted - records.len(),
            rows: records.into_iter(),
            quota,
        })
    }

    /// The next two batches at the same time, for one call each. The second one is found by
    /// OFFSET, so it begins with the last row of the first: if it does not, rows came or went
    /// between the two answers, and it is not used. If rows came or went behind it, it is as right
    /// as any batch, but what the first one counted behind is not, so it counts itself.
    pub(in crate::connector) async fn read_two<R: Row>(
        &self,
        table: &Table,
        after: Option<SalesforceId>,
    ) -> Result<(Batch<R>, Option<Batch<R>>), Error> {
        let (first, second) = tokio::join!(
            self.read_some(table, after, PAGE, TWO_PAGES),
            self.read_at::<R>(table, after, PAGE - 1, PAGE - 1, 1)
        );
        let first: Batch<R> = first?;
        let second = second.ok().and_then(|mut second| {
            let begin = second.rows.next()?.id();
            let rows = second.rows.len();
            second.behind = second.behind.max(first.behind.saturating_sub(rows));
            (first.last_id() == Some(begin) && rows > 0).then_some(second)
        });
        Ok((first, second))
    }

    async fn query<R: Row>(
        &self,
        table: &Table,
        after: Option<SalesforceId>,
        limit: usize,
        offset: usize,
    ) -> Result<(QueryPage<R>, Option<Quota>), Error> {
        let narrow = |rows| u32::try_from(rows).unwrap_or(u32::MAX);
        let mut table = table.clone();
        self.leave_out_missing(&mut table);
        let answer = loop {
            let mut select = table.select(after).limit(narrow(limit));
            if offset > 0 {
                select = select.offset(narrow(offset));
            }
            // Boxed: the state of a request is large, and listings hold it inside their own.
            match Box::pin(self.client.query::<R>(&select)).await {
                Err(error) if self.learn_missing(&table, &error) => {
                    self.leave_out_missing(&mut table);
                }
                answer => break answer?,
            }
        };
        Ok((answer.value, answer.quota.as_ref().map(quota)))
    }

    /// All rows of a table, a batch at a time; `each` takes them.
    pub(in crate::connector) async fn read_all<R: Row>(
        &self,
        table: &Table,
        mut each: impl FnMut(R),
    ) -> Result<(), Error> {
        let mut after = None;
        loop {
            let batch = self.read::<R>(table, after).await?;
            let (before, is_last) = (after, batch.is_last());
            for row in batch.rows {
                after = Some(row.id());
                each(row);
            }
            if is_last {
                return Ok(());
            }
            if after == before {
                // More was promised, and nothing came.
                return Err(Error::Unreadable {
                    operation: Operation::new(format!("query {}", table.object), false),
                    status: 200,
                    flaw: Flaw::Truncated,
                });
            }
        }
    }

    fn leave_out_missing(&self, table: &mut Table) {
        let missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        table
            .optional
            .retain(|column| !missing.contains(&(table.object, column.as_str().to_owned())));
    }

    /// Forgets which columns the org did not have: it may have them now.
    pub(in crate::connector) fn forget_missing(&self) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.clear();
    }

    /// Remembers the optional columns of `table` that an `INVALID_FIELD` answer is about. False if
    /// the answer is about something else, so that the caller does not ask the same again. That
    /// another query has learnt of them meanwhile does not matter: this one has asked for them.
    fn learn_missing(&self, table: &Table, error: &Error) -> bool {
        let is_field = error.code() == Some(&ErrorCode::InvalidField);
        let Some(api) = error.api().filter(|_| is_field) else {
            return false;
        };
        let quoted = quoted_words(api.message());
        let named = |column: &&FieldName| {
            let mut parts = column.as_str().split('.');
            parts.any(|part| quoted.iter().any(|word| word.eq_ignore_ascii_case(part)))
        };
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_named = false;
        for column in table.optional.iter().filter(named) {
            is_named = true;
            if missing.insert((table.object, column.as_str().to_owned())) {
                warn!(
                    sf.object = table.object,
                    sf.field = column.as_str(),
                    "the org does not have this field, or the connector's user may not see it: \
                     it is left out; check its spelling and the field-level security"
                );
            }
        }
        is_named
    }
}

/// The words that an `INVALID_FIELD` message puts into quotes: `No such column 'Foo' on entity
/// 'User'`, `Didn't understand relationship 'Bar'`. What comes before `ERROR at Row` is an excerpt
/// of the query, which names innocent columns too, and so does the entity, of whose fields only one
/// is missing.
fn quoted_words(message: &str) -> Vec<&str> {
    let message = message
        .rsplit_once("ERROR at")
        .map_or(message, |(_, message)| message);
    let message = message
        .split_once(" on entity ")
        .map_or(message, |(message, _)| message);
    let is_word = |word: &&str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    message.split('\'').filter(is_word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_column_that_the_org_complains_of_is_named() {
        let message = "\nSELECT Id, Title, Foo__c\n           ^\nERROR at Row:1:Column:12\nNo such \
                       column 'Foo__c' on entity 'User'. If you are attempting to use a custom \
                       field, be sure to append the '__c' after the custom field name.";
        assert_eq!(quoted_words(message), ["Foo__c"]);
        let message = "Didn't understand relationship 'Profile' in field path.";
        assert!(quoted_words(message).contains(&"Profile"));
    }
}
