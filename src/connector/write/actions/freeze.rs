//! `freeze_user` and `unfreeze_user`: prevent and allow sign-in. The licence stays in use.

use async_trait::async_trait;

use super::action::{ActionBody, Invocation};
use super::fields;
use crate::baton::{ActionSchema, Object, Result};
use crate::connector::write::user_state::freeze::set_frozen;

pub(super) struct Freeze {
    name: &'static str,
    display_name: &'static str,
    description: &'static str,
    frozen: bool,
    kind: i32,
}

impl Freeze {
    pub(super) const FREEZE: Self = Self {
        name: "freeze_user",
        display_name: "Freeze User",
        description: "Prevents a user from signing in, at once. The licence stays in use: \
                      deactivating frees it, but may be refused where freezing is not",
        frozen: true,
        kind: fields::DISABLE,
    };
    pub(super) const UNFREEZE: Self = Self {
        name: "unfreeze_user",
        display_name: "Unfreeze User",
        description: "Lets a frozen user sign in again",
        frozen: false,
        kind: fields::ENABLE,
    };
}

#[async_trait]
impl ActionBody for Freeze {
    fn schema(&self) -> ActionSchema {
        ActionSchema {
            name: self.name,
            display_name: self.display_name,
            description: self.description,
            arguments: vec![fields::USER, fields::DRY_RUN],
            returns: vec![
                fields::SUCCESS,
                fields::CHANGED,
                fields::WAS_DRY_RUN,
                fields::SUMMARY,
            ],
            kinds: vec![self.kind],
        }
    }

    async fn run(&self, call: &mut Invocation<'_>) -> Result<Object> {
        let user = call.given.user(fields::USER.name)?;
        call.attempt.about(user);
        let changed = set_frozen(user, self.frozen, call.dry_run, &mut call.attempt).await?;
        call.ended(changed);
        let word = if self.frozen { "frozen" } else { "unfrozen" };
        let summary = match (changed, call.dry_run) {
            (false, _) => format!("user {user} was {word} already"),
            (true, true) => format!("user {user} would be {word}"),
            (true, false) => format!("user {user} was {word}"),
        };
        Ok(Object::from([
            ("success".to_owned(), true.into()),
            ("changed".to_owned(), changed.into()),
            ("dry_run".to_owned(), call.dry_run.into()),
            ("summary".to_owned(), summary.into()),
        ]))
    }
}
