//! Whether the connector's user may use SCIM. Asked only if the options want it, in one call.

use super::network::not_reached;
use crate::baton;
use crate::causes::chain;
use crate::connector::error::wrap;
use crate::doctor::{Check, Report, State, Weight};
use crate::salesforce::catalogue::NO_SCIM;
use crate::salesforce::{ApiError, Client, Error};

const ID: &str = "connection.scim";
const DOING: &str = "using SCIM, which --lifecycle-api asks for";

/// Fails if SCIM cannot be used: nothing goes over REST unasked.
pub(super) async fn require(client: &Client) -> baton::Result<()> {
    let Err(error) = client.scim().probe().await else {
        return Ok(());
    };
    if error.is_scim_unavailable() || refused_with(&error).is_none() {
        return Err(wrap(DOING, error));
    }
    let text = format!("{DOING} ({}: {})", NO_SCIM.cause, NO_SCIM.remedy);
    Err(baton::Error::precondition(text).because(error))
}

/// Adds the check of SCIM to a report.
pub async fn examine_scim(client: &Client, mut report: Report) -> Report {
    let has_session = report
        .checks
        .iter()
        .any(|check| check.id == "connection.session" && check.state == State::Allowed);
    let check = if has_session {
        check(client).await
    } else {
        not_reached(ID, "the session")
    };
    report.checks.push(check.weighing(Weight::Vital));
    report.judged()
}

async fn check(client: &Client) -> Check {
    let Err(error) = client.scim().probe().await else {
        let seen = "users can be read over SCIM".to_owned();
        return Check::new(ID, State::Allowed).because(seen);
    };
    let state = match refused_with(&error) {
        Some(403) => State::Denied,
        Some(_) => State::Absent,
        None => return Check::new(ID, State::Unknown).because(chain(&error)),
    };
    Check::new(ID, state)
        .because(format!("{}: {}", NO_SCIM.cause, chain(&error)))
        .fix(NO_SCIM.remedy)
}

/// The status of an answer which means that SCIM is not there or not for this user.
fn refused_with(error: &Error) -> Option<u16> {
    let status = error.api().map(ApiError::status)?;
    let is_other = error.is_session_expired() || error.is_daily_limit() || error.is_throttled();
    (matches!(status, 403 | 404 | 405 | 501) && !is_other).then_some(status)
}
