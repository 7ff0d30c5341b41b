//! Prints the events of a feed.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tonic::{Code, Status};

use super::json::to_json;
use super::{EventFeed, Reached};
use crate::pb::connector::{ListEventFeedsRequest, ListEventsRequest, ListEventsResponse};
use crate::runner::client::Client;
use crate::runner::clock::Clock;
use crate::runner::error::{Error, Result};

const EVENTS_PER_PAGE: u32 = 100;
/// How long to wait for new events.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// How long to wait at most after failures. Each doubles the time.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// Prints events until there are no more, or for ever if the feed is followed.
pub(in crate::runner) async fn read_events(
    client: &Client,
    clock: &Arc<dyn Clock>,
    feed: EventFeed,
    to: &mut (impl Write + Send),
    reached: &Reached,
) -> Result<()> {
    let start_at = feed.start_at.map(|at| prost_types::Timestamp {
        seconds: at.as_second(),
        nanos: at.subsec_nanosecond(),
    });
    let mut request = ListEventsRequest {
        cursor: feed.cursor,
        start_at,
        page_size: EVENTS_PER_PAGE,
        event_feed_id: feed.id,
        ..ListEventsRequest::default()
    };
    let mut wait = POLL_INTERVAL;
    loop {
        let reply = match client.call(request.clone()).await {
            Ok(reply) => reply,
            Err(status) if feed.follow && may_pass(&status) => {
                tracing::warn!(
                    error = status.message(),
                    seconds = wait.as_secs(),
                    "events could not be read; the next try follows"
                );
                clock.sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
                continue;
            }
            Err(status) => return Err(failed(client, status).await),
        };
        wait = POLL_INTERVAL;
        print(&reply, to)?;
        if !reply.cursor.is_empty() {
            request.cursor.clone_from(&reply.cursor);
            *reached.lock() = Some(reply.cursor);
        }
        match (reply.has_more, feed.follow) {
            (true, _) => {}
            (false, true) => clock.sleep(POLL_INTERVAL).await,
            (false, false) => return Ok(()),
        }
    }
}

fn print(reply: &ListEventsResponse, to: &mut impl Write) -> Result<()> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Error::NoReader,
        _ => Error::Failed(format!("printing: {error}")),
    };
    for event in &reply.events {
        writeln!(to, "{}", to_json(event)?).map_err(failed)?;
    }
    to.flush().map_err(failed)
}

/// Whether a later call may succeed.
fn may_pass(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted
    )
}

/// The error of a call. If there is no such feed, it says which there are.
async fn failed(client: &Client, status: Status) -> Error {
    let mut doing = "listing events".to_owned();
    if status.code() == Code::NotFound {
        let feeds = client.call(ListEventFeedsRequest::default()).await;
        let ids: Vec<_> = feeds
            .map(|feeds| feeds.list)
            .unwrap_or_default()
            .into_iter()
            .map(|feed| feed.id)
            .collect();
        if !ids.is_empty() {
            let ids = ids.join(", ");
            doing = format!("{doing} (name one of these with --event-feed-id: {ids})");
        }
    }
    Error::call(doing)(status)
}
