//! No subcommand: the host, which does one job through a connector process.

use super::prepare::prepare;
use super::{Failure, Job, Program, World};
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
        (
            options,
            Job::resolve(values, &sources.directory, world.now, problems),
        )
    })?;
    let (options, job) = prepared.options;
    if matches!(job, Job::Sync) && written.values.is_set(&one_shot::CREATE_ACCOUNT_EMAIL) {
        tracing::warn!("create-account-email alone creates no account: syncing");
    }
    program.host(prepared.config, options, job).await
}
