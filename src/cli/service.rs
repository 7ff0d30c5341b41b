//! `_connector-service`: the process that a host starts.

use super::failure::Failure;
use super::prepare::prepare;
use super::program::Program;
use super::world::World;
use crate::config::Written;

pub(super) async fn run(
    program: &dyn Program,
    world: &World,
    written: &Written,
) -> Result<(), Failure> {
    let prepared = prepare(world, written, |_| ())?;
    program.connector_service(prepared.config).await
}
