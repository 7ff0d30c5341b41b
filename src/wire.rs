//! Converts between the types of [`crate::baton`] and the protocol's messages. No I/O.
//!
//! Only this module builds and reads protobuf on the connector's side. A request is validated twice:
//! against the contract's rules ([`validate`]), and by constructing domain values.

pub mod account;
pub mod action;
pub mod annotation;
pub mod connector;
pub mod entitlement;
pub mod event;
pub mod grant;
pub mod insight;
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
