//! Identity governance for Salesforce over the Baton connector protocol.

pub mod baton;
pub mod cli;
pub mod config;
pub mod pb;
pub mod telemetry;
pub mod wiring;
