//! What ends by itself: the way to sign in, the trial of the org, a password, approvals.

use std::collections::BTreeMap;

use super::probe::{Record, text};
use super::sign_in::SignIn;
use crate::doctor::{Check, State, Weight};
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Select, field};

/// Approvals that Salesforce keeps for one user and app.
const APPROVALS: usize = 5;

/// The query for the end of the org's trial.
pub(super) fn trial() -> Select {
    Select::from("Organization")
        .field("TrialExpirationDate")
        .limit(1)
}

/// What the answer to [`trial`] says. A query that the org refuses is no finding.
pub(super) fn trial_check(rows: &[Record]) -> Option<Check> {
    let end = date(rows, "TrialExpirationDate")?;
    Some(note(
        "expiry.trial",
        format!("the trial of the org ends on {end}"),
    ))
}

/// The query for what belongs to the way to sign in.
pub(super) fn of_sign_in(sign_in: SignIn, user: SalesforceId) -> Option<Select> {
    match sign_in {
        SignIn::Password => Some(
            Select::from("User")
                .field("PasswordExpirationDate")
                .filter(field("Id").eq(user))
                .limit(1),
        ),
        SignIn::RefreshToken | SignIn::Token => Some(
            Select::from("OauthToken")
                .field("AppName")
                .filter(field("UserId").eq(user))
                .limit(200),
        ),
        SignIn::JwtBearer | SignIn::ClientCredentials => None,
    }
}

/// What the answer to [`of_sign_in`] says.
pub(super) fn sign_in_checks(sign_in: SignIn, rows: &[Record]) -> Vec<Check> {
    let mut checks: Vec<_> = sign_in_ends(sign_in).into_iter().collect();
    match sign_in {
        SignIn::Password => {
            let end = date(rows, "PasswordExpirationDate");
            checks.extend(end.map(|end| {
                note(
                    "expiry.password",
                    format!("the password of the user expires on {end}"),
                )
                .fix("change it before, or use JWT bearer or client credentials")
            }));
        }
        SignIn::RefreshToken | SignIn::Token => checks.extend(approvals(rows)),
        SignIn::JwtBearer | SignIn::ClientCredentials => {}
    }
    checks
}

fn note(id: &'static str, seen: String) -> Check {
    Check::new(id, State::Allowed)
        .weighing(Weight::Note)
        .because(seen)
}

fn sign_in_ends(sign_in: SignIn) -> Option<Check> {
    let (seen, fix) = match sign_in {
        SignIn::Password => (
            "SOAP login() does not exist from API version 65.0 on, and Salesforce retires it in \
             Summer '27",
            "use JWT bearer or client credentials: docs/setup.md",
        ),
        SignIn::Token => (
            "the session ends when the org's session timeout passes without a call, two hours by \
             default, and the connector cannot renew it",
            "let the platform hand over a new token in time, or use JWT bearer or client \
             credentials",
        ),
        SignIn::RefreshToken => (
            "the refresh token ends by the Refresh Token Policy of the app",
            "see Setup > App Manager > the app > Manage > Edit Policies",
        ),
        SignIn::JwtBearer => (
            "the certificate of the app has an end date, which the API does not show",
            "see Setup > App Manager > the app > Use Digital Signatures",
        ),
        SignIn::ClientCredentials => return None,
    };
    Some(note("expiry.sign_in", seen.to_owned()).fix(fix))
}

/// Says so if an app has all approvals of the user: the next one ends the oldest.
fn approvals(rows: &[Record]) -> Option<Check> {
    let mut apps: BTreeMap<String, usize> = BTreeMap::new();
    for app in rows.iter().filter_map(|row| text(row, "AppName")) {
        *apps.entry(app).or_default() += 1;
    }
    let full: Vec<_> = apps
        .into_iter()
        .filter(|(_, count)| *count >= APPROVALS)
        .map(|(app, _)| format!("\"{app}\""))
        .collect();
    if full.is_empty() {
        return None;
    }
    let seen = format!(
        "the user has approved {} {APPROVALS} times, which is all that Salesforce keeps: the next \
         approval ends the oldest without a word",
        full.join(", ")
    );
    let fix = "revoke what is not used under Setup > Connected Apps OAuth Usage";
    Some(note("expiry.approvals", seen).fix(fix))
}

/// The day of a date and time.
fn date(rows: &[Record], column: &str) -> Option<String> {
    let when = text(rows.first()?, column)?;
    when.get(..10).map(str::to_owned)
}
