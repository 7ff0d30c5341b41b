//! The command line: which command runs with which options, and how the process ends.
//!
//! The commands know *what* to do; *how* is a [`Program`], so that they are tested without one.
//! stdout carries results and nothing else.

mod describe;
mod failure;
mod health_check;
mod host;
mod job;
mod prepare;
mod print;
mod program;
mod serve;
mod service;

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests;

use jiff::Timestamp;

use crate::config::{CONNECTOR_SERVICE, Sources, Written};

pub use failure::Failure;
pub use job::{Fields, Job, NewAccount, Ticket};
pub use program::Program;

/// What surrounds the process.
#[derive(Clone)]
pub struct World {
    /// Where the configuration comes from.
    pub sources: Sources,
    /// The time of the start.
    pub now: Timestamp,
    /// Whether stdout is a terminal.
    pub terminal: bool,
}

impl World {
    /// The world of this process, which started `now`.
    #[must_use]
    pub fn of_process(now: Timestamp) -> Self {
        Self {
            sources: Sources::of_process(),
            now,
            terminal: std::io::IsTerminal::is_terminal(&std::io::stdout()),
        }
    }
}

/// Runs the command that `world` asks for and returns the exit code: 0, the code of a gRPC status,
/// or 2 for any other failure. The reason is the last thing on stderr.
pub async fn run(program: &dyn Program, world: &World) -> u8 {
    let result = match world.sources.read() {
        Ok(written) => execute(program, world, &written).await,
        Err(asked) => print::usage(&asked),
    };
    match result.and_then(|text| print::result(&text)) {
        Ok(()) => 0,
        Err(failure) => {
            print::failure(&failure);
            failure.code()
        }
    }
}

/// Runs one command and returns what it prints at its end.
async fn execute(
    program: &dyn Program,
    world: &World,
    written: &Written,
) -> Result<String, Failure> {
    match written.line.subcommand.as_deref() {
        Some("config") => return describe::config(),
        Some("capabilities") => return describe::capabilities(program).await,
        Some("completion") => return describe::completion(written.line.shell),
        Some("health-check") => health_check::run(written).await,
        Some("serve") => serve::run(program, world, written).await,
        Some(CONNECTOR_SERVICE) => service::run(program, world, written).await,
        _ => host::run(program, world, written).await,
    }
    .map(|()| String::new())
}
