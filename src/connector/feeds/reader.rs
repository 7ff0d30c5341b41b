//! Reads the rows of a feed, each once.
//!
//! Usually one query reads the overlap and what follows it. If the overlap has too many rows for
//! that, they are only counted; if there are more than were delivered, they are all read to find
//! the new ones.

use jiff::{SignedDuration, Timestamp};

use super::position::{Mark, Position};
use crate::baton::{Error, EventRequest, Quota, Result};
use crate::connector::error::{quota, wrap_listing};
use crate::connector::read::org::Org;
use crate::connector::read::table::{PAGE, Row, Table};
use crate::salesforce::soql::{Condition, Select};
use crate::salesforce::{self, Response};

/// Events of a page, if the host leaves it to the feed.
const USUAL: usize = 200;
/// Queries for one page at most, so that a call ends in time even if few rows are events.
const MOST_QUERIES: usize = 8;
/// Where a feed begins, if the host does not say it.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A row of a feed's object.
pub(super) trait FeedRow: Row {
    /// When it happened.
    fn time(&self) -> Timestamp;

    /// Whether it is an event.
    fn is_event(&self) -> bool {
        true
    }
}

/// What a feed reads.
pub(super) struct Source {
    pub(super) feed: &'static str,
    pub(super) table: Table,
    /// The column of the time.
    pub(super) time: &'static str,
    /// How long Salesforce keeps the rows, in days, and in words.
    pub(super) kept: (i64, &'static str),
    /// What to do if the object may not be read.
    pub(super) remedy: &'static str,
}

/// The rows of one page.
pub(super) struct Read<R> {
    pub(super) rows: Vec<R>,
    pub(super) position: Position,
    pub(super) has_more: bool,
    pub(super) warnings: Vec<String>,
    pub(super) quota: Option<Quota>,
}

/// Reads one page.
pub(super) async fn read<R: FeedRow>(
    org: &Org,
    source: &Source,
    request: &EventRequest,
) -> Result<Read<R>> {
    let now = Timestamp::now();
    let start = request
        .start_at
        .unwrap_or_else(|| now.checked_sub(DAY).unwrap_or(now));
    let position = match &request.cursor {
        Some(cursor) => Position::from_cursor(cursor, source.feed)?,
        None => Position::start(start),
    };
    let mut reading = Reading {
        org,
        source,
        now,
        size: request.size.unwrap_or(USUAL),
        page: Read {
            rows: Vec::new(),
            warnings: source.too_old(&position, now).into_iter().collect(),
            position,
            has_more: true,
            quota: None,
        },
    };
    match reading.fill().await {
        Ok(()) => Ok(reading.page),
        Err(Failure::Own(error)) => Err(error),
        Err(Failure::Salesforce(error)) => Err(source.failed(error)),
    }
}

impl Source {
    /// What is said if the position is older than what Salesforce keeps.
    fn too_old(&self, position: &Position, now: Timestamp) -> Option<String> {
        let (days, words) = self.kept;
        let kept = now
            .checked_sub(SignedDuration::from_hours(24 * days))
            .ok()?;
        (position.time() < kept).then(|| {
            format!(
                "the event feed {} was asked for events since {}, and Salesforce keeps {} for \
                 {words}: older events are missing",
                self.feed,
                position.time(),
                self.table.object
            )
        })
    }

    fn failed(&self, error: salesforce::Error) -> Error {
        let object = self.table.object;
        if error.is_object_unavailable() {
            return Error::new(
                crate::baton::Kind::PermissionDenied,
                format!(
                    "the event feed {} needs {object}, which the org does not show to the \
                     connector's user: {}",
                    self.feed, self.remedy
                ),
            )
            .because(error);
        }
        wrap_listing(format!("reading {object}"), error)
    }
}

/// Why a page could not be read.
enum Failure {
    Salesforce(salesforce::Error),
    Own(Error),
}

impl From<salesforce::Error> for Failure {
    fn from(error: salesforce::Error) -> Self {
        Self::Salesforce(error)
    }
}

/// The answer to one query.
struct Answer<R> {
    rows: Vec<R>,
    /// Whether there may be more.
    is_full: bool,
}

/// A page under construction.
struct Reading<'a, R> {
    org: &'a Org,
    source: &'a Source,
    now: Timestamp,
    size: usize,
    page: Read<R>,
}

