//! The one error of the domain. It knows no transport: `wire::status` turns it into a gRPC status.

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
    /// The request is wrong; repeating it cannot help.
    InvalidArgument,
    /// The one thing that was asked for does not exist. Hosts drop the action silently when a
    /// listing says so, so listings never do.
    NotFound,
    /// The thing exists already.
    AlreadyExists,
    /// The credentials lack a permission.
    PermissionDenied,
    /// The credentials were refused.
    Unauthenticated,
    /// The state of the system forbids it until somebody changes that state.
    FailedPrecondition,
    /// The quota is used up for long; hosts stop.
    ResourceExhausted,
    /// Passing trouble; hosts wait and repeat.
    Unavailable,
    /// An answer did not come in time; hosts wait and repeat.
    DeadlineExceeded,
    /// The connector does not offer this.
    Unimplemented,
    /// A defect of the connector or of its upstream system.
    Internal,
    /// The caller went away.
    Cancelled,
    /// No better kind is known.
    Unknown,
}

/// A failure: what was being done, of which kind it is, and why (the source).
///
/// `Display` never contains the source; the boundary prints the chain.
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
    /// An error of `kind` that says what was being done and what the user can do.
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

    /// Adds the reason.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds how long to wait before trying again.
    #[must_use]
    pub fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// Adds what the upstream system said of its quota.
    #[must_use]
    pub fn with_quota(mut self, quota: Option<Quota>) -> Self {
        self.quota = quota;
        self
    }

    /// Adds that a write was sent of which nobody knows whether it happened.
    #[must_use]
    pub fn unsure(mut self) -> Self {
        self.is_unsure = true;
        self
    }

    /// Whether a write was sent of which nobody knows whether it happened.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        self.is_unsure
    }

    /// Adds whether a lower layer has already retried and given up. The services then return the
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

    /// Puts what was being done before the error, which becomes the reason. All its properties
    /// stay: kind, waiting time, quota, and what is known about retries and writes.
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

    /// How long to wait before trying again, if the upstream system said so.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The quota known when it failed.
    #[must_use]
    pub fn quota(&self) -> Option<Quota> {
        self.quota
    }

    /// The message with all its sources, outermost first, joined by `: `.
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
