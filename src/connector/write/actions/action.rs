//! What all actions share: arguments are checked before anything is sent, an unknown argument is
//! refused (`dry_run` could be misspelt), and every write has an audit line.

use std::sync::Arc;

use async_trait::async_trait;

use super::arguments::Given;
use super::fields;
use crate::baton::{
    Action, ActionReply, ActionSchema, Arguments, Error, Kind, Object, Progress, Result,
};
use crate::connector::write::attempt::Attempt;
use crate::connector::write::context::WriteContext;

/// The body of one action.
#[async_trait]
pub(super) trait ActionBody: Send + Sync + 'static {
    /// Name, arguments and results.
    fn schema(&self) -> ActionSchema;

    /// Whether arguments that the schema does not name are ignored.
    fn ignores_unknown(&self) -> bool {
        false
    }

    /// Whether the action may change the org.
    fn is_write(&self) -> bool {
        true
    }

    /// Runs the action.
    async fn run(&self, call: &mut Invocation<'_>) -> Result<Object>;
}

/// One invocation of an action.
pub(super) struct Invocation<'a> {
    pub(super) given: Given<'a>,
    pub(super) progress: &'a Progress,
    pub(super) attempt: Attempt<'a>,
    /// Nothing may be sent that changes the org.
    pub(super) dry_run: bool,
}

impl Invocation<'_> {
    /// Notes the outcome for the audit line.
    pub(super) fn ended(&mut self, changed: bool) {
        if self.dry_run {
            self.attempt.held_back();
        } else if changed {
            self.attempt.changed();
        }
    }

    /// Fails if the host cancelled the action. What was reported so far stays known.
    pub(super) fn go_on(&self) -> Result<()> {
        if !self.progress.is_cancelled() {
            return Ok(());
        }
        let text = "the action was stopped; what was done stays done, and running it again \
                    continues from there";
        Err(Error::new(Kind::Cancelled, text))
    }
}

/// An action with its schema.
struct Registered<B> {
    schema: ActionSchema,
    body: B,
    context: Arc<WriteContext>,
}

/// Makes an action of its body.
pub(super) fn register<B: ActionBody>(context: &Arc<WriteContext>, body: B) -> Arc<dyn Action> {
    Arc::new(Registered {
        schema: body.schema(),
        body,
        context: Arc::clone(context),
    })
}

#[async_trait]
impl<B: ActionBody> Action for Registered<B> {
    fn schema(&self) -> &ActionSchema {
        &self.schema
    }

    async fn invoke(&self, arguments: Arguments, progress: &Progress) -> Result<ActionReply> {
        let given = Given(&arguments);
        if !self.body.ignores_unknown() {
            given.refuse_unknown(&self.schema.arguments)?;
        }
        let asked = given.flag(fields::DRY_RUN.name)?.unwrap_or_default();
        let mut call = Invocation {
            given,
            progress,
            attempt: Attempt::new(&self.context, self.schema.name, "User"),
            dry_run: asked || self.context.options.dry_run,
        };
        let values = self.body.run(&mut call).await;
        let quota = call.attempt.quota();
        let values = if self.body.is_write() {
            call.attempt.end(values)
        } else {
            call.attempt.end_of_read(values)
        };
        values.map(|values| ActionReply { values, quota })
    }
}
