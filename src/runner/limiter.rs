//! The handshake with the connector's own rate limiter, before and after a call.
//!
//! The limiter is the one that the host asked for in its configuration, and this host asks for
//! none. So a limiter that answers `EMPTY` for a kind of call has nothing to say about it, and is
//! not asked for that kind again: two of three calls of a sync would be for nothing.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tonic::Status;

use super::clock::{Clock, from_wire};
use crate::pb::ratelimit::rate_limit_description::Status as Answer;
use crate::pb::ratelimit::rate_limit_descriptors::Entry;
use crate::pb::ratelimit::{
    DoRequest, DoResponse, RateLimitDescription, RateLimitDescriptors, ReportRequest,
};

const SERVICE: &str = "connector";
/// The host of the SDK waits this long in all, from the first attempt on.
const PATIENCE: Duration = Duration::from_mins(65);
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// Asks and reports on behalf of one call.
#[derive(Debug)]
pub(super) struct Handshake {
    token: String,
    descriptors: RateLimitDescriptors,
}

/// Whether a limiter counts this kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Counted,
    Unlimited,
}

/// What the limiter's answer means for the call.
enum Verdict {
    Call(Admission),
    Wait(Duration),
}

/// The kinds of calls, by method and resource type, that need no handshake.
#[derive(Debug, Default)]
pub(super) struct Unlimited(Mutex<HashSet<(&'static str, String)>>);

impl Unlimited {
    pub(super) fn contains(&self, method: &'static str, resource_type: Option<&str>) -> bool {
        self.kinds().contains(&kind(method, resource_type))
    }

    pub(super) fn insert(&self, method: &'static str, resource_type: Option<&str>) {
        self.kinds().insert(kind(method, resource_type));
    }

    fn kinds(&self) -> MutexGuard<'_, HashSet<(&'static str, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kind(method: &'static str, resource_type: Option<&str>) -> (&'static str, String) {
    (method, resource_type.unwrap_or_default().to_owned())
}

impl Handshake {
    pub(super) fn new(method: &str, resource_type: Option<&str>) -> Self {
        let mut entries = vec![Entry {
            key: "connector_method".into(),
            value: method.into(),
        }];
        if let Some(value) = resource_type.filter(|value| !value.is_empty()) {
            entries.push(Entry {
                key: "connector_resource_type".into(),
                value: value.into(),
            });
        }
        Self {
            token: String::new(),
            descriptors: RateLimitDescriptors { entries },
        }
    }

    /// Returns when the call may be made.
    pub(super) async fn admit<F>(
        &mut self,
        clock: &Arc<dyn Clock>,
        ask: impl Fn(DoRequest) -> F,
    ) -> Result<Admission, Status>
    where
        F: Future<Output = Result<DoResponse, Status>>,
    {
        let deadline = clock.now() + PATIENCE;
        loop {
            let reply = ask(DoRequest {
                request_token: self.token.clone(),
                service: SERVICE.into(),
                descriptors: Some(self.descriptors.clone()),
            })
            .await
            .map_err(|status| Status::unknown(format!("asking the rate limiter: {status}")))?;
            self.token = reply.request_token;
            match verdict(reply.description.as_ref(), clock.now(), deadline)? {
                Verdict::Call(admission) => return Ok(admission),
                Verdict::Wait(duration) => clock.sleep(duration).await,
            }
        }
    }

    pub(super) fn report(self, description: RateLimitDescription) -> ReportRequest {
        ReportRequest {
            request_token: self.token,
            description: Some(description),
            service: SERVICE.into(),
            descriptors: Some(self.descriptors),
        }
    }
}

/// The host of the SDK answers an unknown status with an empty, successful reply: a sync that finds
/// nothing and calls that a success. This one says what is wrong.
fn verdict(
    description: Option<&RateLimitDescription>,
    now: SystemTime,
    deadline: SystemTime,
) -> Result<Verdict, Status> {
    let Some(description) = description else {
        return Err(Status::internal(
            "the rate limiter answered without a description",
        ));
    };
    match description.status() {
        Answer::Ok => Ok(Verdict::Call(Admission::Counted)),
        Answer::Empty => Ok(Verdict::Call(Admission::Unlimited)),
        Answer::Overlimit => {
            let reset = description
                .reset_at
                .as_ref()
                .and_then(from_wire)
                .unwrap_or(now);
            let wait = reset
                .duration_since(now)
                .unwrap_or_default()
                .max(SHORTEST_WAIT);
            if now + wait > deadline {
                return Err(Status::resource_exhausted("overlimit"));
            }
            Ok(Verdict::Wait(wait))
        }
        Answer::Unspecified | Answer::Error => Err(Status::internal(format!(
            "the rate limiter answered {}; it must answer OK, EMPTY or OVERLIMIT",
            description.status().as_str_name()
        ))),
    }
}
