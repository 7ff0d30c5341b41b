//! The browser's part of a sign-in: opens a page of the org, and receives where the org sends the
//! browser afterwards.
//!
//! Must not know: Salesforce, tokens, the token store.

mod browser;
mod connection;
mod listener;
mod page;
mod paste;
mod port_holder;
mod redirect;
#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]
mod tests;

pub use browser::open;
pub use listener::{Answered, ListenError, Listener};
pub use page::Page;
pub use paste::from_text;
pub use redirect::{Expected, Outcome, Refused};
