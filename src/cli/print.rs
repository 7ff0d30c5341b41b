//! What goes to stdout and stderr besides the log.
#![expect(clippy::print_stderr, reason = "the one place that prints")]

use std::io::Write as _;

use clap_complete::Shell;

use super::{Failure, Program};
use crate::config::{self, NAME, schema};

/// Help and version go to stdout with success; what clap refuses goes to stderr.
pub(super) fn usage(asked: &clap::Error) -> Result<(), Failure> {
    let rendered = asked.render().to_string();
    if asked.use_stderr() {
        Err(Failure::usage(rendered.trim_end()))
    } else {
        text(&rendered)
    }
}

/// Tells why the process ends.
pub(super) fn failure(failure: &Failure) {
    eprintln!("{failure}");
}

/// Tells what was odd, where there is no log.
pub(super) fn warnings(warnings: &[String]) {
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
}

/// `config`
pub(super) fn config() -> Result<(), Failure> {
    text(&schema::configuration_json()?)
}

/// `capabilities`
pub(super) async fn capabilities(program: &dyn Program) -> Result<(), Failure> {
    let capabilities = program.capabilities().await?;
    text(&schema::capabilities_json(&capabilities)?)
}

/// `completion`
pub(super) fn completion(shell: Option<Shell>) -> Result<(), Failure> {
    let shell = shell.ok_or_else(|| Failure::usage("the shell is missing"))?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut config::command(), NAME, &mut script);
    text(&String::from_utf8_lossy(&script))
}

/// Prints `text` as it is. A reader that has read enough is no failure.
fn text(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    let result = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::usage(format!("writing to stdout: {error}")))
        }
        _ => Ok(()),
    }
}
