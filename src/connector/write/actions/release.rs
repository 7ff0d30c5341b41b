//! `release_user`: removes a user's permission sets and permission set groups, and if requested its
//! memberships in public groups and queues and its licences.
//!
//! One call reads everything, one deletes all assignments, and one deletes the rest. Rows are
//! deleted by their ids, so a grant that somebody else makes meanwhile stays. Over SCIM the permission
//! sets go first, all in one request (`release/entitlements.rs`), and the rest as over REST.

mod entitlements;
mod held;
mod removal;

use async_trait::async_trait;
use tracing::info;

use super::action::{ActionBody, Invocation};
use super::fields;
use crate::baton::{ActionSchema, FieldKind, Object, Result};
use crate::connector::write::batch::{RecordError, Written, write};
use crate::connector::write::key_lock::LockKey;
use crate::connector::write::user_state::person::unknown;
use crate::salesforce::{ErrorCode, SalesforceId};
use held::{Held, Scope, read};
use removal::{Removal, batches};

pub(super) struct ReleaseUser;

const GROUPS: &str = "include_groups";
const LICENSES: &str = "include_licenses";

/// The outcome of the rows so far.
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
impl ActionBody for ReleaseUser {
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
        call.attempt.about(user);
        // Another release of the same user would report the same rows. Over SCIM the profile is
        // written again, so nothing may change it meanwhile.
        let context = call.attempt.context;
        let key = if context.prefers_scim() {
            LockKey::User(user)
        } else {
            LockKey::Release(user)
        };
        let _lock = context.key_locks.lock(key).await;
        let mut report = Report::default();
        let found = read(user, scope, &mut call.attempt).await?;
        if !found.user_exists {
            return Err(unknown(user));
        }
        report
            .failed
            .extend(found.unread.into_iter().map(|table| table.reason));
        if call.dry_run {
            report
                .removed
                .extend(found.rows.iter().map(|row| row.name.clone()));
        } else {
            let rows = over_scim(call, user, found.profile, found.rows, &mut report).await?;
            release(call, user, scope, rows, &mut report).await?;
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

/// Removes what SCIM can remove, if the options ask for it. Returns the rows that are left.
async fn over_scim(
    call: &mut Invocation<'_>,
    user: SalesforceId,
    profile: Option<SalesforceId>,
    rows: Vec<Held>,
    report: &mut Report,
) -> Result<Vec<Held>> {
    if !call.attempt.context.prefers_scim() {
        return Ok(rows);
    }
    let Some(profile) = profile else {
        info!(sf.id = %user, "released over REST, because its profile is not shown");
        return Ok(rows);
    };
    call.go_on()?;
    let (gone, left) = entitlements::empty(user, profile, rows, &mut call.attempt).await?;
    report.removed.extend(gone.into_iter().map(|row| row.name));
    Ok(left)
}

async fn release(
    call: &mut Invocation<'_>,
    user: SalesforceId,
    scope: Scope,
    rows: Vec<Held>,
    report: &mut Report,
) -> Result<()> {
    for rows in batches(rows) {
        call.progress.report(report.values());
        call.go_on()?;
        let removal = Removal { user, scope };
        let mut written = Written::default();
        let ended = write(&removal, rows, &mut call.attempt, &mut written).await;
        let removed = written.done.into_iter().map(|row| row.name);
        report.removed.extend(removed);
        let failed = written.failed.into_iter();
        let failed = failed.map(|(row, error)| format!("{}: {}", row.name, reason(&error)));
        report.failed.extend(failed);
        if let Err(error) = ended {
            call.progress.report(report.values());
            return Err(error.wrap(format!("releasing user {user}")));
        }
    }
    Ok(())
}

/// Why a row was not removed.
fn reason(error: &RecordError) -> String {
    let hint = match error.code {
        Some(ErrorCode::UnableToLockRow) => "somebody else is changing it; run this again",
        Some(ErrorCode::FieldIntegrityException) => "something that the user has needs it",
        Some(
            ErrorCode::InsufficientAccess
            | ErrorCode::InsufficientAccessOrReadonly
            | ErrorCode::InsufficientAccessOnCrossReferenceEntity,
        ) => "the connector's user may not remove it",
        _ => return error.to_string(),
    };
    format!("{hint} ({error})")
}
