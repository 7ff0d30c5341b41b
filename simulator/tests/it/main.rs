//! Drives the simulator over HTTP, as a client would.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets what it does not expect has failed"
)]

mod auth;
mod browser;
mod bulk_jobs;
mod bulk_refusals;
mod bulk_results;
mod bulk_writes;
mod client;
mod describe;
mod faults;
mod jwt;
mod limits;
mod oauth_tokens;
mod optional;
mod permissions;
mod query;
mod records;
mod refresh;
mod rules;
mod scim;
mod seeds;
mod soap;
mod sums;
mod switches;
mod upserts;
mod web_flow;
