//! A place in a feed, and its form as a cursor.
//!
//! Rows are read in the order of time and id. The position is the last row that was delivered, and
//! which rows before it were delivered, because rows may appear late: with an earlier time than rows
//! that were there before. The cursor alone suffices to continue, in any process at any time. It
//! holds ids, times and hashes of ids, never a query.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::sent::Sent;
use crate::baton::{Error, EventCursor, Result};
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Condition, field};

const VERSION: &str = "e1.";
/// Bytes of the checksum, and of the mark of a feed.
const SUM: usize = 4;
const FEED: usize = 2;
const ID: usize = 15;

/// So far behind the last row, late rows are looked for.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// So far if there are few rows, which costs nothing.
const LONG_OVERLAP: SignedDuration = SignedDuration::from_hours(1);
/// So many rows are few.
const SPARE: usize = 250;
/// If more rows than this lie in the overlap, it is shorter: reading it again costs a call for 2,000.
const MOST: usize = 20_000;

/// A row's place in the order of the feed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) time: Timestamp,
    pub(super) id: SalesforceId,
}

/// Where the overlap begins: at a time, or behind a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edge {
    pub(super) time: Timestamp,
    pub(super) behind: Option<SalesforceId>,
}

/// A place in a feed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Position {
    /// Where the overlap begins.
    pub(super) low: Edge,
    /// The last row, if any was delivered.
    pub(super) last: Option<Mark>,
    /// The rows from `low` to `last` that were delivered.
    pub(super) sent: Sent,
}

impl Edge {
    /// The rows from here on, by the column `time`.
    pub(super) fn onwards(&self, time: &'static str) -> Condition {
        match self.behind {
            None => field(time).ge(self.time),
            Some(id) => behind(time, self.time, id),
        }
    }
}

impl Mark {
    /// The rows behind this one.
    pub(super) fn behind(&self, time: &'static str) -> Condition {
        behind(time, self.time, self.id)
    }

    /// The rows up to this one, itself included.
    pub(super) fn up_to(&self, time: &'static str) -> Condition {
        let same = field(time).eq(self.time).and(field("Id").le(self.id));
        field(time).lt(self.time).or(same)
    }
}

fn behind(column: &'static str, time: Timestamp, id: SalesforceId) -> Condition {
    let same = field(column).eq(time).and(field("Id").gt(id));
    field(column).gt(time).or(same)
}

impl Position {
    /// The beginning of a feed: the first row at `start` or later.
    pub(super) fn start(start: Timestamp) -> Self {
        Self {
            low: Edge {
                time: start,
                behind: None,
            },
            last: None,
            sent: Sent::default(),
        }
    }

    /// The time that has been reached.
    pub(super) fn time(&self) -> Timestamp {
        self.last.map_or(self.low.time, |last| last.time)
    }

    /// Whether the overlap is longer than it has to be.
    pub(super) fn is_long(&self) -> bool {
        self.sent.len() > 2 * MOST
            || self.time().duration_since(self.low.time) > OVERLAP.saturating_mul(2)
    }

    /// Goes to the last of `rows`, which are all rows of the overlap and were all delivered. `now`
    /// bounds the overlap where times are in the future.
    pub(super) fn advance(&mut self, rows: &[Mark], now: Timestamp) {
        let Some(last) = rows.last() else {
            return;
        };
        self.last = Some(*last);
        let newest = last.time.min(now);
        let before = |length| newest.checked_sub(length).unwrap_or(Timestamp::MIN);
        let (short, long) = (before(OVERLAP), before(LONG_OVERLAP));
        let is_kept = |kept: usize, row: &Mark| {
            (kept < SPARE && row.time >= long) || (kept < MOST && row.time >= short)
        };
        let kept = rows
            .iter()
            .rev()
            .enumerate()
            .take_while(|(kept, row)| is_kept(*kept, row))
            .count();
        let (dropped, kept) = rows.split_at(rows.len() - kept);
        self.low = match dropped.last() {
            Some(dropped) if dropped.time >= long => Edge {
                time: dropped.time,
                behind: Some(dropped.id),
            },
            _ if self.low.time >= long => self.low,
            _ => Edge {
                time: long,
                behind: None,
            },
        };
        self.sent = Sent::of(kept.iter().map(|row| row.id));
    }

    /// Goes to `row`, which was delivered and lies behind all others.
    pub(super) fn append(&mut self, row: Mark) {
        self.sent.insert(&row.id);
        self.last = Some(row);
    }

