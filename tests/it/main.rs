//! The integration tests, in one binary: linking is what costs time.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests"
)]

mod access;
mod accounts;
mod actions;
mod agents;
mod apps;
mod budget;
mod bulk;
mod changes;
mod chatter_groups;
mod child;
mod cli;
mod collector;
mod company_domains;
mod connector_layering;
mod contract;
mod custom_fields;
mod daemon;
mod directory;
mod docs;
mod doctor;
mod endings;
mod event_feeds;
mod exposure;
mod fake;
mod file;
mod fuzz_corpus;
mod harness;
mod inputs;
mod kill;
mod layering;
mod licenses;
mod log_files;
mod login;
mod malformed;
mod metrics;
mod network;
mod object_permissions;
mod odd_answers;
mod odd_jobs;
mod odd_orgs;
mod one_shot;
mod openmetrics;
mod platform;
mod process;
mod provision;
mod provision_faults;
mod read_ahead;
mod refusals;
mod report;
mod report_content;
mod row_cache;
mod scim;
mod scim_wire;
mod security_insights;
mod serve;
mod services;
mod sessions;
mod set_groups;
mod sign_in_flows;
mod stage;
mod start;
mod strong_permissions;
mod subprocess;
mod sync;
mod targeted_sync;
mod territories;
mod token_store;
mod tunnel;
mod validate;
mod verdicts;
