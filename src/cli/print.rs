//! What goes to stdout and stderr besides the log.
#![expect(clippy::print_stderr, reason = "the one place that prints")]

use std::io::Write as _;

use super::Failure;

/// Help and version are results; what clap refuses is a failure.
pub(super) fn usage(asked: &clap::Error) -> Result<String, Failure> {
    let rendered = asked.render().to_string();
    if asked.use_stderr() {
        Err(Failure::usage(rendered.trim_end()))
    } else {
        Ok(rendered)
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

/// Prints `text` as it is. A reader that has read enough is no failure.
pub(super) fn result(text: &str) -> Result<(), Failure> {
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
