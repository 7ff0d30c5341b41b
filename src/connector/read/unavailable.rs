//! Objects that the org does not have, or hides from the connector's user.
//!
//! Such an object costs its rows, not the sync: the listing is empty, and one warning per sync
//! names object, cause and remedy. The listing never fails with `NotFound`, because hosts would
//! then drop the stored rows without a word.

use tracing::warn;

use super::sync_memory::SyncMemory;
use crate::salesforce::{Error, ErrorCode};

/// Whether `error` means that the rows of `object` are left out of the sync; reports it if so.
pub(in crate::connector) fn is_unavailable(
    memory: &SyncMemory,
    object: &'static str,
    remedy: &'static str,
    error: &Error,
) -> bool {
    let is_unavailable = error.is_object_unavailable();
    if is_unavailable {
        report(memory, object, remedy, error);
    }
    is_unavailable
}

/// The same if the org does not show `parent`, without which nobody can tell which rows of `object`
/// count.
pub(in crate::connector) fn lacks_parent(
    memory: &SyncMemory,
    object: &'static str,
    parent: &str,
    remedy: &'static str,
    error: &Error,
) -> bool {
    let lacks_parent = error
        .missing_field()
        .is_some_and(|field| field.is_relationship && field.name.eq_ignore_ascii_case(parent));
    if lacks_parent {
        report(memory, object, remedy, error);
    }
    lacks_parent
}

/// The same for a description, which Salesforce does not find if the user may not see the object.
pub(in crate::connector) fn is_undescribed(
    memory: &SyncMemory,
    object: &'static str,
    remedy: &'static str,
    error: &Error,
) -> bool {
    let is_undescribed = error.is_object_unavailable() || error.is_not_found();
    if is_undescribed {
        report(memory, object, remedy, error);
    }
    is_undescribed
}

/// One warning in a sync.
fn report(memory: &SyncMemory, object: &'static str, remedy: &'static str, error: &Error) {
    let code = error.code().map_or("", ErrorCode::as_str);
    // What a permission is missing for is known better here than in the catalogue.
    let cause = match (error.code(), error.advice()) {
        (Some(ErrorCode::InvalidType | ErrorCode::EntityNotQueryable), Some(advice)) => {
            advice.cause
        }
        _ => "the connector's user may not read it",
    };
    let report =
        format!("{object} could not be read and is left out of this sync: {cause}; {remedy}");
    if memory.leave_out(object, report.clone()) {
        warn!(
            sf.object = object,
            sf.error_code = code,
            cause,
            remedy,
            "{report}"
        );
    }
}
