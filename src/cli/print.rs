//! What goes to stdout and stderr besides the log.

use std::io::Write as _;

use super::failure::Failure;

/// Help and version are results; what clap refuses is a failure.
pub(super) fn usage(asked: &clap::Error) -> Result<String, Failure> {
    let rendered = asked.render().to_string();
    if asked.use_stderr() {
        Err(Failure::usage(rendered.trim_end()))
    } else {
        Ok(rendered)
    }
}

/// Says why the process ends.
pub(super) fn failure(failure: &Failure) {
    error_line(&failure.to_string());
}

/// Prints warnings where there is no log.
pub(super) fn warnings(warnings: &[String]) {
    for warning in warnings {
        error_line(&format!("warning: {warning}"));
    }
}

/// Prints `text` as it is.
pub(super) fn result(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::usage(format!("writing to standard output: {error}")))
}

/// Unlike `eprintln!`, it does not panic if nobody reads: there is nowhere left to say so.
fn error_line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
