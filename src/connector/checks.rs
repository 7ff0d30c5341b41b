//! What the connector's user may do: the table of capabilities, and the checks against an org.
//!
//! `table.rs` lists each capability with the permissions that allow it; docs/permissions.md and the
//! permission sets in docs/salesforce are checked against it. `validation.rs` is what a host asks
//! before each sync, `examination.rs` is what the command `doctor` shows. Nothing is written.

mod capability;
mod examination;
mod expiry;
mod halt;
mod network;
mod permission;
mod permission_set;
mod probe;
mod rights;
mod scim;
mod sign_in;
mod table;
mod validation;
mod verdict;

pub use capability::{Capability, Covers, Need, Strength};
pub use examination::examine;
pub use permission::Permission;
pub use permission_set::{PERMISSION_SETS, PermissionSetFile};
pub use scim::examine_scim;
pub use sign_in::SignIn;
pub use table::CAPABILITIES;
pub(super) use validation::validate;
