//! Takes all permission sets from a user in one SCIM request, which leaves it the profile.
//!
//! SCIM knows no other way to take a permission set away. The request either takes all or none; if
//! the org refuses it, the rows are deleted one by one, and each says why it stays.

use tracing::warn;

use super::held::{ASSIGNMENT, Held};
use crate::baton::Result;
use crate::connector::error::ReadError;
use crate::connector::read::table::{IdRow, Row};
use crate::connector::write::attempt::Attempt;
use crate::connector::write::change::{Change, Truth, Verb};
use crate::salesforce::scim::Patch;
use crate::salesforce::soql::{Select, field};
use crate::salesforce::{Error, SalesforceId};

/// Rows that one question about their end names.
const MAX_ROWS: usize = 200;

/// Returns the rows that are gone, and those that are still to be deleted.
pub(super) async fn empty(
    user: SalesforceId,
    profile: SalesforceId,
    rows: Vec<Held>,
    attempt: &mut Attempt<'_>,
) -> Result<(Vec<Held>, Vec<Held>)> {
    let (sets, rest): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.is_set);
    if sets.is_empty() {
        return Ok((sets, rest));
    }
    let together = |sets: Vec<Held>, rest: Vec<Held>| [sets, rest].concat();
    if sets.len() > MAX_ROWS {
        return Ok((Vec::new(), together(sets, rest)));
    }
    let rows = field("Id").in_ids(sets.iter().map(|row| row.id));
    let change = Change {
        verb: Verb::Patch(user, Patch::only_entitlement(profile)),
        object: ASSIGNMENT,
        truth: Truth::no_row(ASSIGNMENT, rows.clone()),
    };
    match attempt.apply(&change).await {
        Ok(()) => {
            // An assignment that has expired is no entitlement, and may still be there.
            let select = Select::from(ASSIGNMENT).field("Id").filter(rows);
            let left: Vec<_> = match attempt.query::<IdRow>(&select).await {
                Ok(left) => left.iter().map(Row::id).collect(),
                // Deleting what is gone does no harm.
                Err(_) => sets.iter().map(|row| row.id).collect(),
            };
            let (left, gone) = sets.into_iter().partition(|row| left.contains(&row.id));
            Ok((gone, together(left, rest)))
        }
        Err(ReadError::Salesforce(error)) if is_refusal(&error) => {
            let (code, status) = (error.code().map(ToString::to_string), status(&error));
            warn!(sf.id = %user, code, status, "SCIM keeps the permission sets; going on over REST");
            Ok((Vec::new(), together(sets, rest)))
        }
        // It is known that some are still there.
        Err(ReadError::Own(error)) if !attempt.is_unsure() => {
            warn!(sf.id = %user, error = error.chain(), "going on over REST");
            Ok((Vec::new(), together(sets, rest)))
        }
        Err(error) => Err(error.wrap(format!("releasing user {user} over SCIM"))),
    }
}

/// Whether the org refuses for a reason that lies in the permission sets, and that does not pass by
/// itself.
fn is_refusal(error: &Error) -> bool {
    let is_of_service = error.is_scim_unavailable()
        || error.is_session_expired()
        || error.is_daily_limit()
        || error.is_transient(true);
    (error.code().is_some() || error.is_refusal_without_code()) && !is_of_service
}

fn status(error: &Error) -> Option<u16> {
    error.api().map(crate::salesforce::ApiError::status)
}
