//! A domain error as a gRPC status. There is no other way to a status for one.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use prost::Message as _;
use tonic::{Code, Status};

use super::annotation::{limits, pack};
use crate::baton::{Error, Kind, Quota};
use crate::pb::connector as pb;
use crate::pb::connector::rate_limit_description::Status as LimitStatus;
use crate::pb::google::rpc;

/// Hosts divide by the whole seconds that are left, so less than one is never sent.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// Marks a status as the answer of a handler, unlike one that tonic makes of a request which it
/// cannot decode. It does not go over the wire.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the handler answered so")]
pub(crate) struct ByHandler;

/// The status of `error`, with its chain of reasons as the message.
#[must_use]
pub fn status(error: &Error) -> Status {
    let mut status = status_at(error, SystemTime::now());
    status.set_source(Arc::new(ByHandler));
    status
}

fn status_at(error: &Error, now: SystemTime) -> Status {
    let code = code(error.kind());
    let message = error.chain();
    match description(error, now) {
        None => Status::new(code, message),
        Some(description) => {
            let details = rpc::Status {
                code: code.into(),
                message: message.clone(),
                details: vec![pack(&description)],
            };
            Status::with_details(code, message, details.encode_to_vec().into())
        }
    }
}

fn code(kind: Kind) -> Code {
    match kind {
        Kind::InvalidArgument => Code::InvalidArgument,
        Kind::NotFound => Code::NotFound,
        Kind::AlreadyExists => Code::AlreadyExists,
        Kind::PermissionDenied => Code::PermissionDenied,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::FailedPrecondition => Code::FailedPrecondition,
        Kind::ResourceExhausted => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::DeadlineExceeded => Code::DeadlineExceeded,
        Kind::Unimplemented => Code::Unimplemented,
        Kind::Internal => Code::Internal,
        Kind::Cancelled => Code::Cancelled,
        Kind::Unknown => Code::Unknown,
    }
}

fn description(error: &Error, now: SystemTime) -> Option<pb::RateLimitDescription> {
    match error.kind() {
        Kind::Unavailable => match error.wait() {
            Some(wait) => Some(waiting(error.quota(), now + wait.max(SHORTEST_WAIT))),
            None => error.quota().map(limits),
        },
        Kind::ResourceExhausted => error.quota().map(limits),
        _ => None,
    }
}

/// With calls left, a host would divide the waiting time by their number and come back too early.
/// It is told that none are left: until then, that is so.
fn waiting(quota: Option<Quota>, until: SystemTime) -> pb::RateLimitDescription {
    pb::RateLimitDescription {
        status: LimitStatus::Overlimit.into(),
        limit: quota.map_or(1, |quota| limits(quota).limit),
        remaining: 0,
        reset_at: Some(until.into()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn described(status: &Status) -> pb::RateLimitDescription {
        let details = rpc::Status::decode(status.details()).unwrap();
        assert_eq!(details.code, i32::from(status.code()));
        assert_eq!(details.message, status.message());
        assert_eq!(
            details.details[0].type_url,
            "type.googleapis.com/c1.connector.v2.RateLimitDescription"
        );
        pb::RateLimitDescription::decode(details.details[0].value.as_slice()).unwrap()
    }

    #[test]
    fn throttling_says_until_when() {
        let error = Error::new(Kind::Unavailable, "Salesforce is busy")
            .retry_after(Some(Duration::from_millis(10)))
            .with_quota(Some(Quota {
                used: 5,
                limit: 100,
            }));
        let status = status_at(&error, SystemTime::UNIX_EPOCH);
        let description = described(&status);
        assert_eq!(
            description.reset_at.unwrap().seconds,
            1,
            "never nearer than a second"
        );
        assert_eq!((description.limit, description.remaining), (100, 0));
        assert_eq!(description.status, i32::from(LimitStatus::Overlimit));
    }

    #[test]
    fn an_exhausted_quota_names_no_time() {
        let error = Error::new(Kind::ResourceExhausted, "all calls are used")
            .retry_after(Some(Duration::from_secs(9)))
            .with_quota(Some(Quota {
                used: 100,
                limit: 100,
            }));
        let description = described(&status(&error));
        assert_eq!(description.reset_at, None);
        assert_eq!((description.limit, description.remaining), (100, 0));
    }

    #[test]
    fn the_message_is_the_chain_and_nothing_is_attached_without_need() {
        let error = Error::not_found("reading a user").because("no such row");
        let status = status(&error);
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(status.message(), "reading a user: no such row");
        assert!(status.details().is_empty());
    }
}
