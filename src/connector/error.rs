//! Salesforce's errors become the domain's: the only place where the two error types meet.
//!
//! Salesforce's error code decides the kind, not the HTTP status.

use std::time::Duration;

use crate::baton::{Error, Kind, Quota};
use crate::salesforce::{self, ErrorCode};

/// A throttled org is asked again after this, unless it named a time.
const THROTTLED: Duration = Duration::from_secs(5);

/// Wraps `error` for a call that names one thing; `doing` says what was being done.
pub(super) fn wrap(doing: impl Into<String>, error: salesforce::Error) -> Error {
    let kind = kind(&error);
    let wait = error
        .retry_after()
        .or((kind == Kind::Unavailable && error.is_throttled()).then_some(THROTTLED));
    let quota = error.quota().map(quota);
    let exhausted = error.is_exhausted();
    let mut doing = doing.into();
    if let Some(remedy) = remedy(&error) {
        doing = format!("{doing} ({remedy})");
    }
    Error::new(kind, doing)
        .retry_after(wait)
        .with_quota(quota)
        .retries_exhausted(exhausted)
        .because(error)
}

/// Wraps `error` for a listing. A host drops rows silently when a listing answers `NotFound`, so
/// this one never does.
pub(super) fn wrap_listing(doing: impl Into<String>, error: salesforce::Error) -> Error {
    if kind(&error) == Kind::NotFound {
        return Error::precondition(doing).because(error);
    }
    wrap(doing, error)
}

/// Whether Salesforce refused for a reason that does not pass by itself.
pub(super) fn is_refusal(error: &salesforce::Error) -> bool {
    error.code().is_some()
        && !(error.is_transient(true)
            || error.is_ambiguous()
            || error.is_daily_limit()
            || error.is_session_expired())
}

pub(super) fn kind(error: &salesforce::Error) -> Kind {
    if error.is_daily_limit() || error.is_wait_too_long() {
        return Kind::ResourceExhausted;
    }
    if error.is_login_refused() || error.is_session_expired() {
        return Kind::Unauthenticated;
    }
    if error.is_network_misconfigured() || error.is_scim_unavailable() {
        return Kind::FailedPrecondition;
    }
    if error.is_throttled() || error.is_transient(true) {
        return Kind::Unavailable;
    }
    match error {
        // The same answer would come again: a host that asks until it gets another asks for ever.
        salesforce::Error::Unreadable {
            flaw, operation, ..
        } if !flaw.may_pass() && !operation.is_write() => Kind::Internal,
        salesforce::Error::Auth(_) | salesforce::Error::Unreadable { .. } => Kind::Unavailable,
        salesforce::Error::DryRun { .. } => Kind::FailedPrecondition,
        salesforce::Error::Soql(_) | salesforce::Error::Invalid(_) => Kind::InvalidArgument,
        salesforce::Error::Api { source, .. } => source
            .code()
            .map_or_else(|| by_status(source.status()), by_code),
        _ => Kind::Unknown,
    }
}

fn by_code(code: &ErrorCode) -> Kind {
    use ErrorCode as C;
    if code.is_duplicate() {
        return Kind::AlreadyExists;
    }
    if code.is_not_found() {
        return Kind::NotFound;
    }
    match code {
        C::FunctionalityNotEnabled
        | C::ApiDisabledForOrg
        | C::ApiCurrentlyDisabled
        | C::InsufficientAccess
        | C::InsufficientAccessOrReadonly
        | C::InsufficientAccessOnCrossReferenceEntity
        | C::InvalidFieldForInsertUpdate
        | C::TxnSecurityMeteringError => Kind::PermissionDenied,
        C::QueryTimeout | C::UnableToLockRow | C::ServerUnavailable | C::InvalidQueryLocator => {
            Kind::Unavailable
        }
        C::InvalidField
        | C::LicenseLimitExceeded
        | C::FieldCustomValidationException
        | C::FieldIntegrityException
        | C::CannotInsertUpdateActivateEntity
        | C::CannotDisableLastAdmin
        | C::CannotFreezeSelf
        | C::CannotDeleteEntity
        | C::DeleteFailed
        | C::DependencyExists
        | C::EntityIsLocked
        | C::InactiveOwnerOrUser
        | C::PackageLicenseRequired
        | C::InvalidType
        | C::EntityNotQueryable
        | C::OperationTooLarge
        | C::QueryTooComplicated => Kind::FailedPrecondition,
        C::MixedDmlOperation
        | C::MalformedQuery
        | C::UnknownException
        | C::UnsupportedApiVersion => Kind::Internal,
        _ => Kind::InvalidArgument,
    }
}

/// What a status means if Salesforce gave no code.
///
/// The Baton SDK maps HTTP statuses in the same way.
fn by_status(status: u16) -> Kind {
    match status {
        // Nobody follows a redirect: the configuration or the org has to change first.
        300..=399 => Kind::FailedPrecondition,
        401 => Kind::Unauthenticated,
        403 => Kind::PermissionDenied,
        404 => Kind::NotFound,
        408 => Kind::DeadlineExceeded,
        409 => Kind::AlreadyExists,
        501 => Kind::Unimplemented,
        429 | 500.. => Kind::Unavailable,
        _ => Kind::InvalidArgument,
    }
}

/// What a refused call means, and where to fix it in Setup. The network and refused sign-ins say so
/// themselves.
fn remedy(error: &salesforce::Error) -> Option<String> {
    let advice = error.advice().filter(|_| error.api().is_some())?;
    Some(format!("{}: {}", advice.cause, advice.remedy))
}

/// Why something could not be read or written. Kept apart, because an object that the org does not
/// show is no failure of a listing, and a refusal is explained by its code.
#[derive(Debug)]
pub(super) enum ReadError {
    /// Salesforce's own error.
    Salesforce(salesforce::Error),
    /// The connector's error, which is final.
    Own(Error),
}

impl From<Error> for ReadError {
    fn from(error: Error) -> Self {
        Self::Own(error)
    }
}

impl ReadError {
    /// The error of a call that names one thing; `doing` says what was being done.
    pub(super) fn wrap(self, doing: impl Into<String>) -> Error {
        match self {
            Self::Own(error) => error,
            Self::Salesforce(error) => wrap(doing, error),
        }
    }

    /// The error of a listing; `doing` says what was being done.
    pub(super) fn in_listing(self, doing: impl Into<String>) -> Error {
        match self {
            Self::Own(error) => error,
            Self::Salesforce(error) => wrap_listing(doing, error),
        }
    }
}

/// The client's quota in the domain's terms.
pub(super) fn quota(quota: &crate::salesforce::Quota) -> Quota {
    Quota {
        used: quota.used,
        limit: quota.limit,
    }
}
