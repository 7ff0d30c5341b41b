//! The states of a user: active or deactivated, frozen or not.
//!
//! Deactivating frees the licence's seat and may be refused. Freezing only prevents sign-in. Both
//! report when there was nothing to change.

pub(super) mod active;
pub(in crate::connector) mod delete;
pub(super) mod freeze;
pub(super) mod person;

/// Whether anything was changed, or would be in a dry run.
type Changed = bool;
