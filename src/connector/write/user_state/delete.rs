//! Deleting a user deactivates it: Salesforce never deletes users.

use std::sync::Arc;

use async_trait::async_trait;

use super::active::{Wanted, bring};
use super::person::user_id;
use crate::baton::{Deleted, Deleter, Error, ResourceId, Result};
use crate::connector::write::attempt::Attempt;
use crate::connector::write::context::WriteContext;

/// Deletes users.
pub(in crate::connector) struct UserDeleter {
    context: Arc<WriteContext>,
}

impl UserDeleter {
    pub(in crate::connector) fn new(context: &Arc<WriteContext>) -> Self {
        Self {
            context: Arc::clone(context),
        }
    }
}

#[async_trait]
impl Deleter for UserDeleter {
    async fn delete(&self, id: &ResourceId) -> Result<Deleted> {
        let mut attempt = Attempt::new(&self.context, "delete", "User");
        let deactivated = deactivate(id, &mut attempt).await;
        let quota = attempt.quota();
        attempt.end(deactivated).map(|changed| Deleted {
            already: !changed,
            quota,
        })
    }
}

async fn deactivate(id: &ResourceId, attempt: &mut Attempt<'_>) -> Result<bool> {
    let id = user_id("the resource id", id.resource.as_str())?;
    attempt.about(id);
    let dry_run = attempt.context.options.dry_run;
    let changed = bring(id, Wanted::Deleted, dry_run, attempt).await?;
    if dry_run && changed {
        attempt.held_back();
        return Err(Error::precondition(format!(
            "dry run: would set IsActive of user {id} to false; nothing was sent"
        )));
    }
    Ok(changed)
}
