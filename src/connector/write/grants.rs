//! Granting and revoking, a file for each rule.

pub(in crate::connector) mod app;
pub(in crate::connector) mod assignment;
pub(in crate::connector) mod collaboration_group;
mod fallback;
pub(in crate::connector) mod feature_license;
pub(in crate::connector) mod license;
pub(in crate::connector) mod membership;
pub(in crate::connector) mod provisioning;
mod roster;
mod rule;
mod target;
pub(in crate::connector) mod territory;
pub(in crate::connector) mod user_field;
