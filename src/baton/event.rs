//! Event feeds: what happened in the upstream system, in the order in which a host can follow it.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{EntitlementId, Error, Object, Quota, Resource, ResourceId, Result};

/// Maximum length of a cursor in bytes.
pub const MAX_CURSOR: usize = 4096;
/// Maximum number of events that a host may request at once.
pub const MAX_EVENTS: u32 = 1000;

/// Reads the events of one feed.
///
/// A host reads until a page says that there are no more, keeps the cursor, and asks again with it
/// later. Each event is delivered once, also if the process is another one by then.
#[async_trait]
pub trait EventFeed: Send + Sync {
    /// The id, such as `logins`. Hosts store it, so it never changes.
    fn id(&self) -> &'static str;

    /// The kinds of events that the feed can have.
    fn kinds(&self) -> &'static [EventKind];

    /// Returns one page of events.
    async fn events(&self, request: &EventRequest) -> Result<EventPage>;
}

/// A kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Somebody used something.
    Usage,
    /// A resource changed: hosts read it again.
    ResourceChange,
    /// Somebody got an entitlement.
    CreateGrant,
    /// Somebody lost an entitlement.
    CreateRevoke,
}

/// A request for one page of a feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventRequest {
    /// Where an earlier page ended.
    pub cursor: Option<EventCursor>,
    /// The time of the first event. Counts only without a cursor.
    pub start_at: Option<Timestamp>,
    /// Maximum number of events. If absent, the feed decides.
    pub size: Option<usize>,
}

impl EventRequest {
    /// Validates the size: at most 1,000; 0 leaves it to the feed.
    pub fn size(size: u32) -> Result<Option<usize>> {
        match size {
            0 => Ok(None),
            1..=MAX_EVENTS => Ok(usize::try_from(size).ok()),
            _ => Err(Error::invalid(format!(
                "page_size must be at most {MAX_EVENTS}, it is {size}"
            ))),
        }
    }
}

/// Position in a feed. Opaque to hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventCursor(String);

impl EventCursor {
    /// Validates a cursor of up to 4,096 bytes. An empty cursor is none.
    pub fn new(cursor: impl Into<String>) -> Result<Option<Self>> {
        let cursor = cursor.into();
        match cursor.len() {
            0 => Ok(None),
            1..=MAX_CURSOR => Ok(Some(Self(cursor))),
            length => Err(Error::invalid(format!(
                "cursor must have at most {MAX_CURSOR} bytes, it has {length}"
            ))),
        }
    }

    /// The cursor as hosts send it back.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One page of a feed.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPage {
    /// The events.
    pub events: Vec<Event>,
    /// Where the next page begins, now or at the next poll.
    pub cursor: Option<EventCursor>,
    /// Whether there are more events now.
    pub has_more: bool,
    /// What the page does not contain, and why; one sentence each.
    pub warnings: Vec<String>,
    /// The upstream system's quota, if it is known.
    pub quota: Option<Quota>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The upstream system's id of the event.
    pub id: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// What happened.
    pub what: Occurrence,
    /// Details by name. Sent as an annotation of the event.
    pub details: Object,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Occurrence {
    /// Somebody used something.
    Usage {
        /// What was used.
        target: Box<Resource>,
        /// Who used it.
        actor: ResourceId,
    },
    /// A resource changed.
    ResourceChange(ResourceId),
    /// Somebody got an entitlement.
    CreateGrant {
        /// What.
        entitlement: EntitlementId,
        /// Who.
        principal: ResourceId,
    },
    /// Somebody lost an entitlement.
    CreateRevoke {
        /// What.
        entitlement: EntitlementId,
        /// Who.
        principal: ResourceId,
    },
}
