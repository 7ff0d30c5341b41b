//! `logout`: ends what `login` began.

use super::failure::Failure;
use super::prepare::prepare_as;
use super::program::Program;
use super::world::World;
use crate::config::{Config, Written};

pub(super) async fn run(
    program: &dyn Program,
    world: &World,
    written: &Written,
) -> Result<(), Failure> {
    let prepared = prepare_as(world, written, Config::for_login, |_| ())?;
    program.logout(prepared.config).await
}
