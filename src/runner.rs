//! The host's half: starts a connector as a subprocess, asks it for everything it has, and keeps
//! what it answers. It drives any Baton connector and knows none.

#[doc(hidden)]
pub mod benchmark;
mod client;
mod clock;
mod credentials;
mod error;
mod expand;
mod grant_index;
mod launch;
mod limiter;
pub mod one_shot;
mod progress;
mod retry;
mod run;
mod running;
mod sink;
mod summary;
mod sync;

#[cfg(test)]
mod tests;

pub(crate) use client::Call;
pub use error::{Error, Result};
pub use launch::Executable;
pub use progress::Progress;
pub(crate) use run::sync_with;
pub use run::{SyncRequest, run_sync};
pub(crate) use running::Running;
pub use summary::{PhaseSummary, RowCounts, Summary};
pub(crate) use sync::Target;
