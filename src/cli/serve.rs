//! `serve`: the services without a host, for developers.

use super::failure::Failure;
use super::prepare::prepare;
use super::program::Program;
use super::world::World;
use crate::config::{ServeOptions, Written};

pub(super) async fn run(
    program: &dyn Program,
    world: &World,
    written: &Written,
) -> Result<(), Failure> {
    let directory = &world.sources.directory;
    let prepared = prepare(world, written, |problems| {
        ServeOptions::resolve(&written.values, directory, problems)
    })?;
    program.serve(prepared.config, prepared.options).await
}
