//! `update_user_status`: activates or deactivates a user, called and answered as hosts have it
//! stored (facts/incumbent-surface.md 5). It takes `dry_run` too, without naming it in its schema.

use async_trait::async_trait;

use super::{Invocation, Work, fields};
use crate::baton::{ActionSchema, Error, FieldKind, Object, Result};
use crate::connector::lifecycle::set_active;

pub(super) struct UpdateUserStatus;

const IS_ACTIVE: &str = "is_active";

#[async_trait]
impl Work for UpdateUserStatus {
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
            ],
            returns: vec![fields::SUCCESS],
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
        call.wrote.about(user);
        let changed = set_active(call.context, user, active, call.dry_run, &mut call.wrote).await?;
        call.ended(changed);
        Ok(Object::from([("success".to_owned(), true.into())]))
    }
}
