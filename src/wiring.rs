//! Joins the parts behind the command line.

use async_trait::async_trait;
use tonic::Code;

use crate::cli::{Failure, Job, Program};
use crate::config::{Config, HostOptions, ServeOptions};
use crate::pb::connector::ConnectorCapabilities;

/// The Salesforce connector.
#[derive(Clone, Copy, Debug, Default)]
pub struct Connector;

#[async_trait]
impl Program for Connector {
    async fn connector_service(&self, _config: Config) -> Result<(), Failure> {
        Err(Failure::status(
            Code::Unimplemented,
            "the connector process is not part of this build",
        ))
    }

    async fn serve(&self, _config: Config, _options: ServeOptions) -> Result<(), Failure> {
        Err(Failure::status(
            Code::Unimplemented,
            "the server is not part of this build",
        ))
    }

    async fn host(&self, _: Config, _: HostOptions, _: Job) -> Result<(), Failure> {
        Err(Failure::status(
            Code::Unimplemented,
            "the host is not part of this build",
        ))
    }

    async fn capabilities(&self) -> Result<ConnectorCapabilities, Failure> {
        Err(Failure::status(
            Code::Unimplemented,
            "the connector is not part of this build",
        ))
    }
}
