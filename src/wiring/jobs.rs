//! The jobs of the host half: a sync into a file, or one operation.

use std::io::Write as _;
use std::path::Path;

use tracing::{Instrument as _, Span};

use super::daemon;
use crate::c1z::Bounds;
use crate::causes;
use crate::cli::{Failure, Job};
use crate::config::{HostOptions, OutputFormat, host_flags};
use crate::pb::connector::ResourceId;
use crate::runner::one_shot::{self, Account, Action, EventFeed, Outcome, Stored};
use crate::runner::{self, Executable, Progress, SyncRequest};
use crate::trace;

/// Does `job` with this binary as the connector.
pub(super) async fn run(options: &HostOptions, job: Job) -> Result<(), Failure> {
    let executable = this_program(options)?;
    // Each task of a daemon is work of its own.
    let span = match job {
        Job::Daemon => Span::none(),
        _ => trace::work(job.name()),
    };
    let done = perform(options, executable, job)
        .instrument(span.clone())
        .await;
    let outcome = if done.is_ok() { "ok" } else { "failed" };
    trace::end(&span, outcome, done.is_ok());
    done
}

async fn perform(options: &HostOptions, executable: Executable, job: Job) -> Result<(), Failure> {
    match job {
        Job::Sync => sync(options, executable).await,
        Job::Daemon => daemon::run(options, executable).await,
        Job::Unsupported(what) => Err(unsupported(what)),
        Job::ListActionSchemas { resource_type } => {
            let resource_type = resource_type.unwrap_or_default();
            let schemas = one_shot::list_action_schemas(&executable, &resource_type).await?;
            schemas.iter().try_for_each(|schema| print(schema))
        }
        Job::EventFeed {
            feed,
            start_at,
            cursor,
            follow,
        } => {
            let feed = EventFeed {
                id: feed.unwrap_or_default(),
                start_at: Some(start_at),
                cursor: cursor.unwrap_or_default(),
                follow,
            };
            let reached = one_shot::Reached::default();
            let stdout = &mut std::io::stdout();
            let read = one_shot::event_feed(&executable, feed, stdout, &reached).await;
            if let Some(cursor) = reached.into_inner() {
                tell(&format!("cursor: {cursor}"))?;
            }
            Ok(read?)
        }
        job => {
            let outcome = match operate(options, &executable, job).await {
                Err(error) if options.dry_run => Outcome::of_dry_run(error)?,
                outcome => outcome?,
            };
            print(&match options.output {
                OutputFormat::Text => outcome.to_string(),
                OutputFormat::Json => outcome.to_json().to_string(),
            })
        }
    }
}

/// This binary as the connector process.
fn this_program(options: &HostOptions) -> Result<Executable, Failure> {
    let path = std::env::current_exe()
        .map_err(|error| Failure::usage(format!("cannot find this program: {error}")))?;
    let first = format!("--{}", host_flags::STARTED_BY_OWN_HOST.name);
    let flags = options.arguments.flags.iter().cloned();
    Ok(Executable {
        path,
        arguments: std::iter::once(first.into()).chain(flags).collect(),
        variables: options.arguments.variables.clone(),
    })
}

/// Runs a job that is a single operation.
async fn operate(
    options: &HostOptions,
    executable: &Executable,
    job: Job,
) -> Result<Outcome, runner::Error> {
    let stored = Stored {
        file: &options.file,
        bounds: bounds(options),
    };
    match job {
        Job::Grant {
            entitlement,
            principal,
            principal_type,
        } => {
            let principal = id(
                principal_type.unwrap_or_else(|| "user".to_owned()),
                principal,
            );
            one_shot::grant(executable, stored, &entitlement, principal).await
        }
        Job::Revoke { grant } => one_shot::revoke(executable, stored, &grant).await,
        Job::CreateAccount(account) => {
            let account = Account {
                login: account.login.unwrap_or_default(),
                email: account.email.unwrap_or_default(),
                profile: (!account.profile.is_empty()).then_some(account.profile),
                resource_type: account.resource_type.unwrap_or_default(),
            };
            one_shot::create_account(executable, account).await
        }
        Job::DeleteResource {
            id: resource,
            resource_type,
        } => one_shot::delete_resource(executable, id(resource_type, resource)).await,
        Job::RotateCredentials {
            id: resource,
            resource_type,
        } => one_shot::rotate_credentials(executable, id(resource_type, resource)).await,
        Job::InvokeAction {
            name,
            arguments,
            resource_type,
        } => {
            let resource_type = resource_type.unwrap_or_default();
            let action = Action {
                name,
                arguments,
                resource_type,
            };
            one_shot::invoke_action(executable, action).await
        }
        _ => Err(runner::Error::Internal(
            "this job is not an operation".to_owned(),
        )),
    }
}

async fn sync(options: &HostOptions, executable: Executable) -> Result<(), Failure> {
    let request = SyncRequest {
        file: Some(options.file.clone()),
        keep_syncs: options.keep_syncs.unwrap_or_default(),
        progress: Progress::detect(),
        ..sync_request(options, executable)?
    };
    let summary = runner::run_sync(request).await?;
    let mut text = Vec::new();
    summary
        .print(&mut text)
        .map_err(|error| Failure::usage(format!("writing the summary: {error}")))?;
    // Standard output is for data; the summary is for people.
    let written = std::io::stderr().write_all(&text);
    written.map_err(|error| Failure::usage(format!("writing the summary: {error}")))?;
    announce(&options.file)
}

/// A sync as the command line describes it, without a file.
pub(super) fn sync_request(
    options: &HostOptions,
    executable: Executable,
) -> Result<SyncRequest, Failure> {
    if options.external.is_some() {
        return Err(unsupported(
            "resources of another connector (--external-resource-c1z)",
        ));
    }
    Ok(SyncRequest {
        workers: options.workers,
        resource_types: options.resource_types.clone(),
        resources: options.resources.clone(),
        skip_entitlements_and_grants: options.skip_entitlements_and_grants,
        skip_grants: options.skip_grants,
        temporary_directory: options.temporary_directory.clone(),
        file_mode: options.file_mode,
        bounds: bounds(options),
        ..SyncRequest::new(executable)
    })
}

fn bounds(options: &HostOptions) -> Bounds {
    Bounds {
        ratio: options.max_ratio,
        ..Bounds::default()
    }
}

fn announce(file: &Path) -> Result<(), Failure> {
    tell(&format!("wrote {}", file.display()))
}

/// Prints a line for people.
fn tell(line: &str) -> Result<(), Failure> {
    std::io::stderr()
        .write_all(format!("{line}\n").as_bytes())
        .map_err(|error| Failure::usage(format!("writing the summary: {error}")))
}

fn print(line: &str) -> Result<(), Failure> {
    let mut line = line.to_owned();
    line.push('\n');
    std::io::stdout()
        .write_all(line.as_bytes())
        .map_err(|error| Failure::usage(format!("writing to standard output: {error}")))
}

fn id(resource_type: String, resource: String) -> ResourceId {
    ResourceId {
        resource_type,
        resource,
        ..ResourceId::default()
    }
}

impl From<runner::Error> for Failure {
    fn from(error: runner::Error) -> Self {
        Self::status(tonic::Code::from_i32(error.code()), causes::chain(&error))
    }
}

fn unsupported(what: &str) -> Failure {
    Failure::status(
        tonic::Code::Unimplemented,
        format!("{what}: not part of this connector"),
    )
}
