//! What the commands hand over to: the connector, its server and its host.

use async_trait::async_trait;

use super::{Failure, Job};
use crate::config::{Config, HostOptions, ServeOptions};
use crate::pb::connector::ConnectorCapabilities;

/// The parts behind the commands.
#[async_trait]
pub trait Program: Send + Sync {
    /// Is the connector process of a host until the host closes stdin.
    async fn connector_service(&self, config: Config) -> Result<(), Failure>;

    /// Serves the connector to developers until the process is told to stop.
    async fn serve(&self, config: Config, options: ServeOptions) -> Result<(), Failure>;

    /// Is the host: starts a connector process and does `job` through it.
    async fn host(&self, config: Config, options: HostOptions, job: Job) -> Result<(), Failure>;

    /// What the connector can do. Works without a configuration.
    async fn capabilities(&self) -> Result<ConnectorCapabilities, Failure>;
}
