//! Creating users: the form, the username, the profile, and the create itself.

mod completion;
pub(in crate::connector) mod create;
mod form;
mod profile;
