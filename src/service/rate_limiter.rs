//! `RateLimiterService`: hosts ask it before and after every call.
//!
//! It never delays a call, because the connector follows Salesforce's own limits. The answer must be
//! `STATUS_EMPTY`: after a default answer, hosts skip the real call without an error and sync nothing
//! (`pkg/ratelimit/grpc.go` of the Baton SDK).

use tonic::{Request, Response, Status, async_trait};

use super::Services;
use crate::pb::ratelimit as pb;
use crate::pb::ratelimit::rate_limit_description::Status as LimitStatus;
use crate::pb::ratelimit::rate_limiter_service_server::RateLimiterService;
use crate::wire::validated;

#[async_trait]
impl RateLimiterService for Services {
    async fn r#do(
        &self,
        request: Request<pb::DoRequest>,
    ) -> Result<Response<pb::DoResponse>, Status> {
        let request = validated(request)?;
        Ok(Response::new(pb::DoResponse {
            request_token: request.request_token,
            description: Some(pb::RateLimitDescription {
                status: LimitStatus::Empty.into(),
                ..Default::default()
            }),
        }))
    }

    async fn report(
        &self,
        _request: Request<pb::ReportRequest>,
    ) -> Result<Response<pb::ReportResponse>, Status> {
        // Unchecked: were it to fail, hosts would put this failure in the place of the real one.
        Ok(Response::new(pb::ReportResponse {}))
    }
}
