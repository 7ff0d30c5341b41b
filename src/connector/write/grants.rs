//! Granting and revoking, a file for each rule.

pub(in crate::connector) mod assignment;
mod fallback;
pub(in crate::connector) mod membership;
pub(in crate::connector) mod provisioning;
mod rule;
mod target;
pub(in crate::connector) mod user_field;
