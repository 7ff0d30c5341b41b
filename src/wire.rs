//! The domain ⇄ the protocol's messages: pure functions, no I/O.
//!
//! Nothing else builds or reads protobuf on the connector's side. Reading a request is validating
//! it: first against the contract's rules ([`validate`]), then by constructing domain values.

pub mod account;
pub mod action;
pub mod annotation;
pub mod connector;
pub mod entitlement;
pub mod grant;
pub mod page;
pub mod resource;
pub mod rule;
pub mod rules;
pub mod status;
pub mod text;
pub mod validate;
pub mod value;

#[cfg(test)]
mod tests;

pub(crate) use status::ByHandler;
pub use status::status;
pub use validate::validated;
