//! Identity governance for Salesforce over the Baton connector protocol.

pub mod baton;
pub mod connector;
pub mod pb;
pub mod salesforce;
