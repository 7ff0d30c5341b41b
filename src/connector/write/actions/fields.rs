//! Arguments and results that several actions have.

use crate::baton::{ActionField, FieldKind};

/// Kinds of actions that hosts know (`c1.connector.v2.ActionType`).
pub(super) const ACCOUNT: i32 = 2;
pub(super) const UPDATE_PROFILE: i32 = 3;
pub(super) const DISABLE: i32 = 4;
pub(super) const ENABLE: i32 = 5;

/// A field that must be there.
pub(super) const fn required(
    name: &'static str,
    display_name: &'static str,
    kind: FieldKind,
    description: &'static str,
) -> ActionField {
    ActionField {
        name,
        display_name,
        description,
        kind,
        required: true,
    }
}

/// A field that may be left out.
pub(super) const fn optional(
    name: &'static str,
    display_name: &'static str,
    kind: FieldKind,
    description: &'static str,
) -> ActionField {
    ActionField {
        name,
        display_name,
        description,
        kind,
        required: false,
    }
}

/// The user of the action.
pub(super) const USER: ActionField = required(
    "resource_id",
    "User Resource ID",
    FieldKind::Text,
    "The Salesforce id of the user, of 15 or 18 characters",
);

/// Whether this is a dry run.
pub(super) const DRY_RUN: ActionField = optional(
    "dry_run",
    "Dry Run",
    FieldKind::Bool,
    "Check everything and report what would be done, but change nothing",
);

pub(super) const SUCCESS: ActionField = required(
    "success",
    "Success",
    FieldKind::Bool,
    "Whether all of it was done",
);
pub(super) const CHANGED: ActionField = required(
    "changed",
    "Changed",
    FieldKind::Bool,
    "Whether anything was changed, or would have been; false when it was so already",
);
pub(super) const WAS_DRY_RUN: ActionField = required(
    "dry_run",
    "Dry Run",
    FieldKind::Bool,
    "Whether nothing was sent, as this was a dry run",
);
pub(super) const SUMMARY: ActionField = required(
    "summary",
    "Summary",
    FieldKind::Text,
    "What was done, or would be, in a sentence",
);
