//! `EventService`: the event feeds of the connector.

use tonic::{Request, Response, Status, async_trait};

use super::{Services, respond, wrap};
use crate::baton::{Error, Result};
use crate::pb::connector as pb;
use crate::pb::connector::event_service_server::EventService;
use crate::wire::{event, validated};

/// What hosts mean that name no feed.
const LEGACY_FEED: &str = "baton_feed_event";

#[async_trait]
impl EventService for Services {
    async fn list_events(
        &self,
        request: Request<pb::ListEventsRequest>,
    ) -> Result<Response<pb::ListEventsResponse>, Status> {
        let request = validated(request)?;
        respond(self.events(request).await)
    }

    async fn list_event_feeds(
        &self,
        request: Request<pb::ListEventFeedsRequest>,
    ) -> Result<Response<pb::ListEventFeedsResponse>, Status> {
        validated(request)?;
        respond(Ok(pb::ListEventFeedsResponse {
            list: self.registry.feeds().map(event::feed).collect(),
            annotations: Vec::new(),
        }))
    }
}

impl Services {
    async fn events(&self, request: pb::ListEventsRequest) -> Result<pb::ListEventsResponse> {
        let id = match request.event_feed_id.as_str() {
            "" => LEGACY_FEED,
            id => id,
        };
        let feed = self
            .registry
            .feed(id)
            .ok_or_else(|| Error::not_found(format!("error: event feed id {id} not found")))?;
        let failed = || wrap("error: listing events failed");
        let request = event::read_request(request).map_err(failed())?;
        let page = feed.events(&request).await.map_err(failed())?;
        for warning in &page.warnings {
            tracing::warn!(warning, feed = feed.id(), "the feed is not complete");
        }
        Ok(event::page(page))
    }
}
