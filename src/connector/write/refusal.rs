//! Why Salesforce refused a write, in words that say what to do.
//!
//! A reason is given only where the code and the kind of write prove it. The org's own words are
//! always passed on, without personal data, because only they name the rule, flow, permission or
//! licence that refused the write.

use crate::baton::{Error, Kind};
use crate::connector::error::{ReadError, kind, quota, wrap};
use crate::salesforce::{self, ErrorCode, catalogue};

/// What was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    /// Granting or revoking something; the noun says what.
    Grant(&'static str),
    /// Activating, deactivating or freezing a user.
    UserState,
    /// Creating a user, or changing its fields.
    UserFields,
}

/// The error of a write that failed. `doing` says what was being done.
pub(super) fn explain(doing: &str, write: Write, error: ReadError) -> Error {
    let error = match error {
        ReadError::Own(error) => return error,
        ReadError::Salesforce(error) => error,
    };
    let may_pass = error.is_transient(true)
        || error.is_ambiguous()
        || error.is_daily_limit()
        || error.is_session_expired();
    if error.is_scim_unavailable() {
        return wrap(doing, error);
    }
    if error.is_refusal_without_code() {
        return uncoded(doing, write, error);
    }
    let Some(code) = error.code().filter(|_| !may_pass) else {
        return wrap(doing, error);
    };
    let words = error.api().and_then(salesforce::ApiError::words);
    let kind = refusal_kind(code, write, kind(&error));
    let reason = reason(code, write).or_else(|| blocker(code, write, words.as_deref()));
    let words = words.map(|words| format!("the org says: {words}"));
    let text = match (reason, words) {
        (Some(reason), Some(words)) => format!("{doing}: {reason}; {words}"),
        (Some(text), None) | (None, Some(text)) => format!("{doing}: {text}"),
        (None, None) => return wrap(doing, error),
    };
    let quota = error.quota().map(quota);
    Error::new(kind, text).with_quota(quota).because(error)
}

/// SCIM refuses in words only. The status tells little more.
fn uncoded(doing: &str, write: Write, error: salesforce::Error) -> Error {
    let kind = match (kind(&error), write) {
        (Kind::NotFound, Write::Grant(_)) => Kind::InvalidArgument,
        (kind @ (Kind::NotFound | Kind::PermissionDenied), _) => kind,
        _ => Kind::FailedPrecondition,
    };
    let reason = match (kind, write) {
        (Kind::InvalidArgument, Write::Grant(noun)) => {
            Some(format!("the user or the {noun} does not exist in this org"))
        }
        (Kind::NotFound, _) => Some("there is no such user".to_owned()),
        (Kind::PermissionDenied, _) => {
            Some("the connector's user needs the permission \"Manage Users\"".to_owned())
        }
        _ => None,
    };
    let words = error.api().and_then(salesforce::ApiError::words);
    let blocker = words.as_deref().filter(|_| write == Write::UserState);
    let blocker = blocker.and_then(catalogue::deactivation).map(str::to_owned);
    let words = words.map(|words| format!("the org says: {words}"));
    let parts: Vec<_> = [reason.or(blocker), words].into_iter().flatten().collect();
    let quota = error.quota().map(quota);
    let text = format!("{doing}: {}", parts.join("; "));
    Error::new(kind, text).with_quota(quota).because(error)
}

fn refusal_kind(code: &ErrorCode, write: Write, kind: Kind) -> Kind {
    match (code, write) {
        _ if is_unknown_record(code) => match write {
            Write::Grant(_) => Kind::InvalidArgument,
            _ if *code == ErrorCode::InvalidCrossReferenceKey => Kind::FailedPrecondition,
            _ => kind,
        },
        // An unknown code is a refusal too.
        (ErrorCode::Other(_) | ErrorCode::UnknownException, _) => Kind::FailedPrecondition,
        // Duplicates that mean "already done" were handled before.
        _ if kind == Kind::AlreadyExists => Kind::FailedPrecondition,
        _ => kind,
    }
}

fn is_unknown_record(code: &ErrorCode) -> bool {
    use ErrorCode as C;
    matches!(
        code,
        C::InvalidCrossReferenceKey | C::NotFound | C::EntityIsDeleted | C::MalformedId
    )
}

/// The reason that a code proves.
fn reason(code: &ErrorCode, write: Write) -> Option<String> {
    use ErrorCode as C;
    Some(match (code, write) {
        (code, Write::Grant(noun)) if is_unknown_record(code) => {
            format!("the user or the {noun} does not exist in this org")
        }
        (C::NotFound | C::EntityIsDeleted, _) => "there is no such record".to_owned(),
        (
            C::InsufficientAccess
            | C::InsufficientAccessOrReadonly
            | C::InsufficientAccessOnCrossReferenceEntity,
            Write::UserState | Write::UserFields,
        ) => "the connector's user needs the permission \"Manage Users\", and nobody can change \
              accounts that Salesforce maintains itself"
            .to_owned(),
        _ => return known(code),
    })
}

/// The reason that the catalogue knows. A code without a text of its own needs its message to be
/// understood, and is left to the org's words.
fn known(code: &ErrorCode) -> Option<String> {
    let advice = catalogue::call(code.as_str(), "")?;
    Some(match code {
        // The remedies of these are in the answer that names the seats, and in the org's words.
        ErrorCode::LicenseLimitExceeded
        | ErrorCode::FieldCustomValidationException
        | ErrorCode::CannotFreezeSelf => advice.cause.to_owned(),
        _ => format!("{}; {}", advice.cause, advice.remedy),
    })
}

/// Where to fix what blocks a deactivation, if the org's words name the cause.
fn blocker(code: &ErrorCode, write: Write, words: Option<&str>) -> Option<String> {
    use ErrorCode as C;
    let may_name_it = matches!(
        code,
        C::FieldIntegrityException | C::DeleteFailed | C::DependencyExists
    );
    let words = words.filter(|_| may_name_it && write == Write::UserState)?;
    catalogue::deactivation(words).map(str::to_owned)
}
