//! Why Salesforce refused a write, in words that say what to do.
//!
//! A reason is given only where the code and the kind of write prove it. The org's own words are
//! always passed on, without personal data, because only they name the rule, flow, permission or
//! licence that refused the write.

use crate::baton::{Error, Kind};
use crate::connector::error::{ReadError, kind, quota, wrap};
use crate::salesforce::{self, ErrorCode};

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

/// Phrases of refused deactivations, and where to fix the cause in Setup. Salesforce has no codes
/// of its own for these causes. They are those of "Considerations for Deactivating Users" in
/// Salesforce Help.
const BLOCKERS: &[(&str, &str)] = &[
    ("deactivate yourself", "the connector signs in as this user"),
    (
        "default lead owner",
        "choose another default lead owner in Setup > Lead Settings",
    ),
    (
        "default lead creator",
        "choose another default creator in Setup > Web-to-Lead",
    ),
    (
        "web-to-lead",
        "choose another default creator in Setup > Web-to-Lead",
    ),
    (
        "lead assignment rule",
        "change Setup > Lead Assignment Rules",
    ),
    (
        "auto-response rule",
        "change Setup > Lead Auto-Response Rules",
    ),
    (
        "default case owner",
        "choose another default case owner in Setup > Support Settings",
    ),
    (
        "automated case user",
        "choose another automated case user in Setup > Support Settings",
    ),
    (
        "case assignment rule",
        "change Setup > Case Assignment Rules",
    ),
    (
        "default workflow user",
        "choose another default workflow user in Setup > Process Automation Settings",
    ),
    (
        "workflow email alert",
        "change the recipients in Setup > Email Alerts",
    ),
    ("workflow field update", "change Setup > Field Updates"),
    (
        "portal administrator",
        "choose another administrator in Setup > Digital Experiences",
    ),
];

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
        (C::CannotDisableLastAdmin, _) => {
            "the user is the last active System Administrator of the org; give another active user \
             that profile first"
                .to_owned()
        }
        (C::CannotFreezeSelf, _) => {
            "the connector signs in as this user, and nobody can freeze themselves".to_owned()
        }
        (C::LicenseLimitExceeded, _) => "no seat of the licence is left".to_owned(),
        (
            C::InsufficientAccess
            | C::InsufficientAccessOrReadonly
            | C::InsufficientAccessOnCrossReferenceEntity,
            Write::UserState | Write::UserFields,
        ) => "the connector's user needs the permission \"Manage Users\", and nobody can change \
              accounts that Salesforce maintains itself"
            .to_owned(),
        (
            C::InsufficientAccess
            | C::InsufficientAccessOrReadonly
            | C::InsufficientAccessOnCrossReferenceEntity,
            Write::Grant(_),
        ) => "the connector's user lacks a permission; docs/permissions.md lists what each \
              feature needs"
            .to_owned(),
        (C::FieldCustomValidationException, _) => {
            "a validation rule or trigger of the org does not allow it".to_owned()
        }
        _ => return None,
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
    let words = words.to_lowercase();
    let (_, place) = BLOCKERS.iter().find(|(phrase, _)| words.contains(phrase))?;
    Some((*place).to_owned())
}
