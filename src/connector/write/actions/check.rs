//! `check_user_deactivation`: what blocks the deactivation of a user, or breaks because of it.
//!
//! It changes nothing. Queries show only a part of what Salesforce checks. The rest are settings
//! that no query shows, so they are listed as not checked.

mod probes;

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::action::{ActionBody, Invocation};
use super::fields;
use crate::baton::{ActionSchema, FieldKind, Object, Result};
use crate::connector::error::wrap;
use crate::connector::read::table::{Row, Table};
use crate::connector::write::field_values::Described;
use crate::connector::write::user_state::person::unknown;
use crate::salesforce::composite::Subrequest;
use crate::salesforce::soql::field;
use crate::salesforce::{ErrorCode, QueryPage, SalesforceId};
use probes::{Probe, Severity, probes};

pub(super) struct CheckUserDeactivation(pub(super) Arc<Described>);

/// Queries that Salesforce takes in one composite call.
const QUERIES: usize = 5;

/// What Salesforce checks and no query shows.
const INVISIBLE: &[&str] = &[
    "default lead owner (Setup > Lead Settings)",
    "default creator of web-to-lead (Setup > Web-to-Lead)",
    "lead and case assignment and auto-response rules",
    "default case owner and automated case user (Setup > Support Settings)",
    "default workflow user (Setup > Process Automation Settings)",
    "only recipient of a workflow e-mail alert, or value of a workflow field update",
    "approver named by an approval process",
    "administrator of a portal or site",
    "running user of dashboards, flows and named credentials",
    "whether it is the user that this connector signs in as",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UserRow {
    id: SalesforceId,
    is_active: bool,
    user_type: Option<String>,
    profile: Option<ProfilePart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProfilePart {
    permissions_modify_all_data: Option<bool>,
}

impl Row for UserRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

#[derive(Default)]
struct Findings {
    blockers: Vec<String>,
    warnings: Vec<String>,
    checked: Vec<String>,
    not_checked: Vec<String>,
}

#[async_trait]
impl ActionBody for CheckUserDeactivation {
    fn schema(&self) -> ActionSchema {
        let texts = |name, display_name, description| {
            fields::required(name, display_name, FieldKind::TextList, description)
        };
        ActionSchema {
            name: "check_user_deactivation",
            display_name: "Check User Deactivation",
            description: "Looks for what would block deactivating a user, or break by it; changes \
                          nothing",
            arguments: vec![fields::USER],
            returns: vec![
                fields::SUCCESS,
                fields::required(
                    "can_deactivate",
                    "Can Deactivate",
                    FieldKind::Bool,
                    "Whether nothing was found that blocks it; not_checked lists what nobody can \
                     see",
                ),
                texts(
                    "blockers",
                    "Blockers",
                    "What Salesforce would refuse it for",
                ),
                texts("warnings", "Warnings", "What would break or be left behind"),
                texts("checked", "Checked", "What was looked at"),
                texts("not_checked", "Not Checked", "What could not be looked at"),
                fields::SUMMARY,
            ],
            kinds: vec![fields::ACCOUNT],
        }
    }

    fn is_write(&self) -> bool {
        false
    }

    async fn run(&self, call: &mut Invocation<'_>) -> Result<Object> {
        let user = call.given.user(fields::USER.name)?;
        call.attempt.about(user);
        let mut findings = Findings::default();
        findings
            .not_checked
            .extend(INVISIBLE.iter().map(|text| (*text).to_owned()));
        let row = look_at(call, user).await?;
        findings.judge(&row, user);
        let described = self.0.any(&mut call.attempt).await?;
        let is_admin = row
            .profile
            .and_then(|profile| profile.permissions_modify_all_data);
        let all = probes(user, &described, is_admin == Some(true) && row.is_active);
        for some in all.chunks(QUERIES) {
            call.go_on()?;
            findings.probe(call, some).await?;
        }
        Ok(findings.reply(user))
    }
}

async fn look_at(call: &mut Invocation<'_>, user: SalesforceId) -> Result<UserRow> {
    let table = Table::new("User", &["Id", "IsActive"])
        .optional(&["UserType"])
        .optional_or(
            "Profile.PermissionsModifyAllData",
            "the last administrator is not recognised",
        )
        .only(field("Id").eq(user));
    let rows = call.attempt.read::<UserRow>(&table).await;
    let rows = rows.map_err(|error| error.wrap("reading the user"))?;
    rows.into_iter().next().ok_or_else(|| unknown(user))
}

impl Findings {
    fn judge(&mut self, row: &UserRow, user: SalesforceId) {
        self.checked.push("the user itself".to_owned());
        if !row.is_active {
            self.warnings
                .push(format!("user {user} is deactivated already"));
        }
        if let Some(kind @ ("AutomatedProcess" | "CloudIntegrationUser" | "Guest")) =
            row.user_type.as_deref()
        {
            self.blockers.push(format!(
                "Salesforce keeps accounts of the type {kind} itself; nobody deactivates them this \
                 way"
            ));
        }
    }

    /// Runs up to five checks in one call.
    async fn probe(&mut self, call: &mut Invocation<'_>, probes: &[Probe]) -> Result<()> {
        let failed = |error| wrap("looking for what blocks the deactivation", error);
        let named = probes.iter().enumerate();
        let requests: Vec<_> = named
            .map(|(number, probe)| Subrequest::select(&probe.select, format!("probe{number}")))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        let client = &call.attempt.context.org.client;
        let answers = client.composite(&requests, false).await;
        let answers = call.attempt.take(answers).map_err(failed)?;
        for (number, probe) in probes.iter().enumerate() {
            let name = format!("probe{number}");
            let answer = answers
                .iter()
                .find(|answer| answer.reference_id == name)
                .cloned();
            let count = match answer.map(|answer| answer.decode::<QueryPage<IgnoredAny>>("count")) {
                Some(Ok(page)) => page.total_size,
                Some(Err(error)) => {
                    let code = error.code().map_or("no code", ErrorCode::as_str);
                    self.not_checked
                        .push(format!("{}: cannot be read ({code})", probe.what));
                    continue;
                }
                None => {
                    self.not_checked.push(format!("{}: no answer", probe.what));
                    continue;
                }
            };
            self.checked.push(probe.what.clone());
            match (probe.finding)(count) {
                Some((Severity::Blocks, text)) => self.blockers.push(text),
                Some((Severity::Warns, text)) => self.warnings.push(text),
                None => {}
            }
        }
        Ok(())
    }

    fn reply(self, user: SalesforceId) -> Object {
        let can = self.blockers.is_empty();
        let summary = if can {
            format!(
                "nothing was found that blocks deactivating user {user}; {} things cannot be \
                 checked",
                self.not_checked.len()
            )
        } else {
            format!(
                "deactivating user {user} is blocked: {}",
                self.blockers.join("; ")
            )
        };
        Object::from([
            ("success".to_owned(), true.into()),
            ("can_deactivate".to_owned(), can.into()),
            ("blockers".to_owned(), self.blockers.into()),
            ("warnings".to_owned(), self.warnings.into()),
            ("checked".to_owned(), self.checked.into()),
            ("not_checked".to_owned(), self.not_checked.into()),
            ("summary".to_owned(), summary.into()),
        ])
    }
}
