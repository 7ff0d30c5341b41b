//! `release_user`: takes a user's permission sets and permission set groups away, and on request
//! its memberships in public groups and queues and its licences.
//!
//! One call reads everything, one deletes all assignments, one all the rest. Rows are deleted by
//! their ids, so that what somebody grants meanwhile stays. After a call whose answer was lost the
//! org is read again: what is gone is gone, the rest is deleted once more.

use std::collections::VecDeque;
use std::time::Duration;

use async_trait::async_trait;

mod held;
mod removal;

use super::{Invocation, Work, fields};
use crate::baton::{ActionSchema, FieldKind, Object, Result};
use crate::connector::error::wrap;
use crate::connector::lifecycle::unknown;
use crate::salesforce::{ErrorCode, SalesforceId};
use held::{Held, Scope, read};
use removal::{batches, remove};

pub(super) struct ReleaseUser;

/// How often one row is tried.
const ROUNDS: u32 = 3;
/// How long to leave locked rows alone, doubled each time.
const PAUSE: Duration = Duration::from_millis(100);
const GROUPS: &str = "include_groups";
const LICENSES: &str = "include_licenses";

/// What became of the rows so far.
#[derive(Default)]
struct Report {
    removed: Vec<String>,
    failed: Vec<String>,
}

impl Report {
    fn values(&self) -> Object {
        Object::from([
            ("removed".to_owned(), self.removed.clone().into()),
            ("removed_count".to_owned(), count(self.removed.len()).into()),
            ("failed".to_owned(), self.failed.clone().into()),
            ("failed_count".to_owned(), count(self.failed.len()).into()),
        ])
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[async_trait]
impl Work for ReleaseUser {
    fn schema(&self) -> ActionSchema {
        let flag = |name, display_name, description| {
            fields::optional(name, display_name, FieldKind::Bool, description)
        };
        ActionSchema {
            name: "release_user",
            display_name: "Release User",
            description: "Takes all permission sets and permission set groups from a user that it \
                          was given directly; the profile stays",
            arguments: vec![
                fields::USER,
                flag(
                    GROUPS,
                    "Include Groups",
                    "Also leave public groups and queues",
                ),
                flag(
                    LICENSES,
                    "Include Licenses",
                    "Also give back permission set licences and licences of packages",
                ),
                fields::DRY_RUN,
            ],
            returns: vec![
                fields::SUCCESS,
                fields::WAS_DRY_RUN,
                fields::required(
                    "removed",
                    "Removed",
                    FieldKind::TextList,
                    "What was taken away, or would be, by the ids of the grants",
                ),
                fields::required("removed_count", "Removed Count", FieldKind::Int, "How many"),
                fields::required(
                    "failed",
                    "Failed",
                    FieldKind::TextList,
                    "What could not be taken away, each with the reason",
                ),
                fields::required("failed_count", "Failed Count", FieldKind::Int, "How many"),
                fields::SUMMARY,
            ],
            kinds: vec![fields::ACCOUNT],
        }
    }

    async fn run(&self, call: &mut Invocation<'_>) -> Result<Object> {
        let user = call.given.user(fields::USER.name)?;
        let scope = Scope {
            groups: call.given.flag(GROUPS)?.unwrap_or_default(),
            licenses: call.given.flag(LICENSES)?.unwrap_or_default(),
        };
        call.wrote.about(user);
        // Another release of the same user would count the same rows.
        let _turn = call.context.turns.take((user, Some(user))).await;
        let mut report = Report::default();
        let found = read(call.context, user, scope, &mut call.wrote).await?;
        if !found.user_exists {
            return Err(unknown(user));
        }
        report.failed.extend(found.unread);
        if call.dry_run {
            report
                .removed
                .extend(found.rows.iter().map(|row| row.name.clone()));
        } else {
            release(call, user, scope, found.rows, &mut report).await?;
        }
        let changed = !report.removed.is_empty();
        call.ended(changed);
        let word = if call.dry_run {
            "would be removed"
        } else {
            "were removed"
        };
        let summary = format!(
            "{} assignments of user {user} {word}, {} could not be",
            report.removed.len(),
            report.failed.len()
        );
        let mut values = report.values();
        values.insert("success".to_owned(), report.failed.is_empty().into());
        values.insert("dry_run".to_owned(), call.dry_run.into());
        values.insert("summary".to_owned(), summary.into());
        Ok(values)
    }
}

async fn release(
    call: &mut Invocation<'_>,
    user: SalesforceId,
    scope: Scope,
    mut rows: Vec<Held>,
    report: &mut Report,
) -> Result<()> {
    let mut pause = PAUSE;
    for left in (0..ROUNDS).rev() {
        let mut again = Vec::new();
        let mut queue: VecDeque<_> = batches(std::mem::take(&mut rows)).into();
        while let Some(batch) = queue.pop_front() {
            call.progress.report(report.values());
            call.go_on()?;
            match remove(call.context, &batch, &mut call.wrote).await {
                Ok(results) => {
                    let is_some_gone = results.iter().any(Result::is_ok);
                    for (row, outcome) in batch.into_iter().zip(results) {
                        match outcome {
                            Ok(()) => report.removed.push(row.name),
                            Err(refusal) if refusal.is_passing() && left > 0 => again.push(row),
                            Err(refusal) => report.failed.push(format!("{}: {refusal}", row.name)),
                        }
                    }
                    if is_some_gone {
                        call.ended(true);
                    }
                }
                Err(error) if error.is_ambiguous() && left > 0 => {
                    let now = read(call.context, user, scope, &mut call.wrote).await?;
                    let is_there = |row: &Held| now.rows.iter().any(|now| now.id == row.id);
                    let (kept, gone): (Vec<_>, Vec<_>) = batch.into_iter().partition(is_there);
                    report.removed.extend(gone.into_iter().map(|row| row.name));
                    again.extend(kept);
                }
                Err(error) => {
                    call.progress.report(report.values());
                    return Err(wrap(format!("releasing user {user}"), error));
                }
            }
        }
        if again.is_empty() {
            break;
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
        rows = again;
    }
    Ok(())
}

/// Why a row stays, or seems to.
pub(super) struct Refusal {
    code: Option<ErrorCode>,
}

impl Refusal {
    fn new(code: Option<&ErrorCode>) -> Self {
        Self {
            code: code.cloned(),
        }
    }

    /// Somebody else holds the row just now.
    fn is_passing(&self) -> bool {
        self.code == Some(ErrorCode::UnableToLockRow)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(code) = &self.code else {
            return f.write_str("Salesforce gave no reason");
        };
        let words = match code {
            ErrorCode::UnableToLockRow => "somebody else is changing it; run this again",
            ErrorCode::FieldIntegrityException => "something that the user has needs it",
            ErrorCode::InsufficientAccess
            | ErrorCode::InsufficientAccessOrReadonly
            | ErrorCode::InsufficientAccessOnCrossReferenceEntity => {
                "the connector's user may not take it away"
            }
            _ => return write!(f, "{code}"),
        };
        write!(f, "{words} ({code})")
    }
}
