//! Converts an error into a gRPC status. Nothing else does.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use prost::Message as _;
use tonic::{Code, Status};

use super::annotation::{limits, pack};
use crate::baton::{Error, Kind, Quota};
use crate::pb::connector as pb;
use crate::pb::connector::rate_limit_description::Status as LimitStatus;
use crate::pb::google::rpc;

/// Hosts calculate in whole seconds, so the wait is at least one.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// Marks a status as the answer of a handler, unlike one that tonic makes of a request which it
/// cannot decode. It does not go over the wire.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the handler answered so")]
pub(crate) struct ByHandler;

/// The status of `error`, with its chain of causes as the message.
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
        Kind::Unavailable | Kind::ResourceExhausted => match error.wait() {
            Some(wait) => {
                let until = now.checked_add(wait.max(SHORTEST_WAIT));
                Some(waiting(error.quota(), until))
            }
            None => error.quota().map(limits),
        },
        _ => None,
    }
}

/// A host divides the waiting time by the remaining calls, and would retry too early. So the
/// description says that none remain, which is true until then.
fn waiting(quota: Option<Quota>, until: Option<SystemTime>) -> pb::RateLimitDescription {
    pb::RateLimitDescription {
        status: LimitStatus::Overlimit.into(),
        limit: quota.map_or(1, |quota| limits(quota).limit),
        remaining: 0,
        reset_at: until.map(Into::into),
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
    fn an_exhausted_quota_names_no_time_of_its_own() {
        let error =
            Error::new(Kind::ResourceExhausted, "all calls are used").with_quota(Some(Quota {
                used: 100,
                limit: 100,
            }));
        let description = described(&status(&error));
        assert_eq!(description.reset_at, None);
        assert_eq!((description.limit, description.remaining), (100, 0));
    }

    #[test]
    fn a_wait_that_is_too_long_for_hosts_says_until_when() {
        let day = Duration::from_hours(24);
        let error = Error::new(Kind::ResourceExhausted, "later").retry_after(Some(day));
        let description = described(&status_at(&error, SystemTime::UNIX_EPOCH));
        assert_eq!(description.reset_at.unwrap().seconds, 86_400);
        assert_eq!(description.status, i32::from(LimitStatus::Overlimit));
        let error = error.retry_after(Some(Duration::MAX));
        assert_eq!(described(&status(&error)).reset_at, None);
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
