//! A program out of a connector, whatever it connects to: what the author of another connector
//! calls in `main`.
//!
//! The author implements the traits of [`crate::baton`] and passes [`run`] a function that makes a
//! [`Registry`]. The program that comes out of it
//!
//! - serves a host of the Baton SDK as its child process (`_connector-service`),
//! - serves developers, with reflection for grpcurl (`serve`),
//! - prints what it can do (`capabilities`),
//! - syncs into a `.c1z` file, grants and revokes without any other host.
//!
//! `examples/directory.rs` is such a program, and `docs/second-connector.md` explains it.

mod line;
pub mod prelude;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::baton::{self, Registry};
use crate::c1z::Bounds;
use crate::cli::Failure;
use crate::config::schema;
use crate::host::{self, ServeOptions};
use crate::pb::connector::ResourceId;
use crate::runner::one_shot::{self, Stored};
use crate::runner::{Executable, Progress, SyncRequest, run_sync};
use crate::service::{Services, Toggles};
use crate::{telemetry, wire};
use line::{Command, Job, Settings};

/// Runs the program called `name` to its end and returns its exit code: 0, the code of a gRPC
/// status, or 2 for any other failure. The reason is the last line on stderr.
///
/// `O` are the connector's own flags. `build` turns them into a registry. It must not talk to the
/// upstream system: a host waits for the process to listen first, and [`baton::Connector::validate`]
/// is where it expects problems.
///
/// ```no_run
/// use baton_salesforce::{baton, sdk};
///
/// #[derive(clap::Args)]
/// struct Flags {
///     /// Address of the upstream system
///     #[arg(long, env = "BATON_ADDRESS")]
///     address: String,
/// }
///
/// # fn connect(_: &str) -> baton::Result<baton::Registry> { unimplemented!() }
/// fn main() -> std::process::ExitCode {
///     sdk::run("baton-example", |flags: Flags| connect(&flags.address))
/// }
/// ```
pub fn run<O: clap::Args>(
    name: &'static str,
    build: impl FnOnce(O) -> baton::Result<Registry>,
) -> ExitCode {
    let (own, settings) = match line::parse::<O>(name, std::env::args_os()) {
        Ok(read) => read,
        Err(asked) => {
            // Nobody is left to hear that stderr is closed.
            let _ = asked.print();
            return ExitCode::from(u8::try_from(asked.exit_code()).unwrap_or(2));
        }
    };
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return end(&Failure::usage(format!("starting the runtime: {error}"))),
    };
    let ended = runtime.block_on(execute(build, own, settings));
    // Work that nobody waits for any more must not delay the end.
    runtime.shutdown_background();
    ended.map_or_else(|failure| end(&failure), |()| ExitCode::SUCCESS)
}

async fn execute<O>(
    build: impl FnOnce(O) -> baton::Result<Registry>,
    own: O,
    settings: Settings,
) -> Result<(), Failure> {
    let _telemetry = telemetry::install(&settings.log(), None, Timestamp::now())?;
    // The host half needs no registry, but a wrong flag is better reported here than by a child
    // that dies.
    let registry = build(own)?;
    let toggles = Toggles {
        provisioning: settings.provisioning(),
        ticketing: false,
    };
    match settings.command {
        None => host(&settings).await,
        Some(Command::Capabilities) => print_capabilities(&registry),
        Some(Command::ConnectorService) => child(&Services::new(Arc::new(registry), toggles)).await,
        Some(Command::Serve) => {
            let options = settings.serve()?;
            serve(&Services::new(Arc::new(registry), toggles), &options).await
        }
    }
}

/// Serves the host that started this process until the host goes away.
pub async fn child(services: &Services) -> Result<(), Failure> {
    let fd = std::env::var(host::LISTENER_FD_VARIABLE).ok();
    let served = host::run_child(services, fd.as_deref(), std::io::stdin()).await;
    Ok(served.map_err(anyhow::Error::from)?)
}

/// Serves developers until the process is told to stop.
pub async fn serve(services: &Services, options: &ServeOptions) -> Result<(), Failure> {
    Ok(host::serve(services, options)
        .await
        .map_err(anyhow::Error::from)?)
}

/// Starts this same program as a connector process and does one job through it.
async fn host(settings: &Settings) -> Result<(), Failure> {
    let executable = Executable {
        path: std::env::current_exe()
            .map_err(|error| Failure::usage(format!("cannot find this program: {error}")))?,
        arguments: std::env::args_os().skip(1).collect(),
        variables: Vec::new(),
    };
    let stored = Stored {
        file: &settings.file,
        bounds: Bounds::default(),
    };
    let outcome = match settings.job() {
        Job::Grant {
            entitlement,
            principal,
            principal_type,
        } => {
            let principal = ResourceId {
                resource_type: principal_type.to_owned(),
                resource: principal.to_owned(),
                ..ResourceId::default()
            };
            one_shot::grant(&executable, stored, entitlement, principal).await?
        }
        Job::Revoke { grant } => one_shot::revoke(&executable, stored, grant).await?,
        Job::Sync => {
            let summary = run_sync(SyncRequest {
                file: Some(settings.file.clone()),
                workers: settings.workers,
                progress: Progress::detect(),
                ..SyncRequest::new(executable)
            });
            let printed = summary.await?.print(&mut std::io::stderr());
            return printed
                .map_err(|error| Failure::usage(format!("writing the summary: {error}")));
        }
    };
    print_line(&outcome.to_string())
}

fn print_capabilities(registry: &Registry) -> Result<(), Failure> {
    let capabilities = wire::connector::capabilities(registry);
    let text = schema::capabilities_json(&capabilities)?;
    print_line(&text)
}

fn print_line(line: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}")
        .map_err(|error| Failure::usage(format!("writing to stdout: {error}")))
}

#[expect(clippy::print_stderr, reason = "the last line says why it ends")]
fn end(failure: &Failure) -> ExitCode {
    eprintln!("{failure}");
    ExitCode::from(failure.code())
}
