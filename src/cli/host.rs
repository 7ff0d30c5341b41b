//! Without a subcommand: the host, which does one job by means of a connector process.

use super::failure::Failure;
use super::job::Job;
use super::prepare::prepare;
use super::program::Program;
use super::world::World;
use crate::config::{HostOptions, Written, one_shot};

pub(super) async fn run(
    program: &dyn Program,
    world: &World,
    written: &Written,
) -> Result<(), Failure> {
    let sources = &world.sources;
    let prepared = prepare(world, written, |problems| {
        let values = &written.values;
        let options = HostOptions::resolve(values, sources, problems);
        (options, Job::resolve(values, world.now, problems))
    })?;
    let (options, job) = prepared.options;
    if matches!(job, Job::Sync) && written.values.is_set(&one_shot::CREATE_ACCOUNT_EMAIL) {
        tracing::warn!("--create-account-email alone creates no account; running a sync");
    }
    program.host(prepared.config, options, job).await
}
