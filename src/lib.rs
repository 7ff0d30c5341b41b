//! Identity governance for Salesforce over the Baton connector protocol.

pub mod pb;
