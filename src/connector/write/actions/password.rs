//! `send_password_reset`: Salesforce resets the password and mails the user a link.
//!
//! Nothing in the org shows whether a reset took effect. If its answer is lost, the action says so
//! and does not send it again, because a second reset would invalidate the link of the first mail.

use async_trait::async_trait;

use super::action::{ActionBody, Invocation};
use super::fields;
use crate::baton::{ActionSchema, Error, Kind, Object, Result};
use crate::connector::error::ReadError;
use crate::connector::write::refusal::{Write, explain};
use crate::connector::write::user_state::person::person;

pub(super) struct SendPasswordReset;

#[async_trait]
impl ActionBody for SendPasswordReset {
    fn schema(&self) -> ActionSchema {
        ActionSchema {
            name: "send_password_reset",
            display_name: "Send Password Reset",
            description: "Resets the password of an active user; Salesforce mails the user a link \
                          to set a new one. The old password stops working at once",
            arguments: vec![fields::USER, fields::DRY_RUN],
            returns: vec![fields::SUCCESS, fields::WAS_DRY_RUN, fields::SUMMARY],
            kinds: vec![fields::ACCOUNT],
        }
    }

    async fn run(&self, call: &mut Invocation<'_>) -> Result<Object> {
        let user = call.given.user(fields::USER.name)?;
        call.attempt.about(user);
        let before = person(user, &mut call.attempt).await?;
        let doing = format!("the password of user {user} cannot be reset");
        if !before.is_active {
            return Err(Error::precondition(format!(
                "{doing}: the user is not active"
            )));
        }
        if !call.dry_run {
            let client = &call.attempt.context.org.client;
            let sent = client.reset_password(user).await;
            call.attempt.send_once(sent).map_err(|error| {
                if error.is_ambiguous() {
                    let text = "whether the password was reset is not known, as the answer was \
                                lost; run this again only if no mail arrives";
                    return Error::new(Kind::Unknown, text).because(error);
                }
                explain(&doing, Write::UserState, ReadError::Salesforce(error))
            })?;
        }
        call.ended(true);
        let word = if call.dry_run {
            "would be reset"
        } else {
            "was reset"
        };
        Ok(Object::from([
            ("success".to_owned(), true.into()),
            ("dry_run".to_owned(), call.dry_run.into()),
            (
                "summary".to_owned(),
                format!("the password of user {user} {word}").into(),
            ),
        ]))
    }
}
