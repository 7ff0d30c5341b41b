//! Reading a table of edges (who is in what), in parallel where the host can.
//!
//! The first page is read plainly. If there is much more, one `GROUP BY … COUNT(Id)` tells how the
//! rest spreads over one column, and the rest is cut into spans of that column of about equal
//! size, which the host reads side by side. The spans' bounds come from the server's own order, so
//! nothing here rests on how it compares ids.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tracing::debug;

use super::listing::{Listing, Pace, Read, Reading, Trouble};
use super::table::{Org, PAGE, Row, Table};
use crate::baton::{EncodedSize, PageRequest, Result};
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Aggregate, Select, field};

/// Spans at most: one for each worker that hosts usually have.
const MOST_SPANS: usize = 8;
/// A span shorter than this many pages is not worth a reader of its own.
const PAGES_PER_SPAN: usize = 3;
/// Salesforce does not page through aggregates, it ends them here.
const MOST_GROUPS: u32 = 2000;

/// A part of the table: `lower < column <= upper`, behind the row `after`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lower: Option<SalesforceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upper: Option<SalesforceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<SalesforceId>,
}

impl Span {
    /// The span's rows of `table`, `after` aside.
    fn of(self, table: &Table, column: &'static str) -> Table {
        table
            .clone()
            .only(self.lower.map(|lower| field(column).gt(lower)))
            .only(self.upper.map(|upper| field(column).le(upper)))
    }

    fn part(self) -> String {
        self.lower
            .map(|lower| lower.to_string())
            .unwrap_or_default()
    }
}

/// One page of edges.
pub(super) struct Edges<T> {
    pub(super) read: Read<T>,
    pub(super) next: Option<Span>,
    /// Where others may read on at the same time.
    pub(super) siblings: Vec<Span>,
}

/// How to read the edges.
pub(super) struct Plan<'a> {
    pub(super) org: &'a Org,
    pub(super) table: &'a Table,
    /// The column that spans are cut by.
    pub(super) column: &'static str,
    /// The host can read several spans at once.
    pub(super) may_split: bool,
}

/// Reads one page of the span.
pub(super) async fn read<R: Row, T: EncodedSize>(
    listing: &Listing<R>,
    plan: Plan<'_>,
    span: Span,
    page: &PageRequest,
    turn: impl FnMut(R) -> Result<Option<T>>,
) -> Result<Edges<T>, Trouble> {
    let table = span.of(plan.table, plan.column);
    let splits = plan.may_split && span == Span::default() && page.size.is_none();
    let mut reading = Reading::new(&table, page, span.after).part(span.part());
    reading.ahead = (!splits).then_some(Pace::Single);
    let mut read = listing.read(reading, turn).await?;
    let mut next = read.next.map(|after| Span {
        after: Some(after),
        ..span
    });
    let mut siblings = Vec::new();
    if let (true, Some(after)) = (splits, read.next) {
        let mut spans = split(&plan, after, &mut read.quota).await;
        if !spans.is_empty() {
            for span in &spans {
                listing.read_ahead(
                    span.of(plan.table, plan.column),
                    page,
                    span.part(),
                    span.after,
                );
            }
            next = Some(spans.remove(0));
            siblings = spans;
        }
    }
    Ok(Edges {
        read,
        next,
        siblings,
    })
}

/// Cuts what lies behind `after`; empty if it is not worth it, or if the org will not count.
async fn split(
    plan: &Plan<'_>,
    after: SalesforceId,
    quota: &mut Option<crate::baton::Quota>,
) -> Vec<Span> {
    let mut select = Select::from(plan.table.object)
        .field(plan.column)
        .aggregate(Aggregate::Count, "Id", "total")
        .filter(field("Id").gt(after))
        .group_by([plan.column])
        .order_by(plan.column)
        .limit(MOST_GROUPS);
    if let Some(rows) = &plan.table.rows {
        select = select.filter(rows.clone());
    }
    match Box::pin(plan.org.client.query::<Map<String, Json>>(&select)).await {
        Ok(answer) => {
            *quota = answer.quota.as_ref().map(super::table::quota).or(*quota);
            let groups = answer.value.records.iter().filter_map(|row| {
                let id = SalesforceId::read(row.get(plan.column)?.as_str()?).ok()?;
                let count = row.get("total")?.as_u64()?;
                Some((id, usize::try_from(count).ok()?))
            });
            cut(groups.collect(), after)
        }
        Err(error) => {
            // Counting is a convenience. Without it one reader reads everything.
            debug!(sf.object = plan.table.object, %error, "cannot count; reading in one span");
            Vec::new()
        }
    }
}

/// Cuts groups, in the server's order, into spans of about equal size.
fn cut(groups: Vec<(SalesforceId, usize)>, after: SalesforceId) -> Vec<Span> {
    let total: usize = groups.iter().map(|group| group.1).sum();
    let spans = (total / (PAGE * PAGES_PER_SPAN)).min(MOST_SPANS);
    if spans < 2 {
        return Vec::new();
    }
    let size = total.div_ceil(spans);
    let mut result = Vec::new();
    let mut lower = None;
    let mut filled = 0;
    for (id, count) in groups {
        filled += count;
        if filled >= size {
            result.push(Span {
                lower,
                upper: Some(id),
                after: Some(after),
            });
            lower = Some(id);
            filled = 0;
        }
    }
    // Open at the end: groups that appeared meanwhile, or were not counted, are not lost.
    result.push(Span {
        lower,
        upper: None,
        after: Some(after),
    });
    result
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn id(number: usize) -> SalesforceId {
        format!("0PSHp{number:010}").parse().unwrap()
    }

    #[test]
    fn little_is_read_in_one_span() {
        assert!(cut(vec![(id(1), PAGE * PAGES_PER_SPAN)], id(0)).is_empty());
    }

    #[test]
    fn spans_cover_everything_without_overlap() {
        let groups = (1..100).map(|number| (id(number), 1000)).collect();
        let spans = cut(groups, id(0));
        assert!((2..=MOST_SPANS + 1).contains(&spans.len()));
        assert_eq!(spans.first().unwrap().lower, None);
        assert_eq!(spans.last().unwrap().upper, None);
        for (span, next) in spans.iter().zip(spans.iter().skip(1)) {
            assert_eq!(span.upper, next.lower);
        }
    }
}
