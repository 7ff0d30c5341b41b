//! Identity governance for Salesforce over the Baton connector protocol.

pub mod baton;
pub mod c1z;
pub mod pb;
pub mod runner;