/// How far rows were taken.
#[derive(Clone, Copy, PartialEq)]
enum Taken {
    /// All of them.
    All,
    /// So many; the next one does not fit into the page.
    Some(usize),
}

impl<R: FeedRow> Reading<'_, R> {
    async fn fill(&mut self) -> Result<(), Failure> {
        for _ in 0..MOST_QUERIES {
            let before = self.page.position.clone();
            let is_full = match self.overlap_and_new().await? {
                Some(is_full) => is_full,
                None => self.new_only().await?,
            };
            match is_full {
                None => return Ok(()),
                Some(false) => {
                    self.page.has_more = false;
                    return Ok(());
                }
                Some(true) if self.page.position == before => {
                    return Err(Failure::Own(Error::internal(format!(
                        "reading {}: Salesforce announced more rows and sent none",
                        self.source.table.object
                    ))));
                }
                Some(true) => {}
            }
        }
        Ok(())
    }

    /// Reads the overlap and what follows in one query. `None` if the overlap is too large; else
    /// whether there may be more, or `None` if the page is full.
    async fn overlap_and_new(&mut self) -> Result<Option<Option<bool>>, Failure> {
        let wanted = self.wanted();
        let known = self.page.position.sent.len();
        if known + wanted > PAGE {
            return Ok(None);
        }
        let rows = self.page.position.low.onwards(self.source.time);
        let answer = self.query(rows, known + wanted).await?;
        let behind = match self.page.position.last {
            None => 0,
            Some(last) => {
                let place = answer.rows.iter().position(|row| row.id() == last.id);
                match place {
                    Some(place) => place + 1,
                    // So many late rows came that the last row is out of reach.
                    None if answer.is_full => return Ok(None),
                    // The last row is gone.
                    None => answer
                        .rows
                        .iter()
                        .take_while(|row| row.time() <= last.time)
                        .count(),
                }
            }
        };
        let marks: Vec<Mark> = answer.rows.iter().map(mark).collect();
        let overlap = marks.get(..behind).unwrap_or_default();
        let late = self.late(overlap);
        let mut rest = answer.rows;
        let new = rest.split_off(behind);
        if self.take_late(rest, &late) != Taken::All {
            return Ok(Some(None));
        }
        let taken = self.take(new);
        let end = match taken {
            Taken::All => marks.len(),
            Taken::Some(count) => behind + count,
        };
        let all = marks.get(..end).unwrap_or_default();
        self.page.position.advance(all, self.now);
        Ok(Some((taken == Taken::All).then_some(answer.is_full)))
    }

    /// Counts the overlap, reads it again if there are more rows than were delivered, and then reads
    /// what follows. Returns whether there may be more, or `None` if the page is full.
    async fn new_only(&mut self) -> Result<Option<bool>, Failure> {
        let Some(last) = self.page.position.last else {
            return Err(Failure::Own(Error::internal("an overlap without a row")));
        };
        let low = self.page.position.low.onwards(self.source.time);
        let overlap = low.and(last.up_to(self.source.time));
        let count = self.count(overlap).await?;
        if count != self.page.position.sent.len() || self.page.position.is_long() {
            let rows = self.whole_overlap(last).await?;
            let marks: Vec<Mark> = rows.iter().map(mark).collect();
            let late = self.late(&marks);
            if self.take_late(rows, &late) != Taken::All {
                return Ok(None);
            }
            self.page.position.advance(&marks, self.now);
        }
        let rows = last.behind(self.source.time);
        let answer = self.query(rows, self.wanted()).await?;
        let marks: Vec<Mark> = answer.rows.iter().map(mark).collect();
        let taken = self.take(answer.rows);
        let end = match taken {
            Taken::All => marks.len(),
            Taken::Some(count) => count,
        };
        marks
            .into_iter()
            .take(end)
            .for_each(|row| self.page.position.append(row));
        Ok((taken == Taken::All).then_some(answer.is_full))
    }

    /// All rows of the overlap.
    async fn whole_overlap(&mut self, last: Mark) -> Result<Vec<R>, Failure> {
        let time = self.source.time;
        let mut rows: Vec<R> = Vec::new();
        loop {
            let from = match rows.last() {
                None => self.page.position.low.onwards(time),
                Some(row) => mark(row).behind(time),
            };
            let answer = self.query(from.and(last.up_to(time)), PAGE).await?;
            let is_end = !answer.is_full || answer.rows.is_empty();
            rows.extend(answer.rows);
            if is_end {
                return Ok(rows);
            }
        }
    }

    /// The places of the rows of the overlap that were not delivered.
    fn late(&mut self, overlap: &[Mark]) -> Vec<usize> {
        let ids: Vec<_> = overlap.iter().map(|row| row.id).collect();
        self.page.position.sent.missing(&ids).unwrap_or_else(|| {
            let added = ids.len().saturating_sub(self.page.position.sent.len());
            self.page.warnings.push(format!(
                "{added} rows of {} appeared late between so many others that they cannot be told \
                 from those that were delivered: the event feed {} leaves them out",
                self.source.table.object, self.source.feed
            ));
            Vec::new()
        })
    }

    /// Takes the late rows of the overlap.
    fn take_late(&mut self, overlap: Vec<R>, late: &[usize]) -> Taken {
        let mut places = late.iter().copied().peekable();
        let is_late = |(place, _): &(usize, R)| places.next_if_eq(place).is_some();
        let rows: Vec<R> = overlap
            .into_iter()
            .enumerate()
            .filter(is_late)
            .map(|(_, row)| row)
            .collect();
        let ids: Vec<_> = rows.iter().map(Row::id).collect();
        let taken = self.take(rows);
        if let Taken::Some(count) = taken {
            let sent = &mut self.page.position.sent;
            ids.iter().take(count).for_each(|id| sent.insert(id));
        }
        taken
    }

    /// Takes rows until the page is full. Rows that are no events always fit.
    fn take(&mut self, rows: Vec<R>) -> Taken {
        for (count, row) in rows.into_iter().enumerate() {
            if !row.is_event() {
                continue;
            }
            if self.page.rows.len() >= self.size {
                return Taken::Some(count);
            }
            self.page.rows.push(row);
        }
        Taken::All
    }

    /// How many rows a query should bring: those that are missing in the page, one to see whether
    /// there are more, and some instead of those that are no events.
    fn wanted(&self) -> usize {
        let missing = self.size.saturating_sub(self.page.rows.len());
        (missing + missing / 4 + 50).min(PAGE)
    }

    async fn query(&mut self, rows: Condition, limit: usize) -> Result<Answer<R>, Failure> {
        let limit = limit.min(PAGE);
        let time = self.source.time;
        let shape = |select: Select| {
            select
                .filter(rows.clone())
                .order_by(time)
                .order_by("Id")
                .limit(u32::try_from(limit).unwrap_or(u32::MAX))
        };
        let answer = self.org.read_rows::<R>(&self.source.table, shape).await?;
        self.note(&answer);
        let page = answer.value;
        let sent = page.records.len() + page.unreadable.len();
        Ok(Answer {
            is_full: sent >= limit || !page.done,
            rows: page.records,
        })
    }

    async fn count(&mut self, rows: Condition) -> Result<usize, Failure> {
        let select = Select::from(self.source.table.object).count().filter(rows);
        let answer = self.org.client.count(&select).await?;
        self.note(&answer);
        Ok(usize::try_from(answer.value).unwrap_or(usize::MAX))
    }

    fn note<T>(&mut self, answer: &Response<T>) {
        self.page.quota = answer.quota.as_ref().map(quota).or(self.page.quota);
    }
}

fn mark<R: FeedRow>(row: &R) -> Mark {
    Mark {
        time: row.time(),
        id: row.id(),
    }
}
