//! Our host on any Baton connector: starts it, syncs it into a file, prints what came.
//!
//!     drive --binary X --file F [--workers N] [-- FLAGS OF THE CONNECTOR…]

#![expect(clippy::print_stderr, reason = "the last line on stderr says why")]

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use baton_salesforce::runner::{self, Executable, Progress, SyncRequest};
use clap::Parser;

/// Syncs any Baton connector into a file.
#[derive(Debug, Parser)]
struct Options {
    /// The connector.
    #[arg(long)]
    binary: PathBuf,
    /// The file to sync into; without one the rows are only counted.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Calls under way at once; 0 means one, -1 as many as there are cores, up to 4.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    workers: i64,
    /// Fail on broken references between rows.
    #[arg(long)]
    strict: bool,
    /// The connector's own flags.
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let executable = Executable {
        path: options.binary,
        variables: Vec::new(),
        arguments: options.arguments,
    };
    let request = SyncRequest {
        file: options.file,
        workers: options.workers,
        strict_invariants: options.strict,
        progress: Progress::detect(),
        ..SyncRequest::new(executable)
    };
    match runner::run_sync(request).await {
        Ok(summary) => {
            summary
                .print(&mut std::io::stdout())
                .context("printing the summary")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let code = u8::try_from(error.code()).unwrap_or(2);
            eprintln!("{:#}", anyhow::Error::from(error));
            Ok(ExitCode::from(code))
        }
    }
}
