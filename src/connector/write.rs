//! Writing to Salesforce: grants, accounts, the state of users, and actions.
//!
//! All of them use [`attempt`] for a write whose answer may be lost. Nothing in here may depend on
//! what a sync remembers: every decision rests on a fresh read or on the answer of the write itself.

pub(super) mod accounts;
pub(super) mod actions;
mod attempt;
mod audit;
mod batch;
mod change;
pub(super) mod context;
pub(super) mod field_values;
pub(super) mod grants;
mod key_lock;
mod needed;
mod refusal;
mod scim;
mod seats;
pub(super) mod user_state;
