//! The handshake with the connector's own rate limiter, before and after a call.
//!
//! A limiter that answers `EMPTY` does not limit this kind of call and is not asked about it again.
//! Otherwise two of three calls of a sync would go to the limiter for nothing, because this host
//! configures none.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::{Mutex, MutexGuard};
use tonic::Status;

use super::clock::{Clock, from_wire};
use crate::pb::ratelimit::rate_limit_description::Status as Answer;
use crate::pb::ratelimit::rate_limit_descriptors::Entry;
use crate::pb::ratelimit::{
    DoRequest, DoResponse, RateLimitDescription, RateLimitDescriptors, ReportRequest,
};

const SERVICE: &str = "connector";
/// The total wait of the SDK's host, from the first attempt on.
const PATIENCE: Duration = Duration::from_mins(65);
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// The handshake of one call.
#[derive(Debug)]
pub(super) struct Handshake {
    token: String,
    descriptors: RateLimitDescriptors,
}

/// Whether the limiter counts this kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Counted,
    Unlimited,
}

/// How to proceed after the rate limiter responds.
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
        self.0.lock()
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

    /// Waits until the call may be made.
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
            .map_err(unanswered)?;
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

/// For an unknown status, the SDK's host returns an empty, successful reply, so a sync finds nothing
/// and succeeds. This host returns an error.
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

/// A failure to ask. What broke the connection stays its source, by which the death of a connector
/// is told from its answers.
fn unanswered(status: Status) -> Status {
    let mut unanswered = Status::unknown(format!("asking the rate limiter: {status}"));
    if std::error::Error::source(&status).is_some() {
        unanswered.set_source(Arc::new(status));
    }
    unanswered
}
