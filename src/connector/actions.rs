//! The actions: what can be done to a user besides granting and revoking.
//!
//! Each file in here holds one action, as [`Work`]. What all of them share stands here: arguments
//! are checked before anything is sent, a misspelt one is refused (`dry_run` above all), every
//! write leaves one line in the log, and what it cost is told.

use std::sync::Arc;

use async_trait::async_trait;

mod arguments;
mod check;
mod fields;
mod freeze;
mod password;
mod profile;
mod release;
mod status;
mod transfer;

use super::context::Context;
use super::typed::Described;
use super::wrote::Wrote;
use crate::baton::{
    Action, ActionReply, ActionSchema, Arguments, Error, Kind, Object, Progress, Result,
};
use arguments::Given;

/// All actions.
pub(super) fn all(context: &Arc<Context>, described: &Arc<Described>) -> Vec<Arc<dyn Action>> {
    vec![
        listed(context, status::UpdateUserStatus),
        listed(context, freeze::Freeze::FREEZE),
        listed(context, freeze::Freeze::UNFREEZE),
        listed(context, profile::UpdateUserProfile(Arc::clone(described))),
        listed(context, check::CheckUserDeactivation(Arc::clone(described))),
        listed(context, release::ReleaseUser),
        listed(context, transfer::TransferUserRecords),
        listed(context, password::SendPasswordReset),
    ]
}

fn listed<W: Work>(context: &Arc<Context>, work: W) -> Arc<dyn Action> {
    Arc::new(Listed {
        schema: work.schema(),
        work,
        context: Arc::clone(context),
    })
}

/// One action.
#[async_trait]
trait Work: Send + Sync + 'static {
    /// How it is called.
    fn schema(&self) -> ActionSchema;

    /// Whether it takes arguments that its schema does not name, and leaves them alone.
    fn ignores_unknown(&self) -> bool {
        false
    }

    /// Does it.
    async fn run(&self, call: &mut Invocation<'_>) -> Result<Object>;
}

/// One invocation of an action.
struct Invocation<'a> {
    context: &'a Context,
    given: Given<'a>,
    progress: &'a Progress,
    wrote: Wrote,
    /// Nothing may be sent that changes the org.
    dry_run: bool,
}

impl Invocation<'_> {
    /// Notes for the log what came of it.
    fn ended(&mut self, changed: bool) {
        self.wrote.ended(match (self.dry_run, changed) {
            (true, _) => "dry run",
            (false, true) => "changed",
            (false, false) => "unchanged",
        });
    }

    /// Stops here if the host asked for it; what was reported so far stays known.
    fn go_on(&self) -> Result<()> {
        if !self.progress.is_cancelled() {
            return Ok(());
        }
        let text = "the action was stopped; what was done stays done, and running it again goes \
                    on from there";
        Err(Error::new(Kind::Cancelled, text))
    }
}

/// An action with its schema.
struct Listed<W> {
    schema: ActionSchema,
    work: W,
    context: Arc<Context>,
}

#[async_trait]
impl<W: Work> Action for Listed<W> {
    fn schema(&self) -> &ActionSchema {
        &self.schema
    }

    async fn invoke(&self, arguments: Arguments, progress: &Progress) -> Result<ActionReply> {
        let given = Given(&arguments);
        if !self.work.ignores_unknown() {
            given.refuse_unknown(&self.schema.arguments)?;
        }
        let asked = given.flag(fields::DRY_RUN.name)?.unwrap_or_default();
        let mut call = Invocation {
            context: &self.context,
            given,
            progress,
            wrote: Wrote::new(self.schema.name, "User"),
            dry_run: asked || self.context.options.dry_run,
        };
        let done = self.work.run(&mut call).await;
        call.wrote.log();
        let quota = call.wrote.quota();
        match done {
            Ok(values) => Ok(ActionReply { values, quota }),
            Err(error) => Err(error.with_quota(quota)),
        }
    }
}
