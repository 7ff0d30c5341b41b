//! Errors of calls to Salesforce.
//!
//! `Display` says what the call was for; `source()` says why it failed. Neither contains a body, a
//! token, a URL or personal data. Must not know: gRPC, Baton, or the caller.

use std::{borrow::Cow, time::Duration};

mod api;
mod code;
mod missing_field;
mod other_body;
mod scim_body;
mod words;

pub(super) use self::words::redact;
pub use self::{
    api::{ApiError, Problem},
    code::ErrorCode,
    missing_field::MissingField,
};
use super::{
    answer::WebPage,
    attempts::Attempts,
    auth::{AuthError, Refusal},
    http::SetupError,
    limits::Quota,
    obstacle::{NoAnswer, Obstacle},
    soql::SoqlError,
};

/// The result of a call to Salesforce.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The sign-in failed.
    #[error("cannot log in to Salesforce")]
    Auth(#[source] AuthError),
    /// Salesforce refused the request.
    #[error("Salesforce refused to {operation}")]
    Api {
        /// What was asked, for people (`query User`).
        operation: Operation,
        /// The answer.
        #[source]
        source: Box<ApiError>,
    },
    /// No connection. Nothing was sent.
    #[error("cannot reach Salesforce to {operation}")]
    NotSent {
        /// What was asked.
        operation: Operation,
        /// What was in the way.
        #[source]
        source: NoAnswer,
    },
    /// The request was sent, but no complete answer came back.
    #[error("the connection to Salesforce was lost while asking to {operation}")]
    Lost {
        /// What was asked.
        operation: Operation,
        /// What was in the way.
        #[source]
        source: NoAnswer,
    },
    /// The answer has a body that cannot be used.
    #[error("cannot read the answer of Salesforce to {operation} (HTTP {status}): {flaw}")]
    Unreadable {
        /// What was asked.
        operation: Operation,
        /// The HTTP status.
        status: u16,
        /// What is wrong with the body; never a part of it.
        flaw: Flaw,
    },
    /// Only the API calls that are reserved for other clients remain.
    #[error(
        "{used} of {limit} daily API calls of the org are used and {reserve} are reserved for \
         others; nothing was sent"
    )]
    ReserveReached {
        /// Calls used, as last heard.
        used: u64,
        /// Calls allowed.
        limit: u64,
        /// Calls that must be left to others.
        reserve: u64,
    },
    /// A write in a dry run. Nothing was sent.
    #[error("dry run: would {operation} ({method} {path})")]
    DryRun {
        /// What was asked.
        operation: Operation,
        /// The HTTP method.
        method: &'static str,
        /// The path below the API version, without query.
        path: String,
    },
    /// The query cannot be expressed in SOQL.
    #[error("cannot write the query")]
    Soql(#[source] SoqlError),
    /// The caller's request cannot be sent.
    #[error("cannot send the request: {0}")]
    Invalid(&'static str),
    /// The HTTP client could not be created.
    #[error("cannot set up the HTTP client")]
    Setup(#[source] SetupError),
}

/// What is wrong with a response body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// It ends too early.
    #[error("it ends too early")]
    Truncated,
    /// It is not JSON.
    #[error("it is not JSON")]
    NotJson,
    /// It is not CSV, or it has other columns than were asked for.
    #[error("it is not CSV with the columns that were asked for")]
    NotCsv,
    /// It is a page for a browser.
    #[error("it is {WebPage}")]
    Page,
    /// It is JSON of another shape.
    #[error("it has an unexpected shape at line {line}, column {column}")]
    Shape {
        /// Line of the first surprise.
        line: usize,
        /// Column of the first surprise.
        column: usize,
    },
    /// It is larger than the limit.
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    /// It shows the record without the change that was asked for.
    #[error("it does not show the change")]
    Unproven,
}

impl Flaw {
    /// Whether another answer to the same request may be without it. A body that is too large or
    /// complete and of another shape comes again as it was.
    #[must_use]
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Truncated | Self::NotJson | Self::Page)
    }
}

/// What a request is for: a verb and an object, whether it changes the org, and after a failure how
/// often it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    name: Cow<'static, str>,
    write: bool,
    attempts: Attempts,
}

impl Operation {
    pub(crate) fn new(name: impl Into<Cow<'static, str>>, write: bool) -> Self {
        Self {
            name: name.into(),
            write,
            attempts: Attempts::default(),
        }
    }

