//! `EventService`: there are no feeds yet, which is a valid answer.

use tonic::{Request, Response, Status, async_trait};

use super::{Services, respond};
use crate::baton::{Error, Result};
use crate::pb::connector as pb;
use crate::pb::connector::event_service_server::EventService;
use crate::wire::validated;

/// What hosts mean that name no feed.
const LEGACY_FEED: &str = "baton_feed_event";

#[async_trait]
impl EventService for Services {
    async fn list_events(
        &self,
        request: Request<pb::ListEventsRequest>,
    ) -> Result<Response<pb::ListEventsResponse>, Status> {
        let request = validated(request)?;
        let feed = match request.event_feed_id.as_str() {
            "" => LEGACY_FEED,
            feed => feed,
        };
        respond(Err(Error::not_found(format!(
            "error: event feed id {feed} not found"
        ))))
    }

    async fn list_event_feeds(
        &self,
        request: Request<pb::ListEventFeedsRequest>,
    ) -> Result<Response<pb::ListEventFeedsResponse>, Status> {
        validated(request)?;
        respond(Ok(pb::ListEventFeedsResponse::default()))
    }
}
