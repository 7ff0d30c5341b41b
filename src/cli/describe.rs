//! The commands that describe the program: `config`, `capabilities`, `completion`.

use clap_complete::Shell;

use super::failure::Failure;
use super::program::Program;
use crate::config::{self, NAME, schema};

/// The schema of the configuration.
pub(super) fn config() -> Result<String, Failure> {
    Ok(schema::configuration_json()?)
}

/// What the connector can do.
pub(super) async fn capabilities(program: &dyn Program) -> Result<String, Failure> {
    Ok(schema::capabilities_json(&program.capabilities().await?)?)
}

/// A completion script.
pub(super) fn completion(shell: Option<Shell>) -> Result<String, Failure> {
    let shell = shell.ok_or_else(|| Failure::usage("the shell is missing"))?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut config::command(), NAME, &mut script);
    Ok(String::from_utf8_lossy(&script).into_owned())
}
