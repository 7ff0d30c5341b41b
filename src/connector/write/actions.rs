//! Actions: what can be done to a user besides granting and revoking, a file for each action.

mod action;
mod arguments;
mod check;
mod fields;
mod freeze;
mod password;
mod profile;
mod release;
mod status;
mod transfer;

use std::sync::Arc;

use super::context::WriteContext;
use super::field_values::Described;
use crate::baton::Action;
use action::register;

/// All actions.
pub(in crate::connector) fn all(
    context: &Arc<WriteContext>,
    described: &Arc<Described>,
) -> Vec<Arc<dyn Action>> {
    vec![
        register(context, status::UpdateUserStatus),
        register(context, freeze::Freeze::FREEZE),
        register(context, freeze::Freeze::UNFREEZE),
        register(context, profile::UpdateUserProfile(Arc::clone(described))),
        register(context, check::CheckUserDeactivation(Arc::clone(described))),
        register(context, release::ReleaseUser),
        register(context, transfer::TransferUserRecords),
        register(context, password::SendPasswordReset),
    ]
}