    /// Whether it may change the org.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.write
    }

    /// The name for people, such as `query User`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Error {
    /// HTTP requests that were sent and failed with this error, repetitions included.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.attempts().calls
    }

    /// Whether the transport has repeated the request as often as it may. Whoever called it gives
    /// up too: retries of several layers would multiply.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.attempts().exhausted
    }

    fn attempts(&self) -> Attempts {
        match self {
            Self::Auth(source) => source.attempts,
            Self::Api { operation, .. }
            | Self::NotSent { operation, .. }
            | Self::Lost { operation, .. }
            | Self::Unreadable { operation, .. } => operation.attempts,
            _ => Attempts::default(),
        }
    }

    pub(crate) fn with_attempts(mut self, made: Attempts) -> Self {
        match &mut self {
            Self::Auth(source) => source.attempts = made,
            Self::Api { operation, .. }
            | Self::NotSent { operation, .. }
            | Self::Lost { operation, .. }
            | Self::Unreadable { operation, .. } => operation.attempts = made,
            _ => {}
        }
        self
    }

    /// A refusal by Salesforce, as an answer inside another one that was one call.
    pub(crate) fn refused(operation: Operation, source: ApiError) -> Self {
        Self::Api {
            operation,
            source: Box::new(source),
        }
    }

    /// A success whose body is not what it should be.
    pub(crate) fn unreadable(operation: Operation, status: u16, flaw: Flaw) -> Self {
        Self::Unreadable {
            operation,
            status,
            flaw,
        }
    }

    /// Salesforce's code, when it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&ErrorCode> {
        self.api()?.code()
    }

    /// Salesforce's answer, when there is one.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api { source, .. } => Some(source),
            _ => None,
        }
    }

    /// The field that an `INVALID_FIELD` is about, if Salesforce names it.
    #[must_use]
    pub fn missing_field(&self) -> Option<MissingField<'_>> {
        self.api()?.missing_field()
    }

    /// How long Salesforce asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Auth(refusal) => refusal.retry_after(),
            error => error.api()?.retry_after(),
        }
    }

    /// Whether Salesforce asks for a longer wait than
    /// [`RetryPolicy::max_retry_after`](super::RetryPolicy::max_retry_after): whoever asked gives
    /// up for now, as when the day's calls are used.
    #[must_use]
    pub fn is_wait_too_long(&self) -> bool {
        self.attempts().wait_too_long
    }

    /// What was left of the org's calls, when the failed answer told it.
    #[must_use]
    pub fn quota(&self) -> Option<&Quota> {
        self.api()?.quota()
    }

    /// Whether a write was sent and may have been done: the caller reads what is true before it
    /// sends the write again. A refusal is not ambiguous, whatever its code.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::Lost { operation, .. } | Self::Unreadable { operation, .. } => operation.write,
            Self::Api { operation, source } => operation.write && source.may_have_run(),
            _ => false,
        }
    }

    /// Whether the org does not have the object, or hides it from this user. A reader can continue
    /// without it.
    #[must_use]
    pub fn is_object_unavailable(&self) -> bool {
        self.code().is_some_and(ErrorCode::is_object_unavailable)
    }

    /// Whether Salesforce rejects the session, even after a new sign-in.
    #[must_use]
    pub fn is_session_expired(&self) -> bool {
        self.api().is_some_and(ApiError::is_session_expired)
    }

    /// Whether the org's daily API calls are used up. A retry makes no sense for hours.
    #[must_use]
    pub fn is_daily_limit(&self) -> bool {
        matches!(self, Self::ReserveReached { .. })
            || self.api().is_some_and(ApiError::is_daily_limit)
    }

    /// Whether Salesforce throttles: too many calls at once, or too many sign-ins.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        match self {
            Self::Auth(refusal) => matches!(
                refusal.refusal(),
                Refusal::RateLimited | Refusal::SessionsEnd
            ),
            error => error.api().is_some_and(ApiError::is_throttled),
        }
    }

    /// Whether the record does not exist, or no longer.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.api().is_some_and(ApiError::is_not_found)
    }

    /// Whether the org has no SCIM service, or keeps it from this user.
    #[must_use]
    pub fn is_scim_unavailable(&self) -> bool {
        self.api().is_some_and(ApiError::is_scim_unavailable)
    }

    /// Whether Salesforce refused in words only, as SCIM does.
    #[must_use]
    pub fn is_refusal_without_code(&self) -> bool {
        self.api().is_some_and(ApiError::is_refusal_without_code)
    }

    /// What was in the way, if no answer came.
    #[must_use]
    pub fn obstacle(&self) -> Option<Obstacle> {
        match self {
            Self::Auth(refusal) => refusal.obstacle(),
            Self::NotSent { source, .. } | Self::Lost { source, .. } => Some(source.obstacle()),
            _ => None,
        }
    }

    /// Whether the network has to be set up differently before any request can succeed.
    #[must_use]
    pub fn is_network_misconfigured(&self) -> bool {
        self.obstacle().is_some_and(Obstacle::is_lasting)
    }

    /// Whether the sign-in was refused and a retry cannot succeed.
    #[must_use]
    pub fn is_login_refused(&self) -> bool {
        matches!(self, Self::Auth(refusal) if refusal.is_permanent())
    }
}
