//! A strict simulated Salesforce org for tests and demos.
//!
//! It implements the Salesforce APIs and does not depend on the connector. Unknown fields, wrong
//! types, illegal writes and unknown paths fail as they do in a real org, with the same error
//! bodies. Every call is counted. Start one with [`Simulator::start`] and inspect its data with
//! [`Simulator::org`].

pub mod clock;
mod connection;
pub mod fault;
mod http;
pub mod log;
pub mod org;
mod server;
pub mod soql;

pub use crate::clock::Clock;
pub use crate::fault::{Fault, FaultPlan, Matcher};
pub use crate::log::RequestRecord;
pub use crate::org::seed::{Preset, SeedSize};
pub use crate::org::settings::{
    AppState, Blocker, ConnectedClient, LoginRestriction, Settings, Write, WriteRefusal,
};
pub use crate::org::{BulkJobView, BulkState, FIRST_REFRESH_TOKEN, Org, OrgError};
pub use crate::server::{OrgGuard, Simulator};
