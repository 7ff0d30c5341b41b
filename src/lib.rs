//! Identity governance for Salesforce over the Baton connector protocol.

pub mod access;
pub mod baton;
pub mod c1z;
mod causes;
pub mod changes;
pub mod cli;
pub mod config;
pub mod connector;
mod core_dumps;
pub mod doctor;
pub mod host;
pub mod login;
mod nearest;
pub mod output_file;
pub mod pb;
mod printable;
pub mod records;
pub mod runner;
pub mod salesforce;
pub mod sdk;
pub mod service;
mod signals;
mod strong_permissions;
pub mod telemetry;
pub mod token_store;
pub mod wire;
pub mod wiring;
