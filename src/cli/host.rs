//! No subcommand: the host, which does one job through a connector process.

use super::prepare::prepare;
use super::{Failure, Job, Program, World};
use crate::config::{HostOptions, Written};

pub(super) async fn run(
    program: &dyn Program,
    world: &World,
    written: Written,
) -> Result<(), Failure> {
    let sources = &world.sources;
    let prepared = prepare(world, written, |written, problems| {
        let (values, arguments) = (&written.values, &sources.arguments);
        let options = HostOptions::resolve(values, arguments, &sources.directory, problems);
        (
            options,
            Job::resolve(values, &sources.directory, world.now, problems),
        )
    })?;
    let (options, job) = prepared.options;
    program.host(prepared.config, options, job).await
}
