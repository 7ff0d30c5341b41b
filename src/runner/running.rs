//! A connector process, from its start to its end.

use std::process::ExitStatus;
use std::time::Duration;

use tonic::Status;
use tonic::transport::Channel;

use super::client::Client;
use super::clock;
use super::error::{Error, Result};
use super::launch::{Child, Executable, launch};
use crate::pb::process::metrics_service_client::MetricsServiceClient;
use crate::pb::process::{ReadRequest, ReadResponse};

/// A death may be noticed after its consequences; on a busy machine, long after.
const DEATH_GRACE: Duration = Duration::from_secs(5);

/// A connector that runs until it is shut down.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    channel: Channel,
}

impl Running {
    pub(crate) async fn start(executable: &Executable) -> Result<Self> {
        let (child, channel) = launch(executable).await?;
        Ok(Self { child, channel })
    }

    /// Whether the process has not ended yet.
    pub(crate) fn is_running(&self) -> bool {
        self.child.is_running()
    }

    /// A client that counts its calls from zero.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.channel.clone(), clock::wall())
    }

    /// What the process has counted, if it is one of this program.
    pub(crate) async fn counts(&self) -> Result<ReadResponse, Status> {
        let mut client = MetricsServiceClient::new(self.channel.clone());
        Ok(client.read(ReadRequest {}).await?.into_inner())
    }

    /// Does `work`. If it fails because the connector died, the error says so.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            // In this order: a connector may end after its last answer.
            biased;
            result = work => self.or_death(result).await,
            status = self.child.ended() => Err(died(status)),
        }
    }

    /// If a call failed because the connector died, returns the death as the error.
    async fn or_death<T>(&self, result: Result<T>) -> Result<T> {
        // An error that the connector sent has no source; a transport error has one.
        let is_broken = |status: &tonic::Status| std::error::Error::source(status).is_some();
        match &result {
            Err(Error::Call { status, .. }) if is_broken(status) => {}
            _ => return result,
        }
        match tokio::time::timeout(DEATH_GRACE, self.child.ended()).await {
            Ok(status) => Err(died(status)),
            Err(_) => result,
        }
    }

    /// Lets the connector end, and kills it if it does not.
    pub(crate) async fn shutdown(self) {
        self.child.shutdown().await;
    }
}

fn died(status: ExitStatus) -> Error {
    Error::Died {
        when: "before its work was done",
        status,
    }
}
