//! The integration tests, in one binary: linking is what costs time.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod accounts;
mod actions;
mod child;
mod contract;
mod docs;
mod fake;
mod harness;
mod provision;
mod provision_faults;
mod services;
mod stage;
mod sync;
