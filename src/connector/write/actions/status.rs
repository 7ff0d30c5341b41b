//! `update_user_status`: activates or deactivates a user. Hosts have stored its name, arguments and
//! results.

use async_trait::async_trait;

use super::action::{ActionBody, Invocation};
use super::fields;
use crate::baton::{ActionSchema, Error, FieldKind, Object, Result};
use crate::connector::write::user_state::active::{Wanted, bring};

pub(super) struct UpdateUserStatus;

const IS_ACTIVE: &str = "is_active";

#[async_trait]
impl ActionBody for UpdateUserStatus {
    fn schema(&self) -> ActionSchema {
        ActionSchema {
            name: "update_user_status",
            display_name: "Update User Status",
            description: "Activates or deactivates a user; a user that is so already is left alone",
            arguments: vec![
                fields::USER,
                fields::required(
                    IS_ACTIVE,
                    "Is Active",
                    FieldKind::Bool,
                    "True activates the user, false deactivates it",
                ),
                fields::DRY_RUN,
            ],
            returns: vec![
                fields::SUCCESS,
                fields::optional(
                    "dry_run",
                    "Dry Run",
                    FieldKind::Bool,
                    "Present and true if this was a dry run, so nothing was sent",
                ),
                fields::optional(
                    "summary",
                    "Summary",
                    FieldKind::Text,
                    "What a dry run would have done, in a sentence",
                ),
            ],
            kinds: Vec::new(),
        }
    }

    fn ignores_unknown(&self) -> bool {
        true
    }

    async fn run(&self, call: &mut Invocation<'_>) -> Result<Object> {
        if !call.given.has(fields::USER.name) {
            return Err(Error::invalid("missing resource ID"));
        }
        let active = call.given.flag(IS_ACTIVE)?;
        let active = active.ok_or_else(|| Error::invalid(format!("missing {IS_ACTIVE}")))?;
        let user = call.given.user(fields::USER.name)?;
        call.attempt.about(user);
        let wanted = if active {
            Wanted::Active
        } else {
            Wanted::Inactive
        };
        let changed = bring(user, wanted, call.dry_run, &mut call.attempt).await?;
        call.ended(changed);
        let mut values = Object::from([("success".to_owned(), true.into())]);
        // Hosts have stored the answer of a write: it has nothing else.
        if call.dry_run {
            let word = if active { "activated" } else { "deactivated" };
            let summary = if changed {
                format!("dry run: user {user} would be {word}; nothing was sent")
            } else {
                format!("dry run: user {user} is {word} already")
            };
            values.insert("dry_run".to_owned(), true.into());
            values.insert("summary".to_owned(), summary.into());
        }
        Ok(values)
    }
}
