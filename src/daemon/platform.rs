//! Calls to the platform. Each carries the host's id and an access token; one that is refused because
//! of its token is sent once more with a new one.

use std::path::Path;
use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Response, Status};

use super::error::{Error, Result};
use super::identity::Identity;
use super::token::Tokens;
use super::{tunnel, upload};
use crate::metrics::HostMetrics;
use crate::pb::SDK_VERSION;
use crate::pb::connector::ConnectorMetadata;
use crate::pb::platform::baton_service_client::BatonServiceClient;
use crate::pb::platform::{
    BatonServiceFinishTaskRequest, BatonServiceGetTaskRequest, BatonServiceGetTaskResponse,
    BatonServiceGetTasksRequest, BatonServiceGetTasksResponse, BatonServiceHeartbeatRequest,
    BatonServiceHeartbeatResponse, BatonServiceHelloRequest,
    baton_service_hello_request::{BuildInfo, OsInfo},
};

const CONNECT_PATIENCE: Duration = Duration::from_secs(30);
/// How long a call may take; one that asks for tasks may wait for them.
const PATIENCE: Duration = Duration::from_mins(2);
/// As in the SDK.
const FINISH_PATIENCE: Duration = Duration::from_secs(30);
/// Notices a peer that is gone while a call waits. Pings of HTTP/2 would be refused: servers in Go
/// allow one in five minutes.
const TCP_KEEPALIVE: Duration = Duration::from_secs(30);

/// The platform's service.
pub(super) struct Platform {
    tokens: Tokens,
    channel: Channel,
    host_id: String,
}

/// What this host tells of itself.
#[derive(Clone, Debug)]
pub(super) struct Greeting {
    pub(super) build: BuildInfo,
    pub(super) system: OsInfo,
    pub(super) connector: ConnectorMetadata,
}

impl Platform {
    /// Nothing is sent yet.
    pub(super) fn new(identity: Identity, host_id: String, metrics: HostMetrics) -> Result<Self> {
        let broken = |source| Error::Channel { source };
        let endpoint = Endpoint::from_shared(identity.host.url())
            .and_then(|endpoint| {
                endpoint
                    .connect_timeout(CONNECT_PATIENCE)
                    .tcp_keepalive(Some(TCP_KEEPALIVE))
                    .user_agent(format!("{} baton-sdk/{SDK_VERSION}", identity.name))?
                    .tls_config(ClientTlsConfig::new().with_native_roots())
            })
            .map_err(broken)?;
        Ok(Self {
            channel: tunnel::channel(&endpoint, TCP_KEEPALIVE, |name| std::env::var(name).ok())?,
            tokens: Tokens::new(identity, metrics)?,
            host_id,
        })
    }

    /// Gets an access token for the next call, unless there is one.
    pub(super) async fn sign_in(&self) -> Result<()> {
        self.tokens.authorization().await.map(drop)
    }

    /// Announces this host: at the start, and for a task that asks for it.
    pub(super) async fn hello(&self, greeting: Greeting, task: &str) -> Result<()> {
        let request = BatonServiceHelloRequest {
            host_id: self.host_id.clone(),
            task_id: task.to_owned(),
            build_info: Some(greeting.build),
            os_info: Some(greeting.system),
            connector_metadata: Some(greeting.connector),
            annotations: Vec::new(),
        };
        let send = |mut client: BatonServiceClient<Channel>, request| async move {
            client.hello(request).await
        };
        self.call("greeting the platform", PATIENCE, request, send)
            .await
            .map(drop)
    }

    /// The next task.
    pub(super) async fn task(&self) -> Result<BatonServiceGetTaskResponse> {
        let request = BatonServiceGetTaskRequest {
            host_id: self.host_id.clone(),
        };
        let send = |mut client: BatonServiceClient<Channel>, request| async move {
            client.get_task(request).await
        };
        self.call(ASKING, PATIENCE, request, send).await
    }