    pub(super) fn to_cursor(&self, feed: &str) -> Result<Option<EventCursor>> {
        let mut bytes = mark(feed).to_vec();
        write_time(self.low.time, &mut bytes);
        write_id(self.low.behind, &mut bytes);
        write_id(self.last.map(|last| last.id), &mut bytes);
        write_time(self.time(), &mut bytes);
        self.sent.write(&mut bytes);
        bytes.extend(sum(&bytes));
        EventCursor::new(format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    pub(super) fn from_cursor(cursor: &EventCursor, feed: &str) -> Result<Self> {
        read(cursor.as_str(), feed).ok_or_else(|| {
            Error::invalid(format!(
                "the cursor is not one of the event feed {feed} of this connector, or it is \
                 damaged; use the cursor of the feed's last page as it was returned, or read the \
                 feed from a start_at without a cursor"
            ))
        })
    }
}

fn read(cursor: &str, feed: &str) -> Option<Position> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor.strip_prefix(VERSION)?).ok()?;
    let (body, end) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
    let body = (sum(body) == end).then_some(body)?;
    let mut rest = body.strip_prefix(mark(feed).as_slice())?;
    let low = read_time(&mut rest)?;
    let behind = read_id(&mut rest).ok()?;
    let last = read_id(&mut rest).ok()?;
    let time = read_time(&mut rest)?;
    Some(Position {
        low: Edge { time: low, behind },
        last: last.map(|id| Mark { time, id }),
        sent: Sent::read(rest)?,
    })
}

fn mark(feed: &str) -> [u8; FEED] {
    let [first, second, ..]: [u8; 32] = Sha256::digest(feed).into();
    [first, second]
}

fn sum(bytes: &[u8]) -> [u8; SUM] {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(bytes).into();
    [a, b, c, d]
}

fn write_time(time: Timestamp, out: &mut Vec<u8>) {
    out.extend(time.as_millisecond().to_be_bytes());
}

fn read_time(from: &mut &[u8]) -> Option<Timestamp> {
    let bytes = take(from, 8)?.try_into().ok()?;
    Timestamp::from_millisecond(i64::from_be_bytes(bytes)).ok()
}

/// An absent id is zeros.
fn write_id(id: Option<SalesforceId>, out: &mut Vec<u8>) {
    out.extend(id.map_or([0; ID], |id| *id.as_bytes()));
}

fn read_id(from: &mut &[u8]) -> Result<Option<SalesforceId>, Damaged> {
    let bytes = take(from, ID).ok_or(Damaged)?;
    if bytes.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Damaged)?;
    SalesforceId::read(text).map(Some).map_err(|_| Damaged)
}

/// The bytes are not those of an id.
struct Damaged;

fn take<'a>(from: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(count)?;
    *from = rest;
    Some(taken)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn row(minute: i64, number: usize) -> Mark {
        Mark {
            time: Timestamp::from_second(1_700_000_000 + 60 * minute).unwrap(),
            id: SalesforceId::read(&format!("0Ya{number:0>12}")).unwrap(),
        }
    }

    fn advanced(rows: &[Mark]) -> Position {
        let mut position = Position::start(Timestamp::from_second(1_600_000_000).unwrap());
        position.advance(rows, Timestamp::MAX);
        position
    }

    #[test]
    fn a_cursor_survives_the_round_trip_and_belongs_to_its_feed() {
        let rows: Vec<_> = (0..9_000).map(|number| row(0, number)).collect();
        for position in [
            Position::start(Timestamp::UNIX_EPOCH),
            advanced(rows.get(..20).unwrap()),
            advanced(&rows),
        ] {
            let cursor = position.to_cursor("logins").unwrap().unwrap();
            assert_eq!(Position::from_cursor(&cursor, "logins").unwrap(), position);
            assert!(Position::from_cursor(&cursor, "setup_audit").is_err());
            let mut damaged = cursor.as_str().to_owned();
            let last = damaged.pop().unwrap();
            damaged.push(if last == 'A' { 'Q' } else { 'A' });
            let damaged = EventCursor::new(damaged).unwrap().unwrap();
            assert!(Position::from_cursor(&damaged, "logins").is_err());
        }
    }

    #[test]
    fn the_overlap_is_ten_minutes_longer_for_few_rows_and_shorter_for_too_many() {
        let each_minute: Vec<_> = (0..600).map(|minute| row(minute, 0)).collect();
        assert_eq!(advanced(&each_minute).sent.len(), 61);
        let crowded: Vec<_> = (0..60_000)
            .zip(0..)
            .map(|(n, number)| row(n / 100, number))
            .collect();
        let position = advanced(&crowded);
        assert_eq!(position.sent.len(), 1_100);
        assert_eq!(position.low.behind, Some(row(0, 58_899).id));
        let at_once: Vec<_> = (0..30_000).map(|number| row(0, number)).collect();
        assert_eq!(advanced(&at_once).sent.len(), MOST);
    }
}
