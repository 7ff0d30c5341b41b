//! The error of a connector. It does not depend on gRPC: `wire::status` converts it.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use super::Quota;
use crate::causes;

/// A result with the domain's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it is. Hosts react to the kind, not to the text: the syncer of the Baton SDK
/// retries `Unavailable` and `DeadlineExceeded` only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request is wrong. Repeating it cannot help.
    InvalidArgument,
    /// The requested object does not exist. A listing never returns this kind: hosts would drop its
    /// rows without a message.
    NotFound,
    /// The object exists already.
    AlreadyExists,
    /// The credentials lack a permission.
    PermissionDenied,
    /// The upstream system rejected the credentials.
    Unauthenticated,
    /// The state of the upstream system does not allow it, until somebody changes that state.
    FailedPrecondition,
    /// The quota is used up for a long time. Hosts give up.
    ResourceExhausted,
    /// A temporary failure. Hosts wait and retry.
    Unavailable,
    /// The upstream system did not answer in time. Hosts wait and retry.
    DeadlineExceeded,
    /// The connector does not offer this.
    Unimplemented,
    /// A bug of the connector or of the upstream system.
    Internal,
    /// The caller cancelled the call.
    Cancelled,
    /// None of the other kinds.
    Unknown,
}

/// A failure: what the connector was doing, the kind of the failure, and its cause (the source).
///
/// `Display` never contains the source. [`Error::chain`] does, and is what hosts get.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    retry_after: Option<Duration>,
    quota: Option<Quota>,
    is_unsure: bool,
    has_exhausted_retries: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Creates an error. `message` says what the connector was doing, and what the user can do about
    /// it.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            retry_after: None,
            quota: None,
            is_unsure: false,
            has_exhausted_retries: false,
            source: None,
        }
    }

    /// Shorthand for [`Kind::InvalidArgument`].
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::InvalidArgument, message)
    }

    /// Shorthand for [`Kind::FailedPrecondition`].
    pub fn precondition(message: impl Into<String>) -> Self {
        Self::new(Kind::FailedPrecondition, message)
    }

    /// Shorthand for [`Kind::NotFound`].
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// Shorthand for [`Kind::Unimplemented`].
    pub fn unimplemented(message: impl Into<String>) -> Self {
        Self::new(Kind::Unimplemented, message)
    }

    /// Shorthand for [`Kind::Internal`].
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message)
    }

    /// Sets the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Sets how long to wait before a retry. Hosts get it as a rate-limit annotation.
    #[must_use]
    pub fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// Sets the upstream system's quota. Hosts get it as a rate-limit annotation.
    #[must_use]
    pub fn with_quota(mut self, quota: Option<Quota>) -> Self {
        self.quota = quota;
        self
    }

    /// Marks that a write was sent whose effect is unknown.
    #[must_use]
    pub fn unsure(mut self) -> Self {
        self.is_unsure = true;
        self
    }

    /// Whether a write was sent whose effect is unknown.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        self.is_unsure
    }

    /// Sets whether a lower layer has already retried and given up. The services then return the
    /// error at once instead of retrying the whole call.
    #[must_use]
    pub fn retries_exhausted(mut self, exhausted: bool) -> Self {
        self.has_exhausted_retries = exhausted;
        self
    }

    /// Whether a lower layer has already retried and given up.
    #[must_use]
    pub fn has_exhausted_retries(&self) -> bool {
        self.has_exhausted_retries
    }

    /// Wraps the error in one that says what the caller was doing. The wrapper keeps its kind,
    /// waiting time, quota, and what is known about retries and writes.
    #[must_use]
    pub fn context(self, doing: impl Into<String>) -> Self {
        Self {
            kind: self.kind,
            message: doing.into(),
            retry_after: self.retry_after,
            quota: self.quota,
            is_unsure: self.is_unsure,
            has_exhausted_retries: self.has_exhausted_retries,
            source: Some(Box::new(self)),
        }
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How long to wait before a retry, if the upstream system asks for it.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The upstream system's quota, if it is known.
    #[must_use]
    pub fn quota(&self) -> Option<Quota> {
        self.quota
    }

    /// The message and those of all sources, outermost first, joined by `: `.
    #[must_use]
    pub fn chain(&self) -> String {
        causes::chain(self)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_leaves_the_source_to_the_chain() {
        let error = Error::internal("listing users").because("the disk is full");
        assert_eq!(error.to_string(), "listing users");
        assert_eq!(error.chain(), "listing users: the disk is full");
    }

    #[test]
    fn context_keeps_every_property() {
        let wait = Some(Duration::from_secs(7));
        let quota = Some(Quota { used: 1, limit: 2 });
        let error = Error::new(Kind::Unavailable, "busy")
            .retry_after(wait)
            .with_quota(quota)
            .retries_exhausted(true)
            .unsure()
            .context("granting");
        assert_eq!(error.chain(), "granting: busy");
        assert_eq!(
            (error.kind(), error.wait(), error.quota()),
            (Kind::Unavailable, wait, quota)
        );
        assert!(error.has_exhausted_retries() && error.is_unsure());
    }
}
