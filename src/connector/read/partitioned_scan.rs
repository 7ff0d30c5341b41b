//! Scans a large table in spans that a host reads in parallel.
//!
//! The first page is read plainly. If much more follows, one `GROUP BY … COUNT(Id)` shows how the
//! rest is distributed over one column, and the rest is cut into spans of about equal size. The
//! bounds of the spans come in the order in which Salesforce sorts them, so nothing here depends
//! on how it compares ids.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tracing::debug;

use super::listing::{Listing, Read, Reading};
use super::org::Org;
use super::table::{MOST_GROUPS, PAGE, Row, Table};
use crate::baton::{EncodedSize, Page, PageRequest, PageToken, Quota, Result};
use crate::connector::error::{ReadError, quota};
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Aggregate, Select, field};

/// The largest number of spans: one for each worker that hosts usually have.
const MOST_SPANS: usize = 8;
/// A span shorter than this many pages is not worth a reader of its own.
const PAGES_PER_SPAN: usize = 10;

/// A part of a table: the rows with `lower < column <= upper` and an id after `after`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct Span {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lower: Option<SalesforceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upper: Option<SalesforceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<SalesforceId>,
    /// Behind which row the scan begins again if the rows after `after` are not at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<SalesforceId>,
}

impl Span {
    /// Whether it is the whole table.
    fn is_whole(self) -> bool {
        self.lower.is_none() && self.upper.is_none()
    }

    /// The rows of `table` in this span. `after` is not part of the condition.
    fn of(self, table: &Table, column: &'static str) -> Table {
        table
            .clone()
            .only(self.lower.map(|lower| field(column).gt(lower)))
            .only(self.upper.map(|upper| field(column).le(upper)))
    }

    /// Distinguishes it from the whole table, and from spans that are cut elsewhere.
    fn part(self) -> String {
        if self.is_whole() {
            return String::new();
        }
        let bound = |id: Option<SalesforceId>| id.map(|id| id.to_string()).unwrap_or_default();
        format!("{}..{}", bound(self.lower), bound(self.upper))
    }
}

/// One page of a scan.
pub(in crate::connector) struct ScannedPage<T> {
    pub(in crate::connector) read: Read<T>,
    pub(in crate::connector) next: Option<Span>,
    /// Where other workers may continue at the same time.
    pub(in crate::connector) siblings: Vec<Span>,
}

impl<T> ScannedPage<T> {
    /// The page of a listing that writes its positions with `token`.
    pub(in crate::connector) fn into_page(
        self,
        token: impl Fn(Span) -> Result<PageToken>,
    ) -> Result<Page<T>> {
        Ok(Page {
            items: self.read.items,
            next: self.next.map(&token).transpose()?,
            siblings: self
                .siblings
                .into_iter()
                .map(token)
                .collect::<Result<_>>()?,
            quota: self.read.quota,
        })
    }
}

/// How to scan a table.
pub(in crate::connector) struct Plan<'a> {
    pub(in crate::connector) org: &'a Org,
    pub(in crate::connector) table: &'a Table,
    /// The column by which the spans are cut.
    pub(in crate::connector) column: &'static str,
    /// Whether the host can read several spans at once.
    pub(in crate::connector) may_split: bool,
}

/// Reads one page of the span.
pub(in crate::connector) async fn read<R: Row, T: EncodedSize>(
    listing: &Listing<R>,
    plan: Plan<'_>,
    span: Span,
    page: &PageRequest,
    convert: impl FnMut(R) -> Result<Option<T>>,
) -> Result<ScannedPage<T>, ReadError> {
    let table = span.of(plan.table, plan.column);
    // What is kept for the next sync is read in one piece.
    let splits =
        plan.may_split && !plan.org.keeps_texts && span == Span::default() && page.size.is_none();
    let mut reading = Reading::new(&table, page, span.after).part(span.part());
    reading.is_ahead = !splits;
    if plan.may_split && span.is_whole() {
        reading = reading.or_unordered(span.from);
    }
    let mut read = listing.read(reading, convert).await?;
    let mut next = read.next.map(|after| Span {
        after: Some(after),
        from: read.from,
        ..span
    });
    let mut siblings = Vec::new();
    if let (true, Some(after)) = (splits && !read.is_coming, read.next) {
        let mut spans = split(&plan, after, &mut read.quota).await;
        if !spans.is_empty() {
            for span in &spans {
                let table = span.of(plan.table, plan.column);
                listing.read_ahead(&table, page, span.part(), span.after);
            }
            next = Some(spans.remove(0));
            siblings = spans;
        }
    }
    Ok(ScannedPage {
        read,
        next,
        siblings,
    })
}

/// Cuts the rows after `after` into spans. Returns none if there are too few rows, or if Salesforce
/// does not count them.
async fn split(plan: &Plan<'_>, after: SalesforceId, call_quota: &mut Option<Quota>) -> Vec<Span> {
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
            *call_quota = answer.quota.as_ref().map(quota).or(*call_quota);
            let groups = answer.value.records.iter().filter_map(|row| {
                let id = SalesforceId::read(row.get(plan.column)?.as_str()?).ok()?;
                let count = row.get("total")?.as_u64()?;
                Some((id, usize::try_from(count).ok()?))
            });
            cut(groups.collect(), after)
        }
        Err(error) => {
            // Without the counts, one reader reads everything.
            debug!(sf.object = plan.table.object, %error, "cannot count; reading in one span");
            Vec::new()
        }
    }
}

/// Cuts the groups, sorted as Salesforce sorts them, into spans of about equal size.
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
                from: None,
            });
            lower = Some(id);
            filled = 0;
        }
    }
    // The last span has no upper bound, so it includes groups that are new or were not counted.
    result.push(Span {
        lower,
        upper: None,
        after: Some(after),
        from: None,
    });
    result
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    /// Whether the span has the rows of `id`.
    fn has(span: &Span, id: SalesforceId) -> bool {
        let after_lower = span.lower.is_none_or(|lower| lower.cmp_bytes(&id).is_lt());
        let up_to_upper = span.upper.is_none_or(|upper| id.cmp_bytes(&upper).is_le());
        after_lower && up_to_upper
    }

    proptest! {
        #[test]
        fn every_row_is_in_one_span(
            counts in prop::collection::btree_map(1_usize..500, 1_usize..20_000, 0..60),
            others in prop::collection::vec(0_usize..600, 0..20),
        ) {
            let total: usize = counts.values().sum();
            let groups = counts.iter().map(|(number, count)| (id(*number), *count)).collect();
            let spans = cut(groups, id(0));
            prop_assert!(spans.len() <= MOST_SPANS + 1);
            // Rows may have come since the groups were counted.
            for number in counts.keys().chain(&others).filter(|_| !spans.is_empty()) {
                let holders = spans.iter().filter(|span| has(span, id(*number))).count();
                prop_assert_eq!(holders, 1, "{}", number);
            }
            let largest = counts.values().max().copied().unwrap_or_default();
            for span in &spans {
                let rows = counts.iter().filter(|(number, _)| has(span, id(**number)));
                let rows: usize = rows.map(|(_, count)| count).sum();
                prop_assert!(rows <= total.div_ceil(spans.len() - 1) + largest);
            }
        }
    }
}
