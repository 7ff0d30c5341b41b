//! Identity governance for Salesforce over the Baton connector protocol.

pub mod baton;
pub mod host;
pub mod pb;
pub mod service;
pub mod wire;
