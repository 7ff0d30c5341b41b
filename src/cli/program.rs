//! The parts that do the commands' work: the connector, its server and its host.

use async_trait::async_trait;

use super::failure::Failure;
use super::job::Job;
use crate::config::{Config, HostOptions, LoginOptions, ServeOptions};
use crate::doctor::Report;
use crate::pb::connector::ConnectorCapabilities;

/// The parts behind the commands.
#[async_trait]
pub trait Program: Send + Sync {
    /// Runs the connector process of a host until the host closes stdin.
    async fn connector_service(&self, config: Config) -> Result<(), Failure>;

    /// Serves the connector to developers until a signal ends the process.
    async fn serve(&self, config: Config, options: ServeOptions) -> Result<(), Failure>;

    /// Runs the host: starts a connector process and does `job` with it.
    async fn host(&self, config: Config, options: HostOptions, job: Job) -> Result<(), Failure>;

    /// Checks the connection and what the connector's user may do. A failure is part of the report.
    async fn doctor(&self, config: Config) -> Report;

    /// Signs a person in with a browser. Returns the settings to use from now on.
    async fn login(&self, config: Config, options: LoginOptions) -> Result<String, Failure>;

    /// Ends what [`login`](Self::login) began.
    async fn logout(&self, config: Config) -> Result<(), Failure>;

    /// The connector's capabilities. Works without a configuration.
    async fn capabilities(&self) -> Result<ConnectorCapabilities, Failure>;
}
