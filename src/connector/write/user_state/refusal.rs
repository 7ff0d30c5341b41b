//! Why Salesforce refuses to change a user, in words that say what to do.
//!
//! Salesforce has one code for a dozen reasons and tells them apart in its message only, so known
//! phrases are recognised. Of any other message the words are passed on without addresses and ids.

use crate::baton::{Error, Kind};
use crate::connector::error::{ReadError, wrap};
use crate::salesforce::{self, ErrorCode};

/// Longest part of an org's own words that is passed on.
const MAX_WORDS: usize = 300;

/// Phrases of a refusal, and what they mean with the Setup place that mends it. The first counts.
const REASONS: &[(&[&str], &str)] = &[
    (
        &["deactivate yourself", "your own user"],
        "the connector signs in as this very user",
    ),
    (
        &["default lead owner"],
        "it is the default lead owner; choose another one in Setup > Lead Settings",
    ),
    (
        &["default lead creator", "web-to-lead"],
        "it is the default creator of web-to-lead; choose another one in Setup > Web-to-Lead",
    ),
    (
        &["lead assignment", "auto-response", "autoresponse"],
        "a rule for leads names it; change Setup > Lead Assignment Rules and Lead Auto-Response \
         Rules",
    ),
    (
        &["default case owner", "automated case user", "case owner"],
        "it is the default case owner or the automated case user; choose another one in Setup > \
         Support Settings",
    ),
    (
        &["case assignment"],
        "a case assignment rule names it; change Setup > Case Assignment Rules",
    ),
    (
        &["default workflow user"],
        "it is the default workflow user; choose another one in Setup > Process Automation \
         Settings",
    ),
    (
        &["email alert", "e-mail alert"],
        "it is the only recipient of a workflow e-mail alert; change Setup > Email Alerts",
    ),
    (
        &["field update", "workflow"],
        "a workflow names it; change Setup > Workflow Rules and Field Updates",
    ),
    (
        &["hierarch"],
        "a hierarchy field of users names it, or would run in a circle; change that field first",
    ),
    (
        &["portal administrator", "portal admin"],
        "it administers a portal or site; choose another administrator in Setup > Digital \
         Experiences",
    ),
    (
        &["approv"],
        "an approval process names it; change Setup > Approval Processes",
    ),
    (
        &["system administrator", "last admin"],
        "Salesforce keeps one active System Administrator; give another active user that profile \
         first",
    ),
];

/// The refusal of a change to a user, in words; `doing` says which change was refused.
pub(in crate::connector::write) fn explain(doing: &str, error: ReadError) -> Error {
    let error = match error {
        ReadError::Own(error) => return error,
        ReadError::Salesforce(error) => error,
    };
    let Some(code) = error.code().cloned() else {
        return wrap(doing, error);
    };
    let reason = match code {
        ErrorCode::CannotDisableLastAdmin => {
            "Salesforce keeps one active System Administrator; give another active user that \
             profile first"
                .to_owned()
        }
        ErrorCode::CannotFreezeSelf => {
            "the connector signs in as this very user, and nobody can freeze itself".to_owned()
        }
        ErrorCode::EntityIsDeleted | ErrorCode::NotFound => {
            return Error::not_found(format!("{doing}: there is no such record")).because(error);
        }
        ErrorCode::InsufficientAccess
        | ErrorCode::InsufficientAccessOrReadonly
        | ErrorCode::InsufficientAccessOnCrossReferenceEntity => {
            let text = "the connector's user needs the permission \"Manage Users\", and accounts \
                        that Salesforce keeps for itself cannot be changed by anybody";
            return Error::new(Kind::PermissionDenied, format!("{doing}: {text}")).because(error);
        }
        ErrorCode::FieldIntegrityException
        | ErrorCode::FieldCustomValidationException
        | ErrorCode::CannotInsertUpdateActivateEntity
        | ErrorCode::DeleteFailed
        | ErrorCode::DependencyExists
        | ErrorCode::InactiveOwnerOrUser
        | ErrorCode::CannotDeleteEntity
        | ErrorCode::Other(_) => words(&error),
        _ => return wrap(doing, error),
    };
    Error::precondition(format!("{doing}: {reason}")).because(error)
}

/// A known reason, or the org's own words.
fn words(error: &salesforce::Error) -> String {
    let message = error.api().map_or("", |api| api.message());
    let lower = message.to_lowercase();
    let known = REASONS
        .iter()
        .find(|(phrases, _)| phrases.iter().any(|it| lower.contains(it)));
    match known {
        Some((_, reason)) => (*reason).to_owned(),
        None => format!("the org says: {}", without_data(message)),
    }
}

/// An org's sentence without what may be an address or an id.
pub(in crate::connector::write) fn without_data(message: &str) -> String {
    let shown = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let is_id = matches!(bare.len(), 15 | 18)
            && bare.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && bare.bytes().any(|byte| byte.is_ascii_digit());
        if word.contains('@') || is_id {
            "…".to_owned()
        } else {
            word.to_owned()
        }
    };
    let words: Vec<String> = message.split_whitespace().map(shown).collect();
    let text: String = words.join(" ").chars().take(MAX_WORDS).collect();
    if text.is_empty() {
        "nothing more".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orgs_words_lose_addresses_and_ids() {
        assert_eq!(
            without_data("jane@acme.example owns (0053h000001Xik5GAC) and a\nqueue."),
            "… owns … and a queue."
        );
        assert_eq!(without_data(""), "nothing more");
    }
}
