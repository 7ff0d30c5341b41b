//! The command line: which command runs with which options, and how the process ends.
//!
//! The commands decide *what* to do and leave *how* to a [`Program`], which tests replace. stdout
//! carries only results.

mod access;
mod answer;
mod changes;
mod describe;
mod doctor;
mod failure;
mod health_check;
mod host;
mod job;
mod login;
mod logout;
mod manual;
mod prepare;
mod print;
mod program;
mod report;
mod serve;
mod service;
mod world;

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests;

use crate::config::{CONNECTOR_SERVICE, Written, telemetry};
use crate::core_dumps;
use crate::signals;

use answer::Answer;

pub use failure::Failure;
pub use job::{Fields, Job, NewAccount};
pub use program::Program;
pub use world::World;

/// Runs the command and returns the exit code: 0, the code of a gRPC status, or 2 for any other
/// failure. The last line on stderr says why it failed. `doctor` has codes of its own.
pub async fn run(program: &dyn Program, world: &World) -> u8 {
    let result = match (signals::survive_file_size_limit(), world.sources.read()) {
        (Err(error), _) => Err(Failure::usage(format!("handling SIGXFSZ: {error}"))),
        (Ok(()), Ok(mut written)) => {
            if reads_input(&written) {
                written.read_from(std::io::stdin());
            }
            execute(program, world, &written).await
        }
        (Ok(()), Err(asked)) => print::usage(&asked).map(Answer::from),
    };
    let printed = result.and_then(|answer| print::result(&answer.text).map(|()| answer.code));
    match printed {
        Ok(code) => code,
        Err(failure) => {
            print::failure(&failure);
            failure.code()
        }
    }
}

/// Whether the command may read a value from standard input. For a connector process that is the
/// connection to its host; others need no configuration.
fn reads_input(written: &Written) -> bool {
    let command = written.line.subcommand.as_deref();
    matches!(
        command,
        None | Some("serve" | "login" | "logout" | "doctor")
    )
}

/// Runs one command and returns what it prints at its end.
async fn execute(
    program: &dyn Program,
    world: &World,
    written: &Written,
) -> Result<Answer, Failure> {
    if !written.values.switch(&telemetry::CORE_DUMPS) {
        core_dumps::forbid()
            .map_err(|error| Failure::usage(format!("switching core dumps off: {error}")))?;
    }
    match written.line.subcommand.as_deref() {
        Some("access") => return access::run(world, written).map(|()| Answer::default()),
        Some("changes") => return changes::run(world, written),
        Some("doctor") => return doctor::run(program, world, written).await,
        Some("config") => return describe::config().map(Answer::from),
        Some("capabilities") => return describe::capabilities(program).await.map(Answer::from),
        Some("completion") => return describe::completion(written.line.shell).map(Answer::from),
        Some("health-check") => return health_check::run(written).await.map(Answer::from),
        Some("login") => return login::run(program, world, written).await.map(Answer::from),
        Some("logout") => logout::run(program, world, written).await,
        Some("man") => {
            let directory = written.line.directory.as_ref();
            let directory = directory.map(|it| world.sources.directory.join(it));
            return manual::run(directory.as_deref()).map(Answer::from);
        }
        Some("report") => return report::run(world, written).map(Answer::from),
        Some("serve") => serve::run(program, world, written).await,
        Some(CONNECTOR_SERVICE) => service::run(program, world, written).await,
        _ => host::run(program, world, written).await,
    }
    .map(|()| Answer::default())
}
