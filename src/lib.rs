//! Identity governance for Salesforce over the Baton connector protocol.

pub mod baton;
pub mod pb;
