//! `login`: a person signs in with a browser.

use super::failure::Failure;
use super::prepare::prepare_as;
use super::program::Program;
use super::world::World;
use crate::config::{Config, LoginOptions, Written};

/// Signs in, and returns the settings to use from now on.
pub(super) async fn run(
    program: &dyn Program,
    world: &World,
    written: &Written,
) -> Result<String, Failure> {
    let prepared = prepare_as(world, written, Config::for_login, |problems| {
        LoginOptions::resolve(&written.values, problems)
    })?;
    program.login(prepared.config, prepared.options).await
}
