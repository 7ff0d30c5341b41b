//! The host against a connector that follows a script.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "a test may panic"
)]

mod brute_force;
mod connector;
mod credentials;
mod expansion;
mod files;
mod kept_syncs;
mod launching;
mod limits;
mod one_shots;
mod phases;
mod retries;

use crate::c1z::test_rows as rows;