    /// The next tasks, at most `count`, without those in `known`.
    pub(super) async fn tasks(
        &self,
        count: u32,
        known: Vec<String>,
    ) -> Result<BatonServiceGetTasksResponse> {
        let request = BatonServiceGetTasksRequest {
            host_id: self.host_id.clone(),
            page_size: count,
            known_task_ids: known,
            annotations: Vec::new(),
        };
        let send = |mut client: BatonServiceClient<Channel>, request| async move {
            client.get_tasks(request).await
        };
        self.call(ASKING, PATIENCE, request, send).await
    }

    /// Tells that a task is still being worked on.
    pub(super) async fn heartbeat(&self, task: &str) -> Result<BatonServiceHeartbeatResponse> {
        let request = BatonServiceHeartbeatRequest {
            host_id: self.host_id.clone(),
            task_id: task.to_owned(),
            ..BatonServiceHeartbeatRequest::default()
        };
        let send = |mut client: BatonServiceClient<Channel>, request| async move {
            client.heartbeat(request).await
        };
        self.call("sending a heartbeat", PATIENCE, request, send)
            .await
    }

    /// Reports the end of a task.
    pub(super) async fn finish(&self, mut request: BatonServiceFinishTaskRequest) -> Result<()> {
        request.host_id.clone_from(&self.host_id);
        let send = |mut client: BatonServiceClient<Channel>, request| async move {
            client.finish_task(request).await
        };
        self.call("reporting a task", FINISH_PATIENCE, request, send)
            .await
            .map(drop)
    }

    /// Sends a task's file.
    pub(super) async fn upload(&self, task: &str, file: &Path) -> Result<()> {
        let mut attempt = Attempt::default();
        loop {
            let authorization = self.tokens.authorization().await?;
            let client = BatonServiceClient::new(self.channel.clone());
            let sent = upload::send(client, authorization.clone(), &self.host_id, task, file).await;
            if !self.may_repeat(&mut attempt, &authorization, &sent).await {
                return sent;
            }
        }
    }

    async fn call<Q: Clone, R, F>(
        &self,
        doing: &'static str,
        patience: Duration,
        request: Q,
        send: impl Fn(BatonServiceClient<Channel>, Request<Q>) -> F,
    ) -> Result<R>
    where
        F: Future<Output = Result<Response<R>, Status>>,
    {
        let mut attempt = Attempt::default();
        loop {
            let authorization = self.tokens.authorization().await?;
            let mut request = Request::new(request.clone());
            request
                .metadata_mut()
                .insert("authorization", authorization.clone());
            let client = BatonServiceClient::new(self.channel.clone());
            let outcome = match tokio::time::timeout(patience, send(client, request)).await {
                Ok(Ok(answer)) => Ok(answer.into_inner()),
                Ok(Err(status)) => Err(Error::refused(doing, status)),
                Err(_) => Err(Error::Late {
                    doing,
                    seconds: patience.as_secs(),
                }),
            };
            if !self
                .may_repeat(&mut attempt, &authorization, &outcome)
                .await
            {
                return outcome;
            }
        }
    }

    /// Whether the platform refused the token, and another one may be tried: once.
    async fn may_repeat<R>(
        &self,
        attempt: &mut Attempt,
        authorization: &MetadataValue<Ascii>,
        sent: &Result<R>,
    ) -> bool {
        let is_refused = sent
            .as_ref()
            .is_err_and(|error| error.code() == Code::Unauthenticated);
        if is_refused {
            self.tokens.refused(authorization).await;
        }
        is_refused && !std::mem::replace(&mut attempt.is_second, true)
    }
}

/// A call is sent at most twice.
#[derive(Default)]
struct Attempt {
    is_second: bool,
}

const ASKING: &str = "asking the platform for tasks";

impl Error {
    pub(super) fn refused(doing: &'static str, status: Status) -> Self {
        Self::Call {
            doing,
            status: Box::new(status),
        }
    }
}
