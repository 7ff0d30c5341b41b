//! Event feeds: requests, pages, and what happened.

use super::value::to_timestamp;
use super::{annotation, entitlement, resource};
use crate::baton::{
    EntitlementId, Error, Event, EventCursor, EventFeed, EventKind, EventPage, EventRequest,
    Occurrence, Result,
};
use crate::pb::connector as pb;
use crate::pb::connector::event::Event as What;

/// What a feed can have.
#[must_use]
pub fn feed(feed: &dyn EventFeed) -> pb::EventFeedMetadata {
    let kind = |kind: &EventKind| match kind {
        EventKind::Usage => pb::EventType::Usage.into(),
        EventKind::ResourceChange => pb::EventType::ResourceChange.into(),
        EventKind::CreateGrant => pb::EventType::CreateGrant.into(),
        EventKind::CreateRevoke => pb::EventType::CreateRevoke.into(),
    };
    pb::EventFeedMetadata {
        id: feed.id().to_owned(),
        supported_event_types: feed.kinds().iter().map(kind).collect(),
    }
}

/// Reads a request. The id of the feed has been read already.
pub fn read_request(request: pb::ListEventsRequest) -> Result<EventRequest> {
    let start_at = request.start_at.map(|at| {
        jiff::Timestamp::new(at.seconds, at.nanos)
            .map_err(|error| Error::invalid("start_at is not a point in time").because(error))
    });
    Ok(EventRequest {
        cursor: EventCursor::new(request.cursor)?,
        start_at: start_at.transpose()?,
        size: EventRequest::size(request.page_size)?,
    })
}

/// A page of events.
#[must_use]
pub fn page(page: EventPage) -> pb::ListEventsResponse {
    let annotations = annotation::quota(page.quota)
        .into_iter()
        .chain(annotation::warnings(&page.warnings))
        .collect();
    let cursor = page.cursor.map(|cursor| cursor.as_str().to_owned());
    pb::ListEventsResponse {
        events: page.events.into_iter().map(event).collect(),
        cursor: cursor.unwrap_or_default(),
        has_more: page.has_more,
        annotations,
    }
}

fn event(event: Event) -> pb::Event {
    pb::Event {
        id: event.id,
        occurred_at: Some(to_timestamp(event.occurred_at)),
        event: Some(what(event.what)),
        annotations: annotation::object(event.details).into_iter().collect(),
    }
}

fn what(what: Occurrence) -> What {
    match what {
        Occurrence::Usage { target, actor } => What::UsageEvent(pb::UsageEvent {
            target_resource: Some(resource::resource(*target)),
            actor_resource: Some(resource::stub(actor)),
        }),
        Occurrence::ResourceChange(id) => What::ResourceChangeEvent(pb::ResourceChangeEvent {
            resource_id: Some(resource::id(id)),
            parent_resource_id: None,
        }),
        Occurrence::CreateGrant {
            entitlement,
            principal,
        } => What::CreateGrantEvent(pb::CreateGrantEvent {
            entitlement: Some(named(entitlement)),
            principal: Some(resource::stub(principal)),
            annotations: Vec::new(),
        }),
        Occurrence::CreateRevoke {
            entitlement,
            principal,
        } => What::CreateRevokeEvent(pb::CreateRevokeEvent {
            entitlement: Some(named(entitlement)),
            principal: Some(resource::stub(principal)),
            annotations: Vec::new(),
        }),
    }
}

fn named(id: EntitlementId) -> pb::Entitlement {
    pb::Entitlement {
        slug: id.slug.clone(),
        ..entitlement::stub(id)
    }
}
