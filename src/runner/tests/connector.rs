//! A connector in this process that answers from tables and writes down what it is asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use prost_types::Any;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};

use crate::c1z::annotation;
use crate::pb::connector::*;
use crate::pb::ratelimit::rate_limit_description::Status as Limit;
use crate::pb::ratelimit::{self, rate_limiter_service_server as limiter};
use crate::runner::client::Client;
use crate::runner::clock::Clock;
use crate::runner::error::Result;
use crate::runner::progress::{Progress, Reporter};
use crate::runner::retry::Retry;
use crate::runner::sink::{CountingSink, FileSink};
use crate::runner::summary::Summary;
use crate::runner::sync::{Context, Options, read};

/// A page of a listing: rows, annotations, the next token.
#[derive(Clone, Debug)]
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    pub(super) annotations: Vec<Any>,
    pub(super) next: String,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            annotations: Vec::new(),
            next: String::new(),
        }
    }
}

pub(super) fn page<T>(rows: Vec<T>) -> Page<T> {
    Page {
        rows,
        ..Page::default()
    }
}

/// The script. Listings are keyed by `<what>` and the page token: `user`, `group below org/1`,
/// `user/1`; a key without an entry is an empty page.
#[derive(Default)]
pub(super) struct Script {
    pub(super) sdk_version: String,
    /// What the capabilities say of credentials for new accounts.
    pub(super) account_options: Vec<i32>,
    pub(super) types: Vec<ResourceType>,
    pub(super) resources: HashMap<(String, String), Page<Resource>>,
    pub(super) statics: HashMap<(String, String), Page<Entitlement>>,
    pub(super) entitlements: HashMap<(String, String), Page<Entitlement>>,
    pub(super) grants: HashMap<(String, String), Page<Grant>>,
    pub(super) gettable: HashMap<String, Resource>,
    /// Failures to come, by the first word of the call and its key.
    pub(super) failures: Mutex<HashMap<String, VecDeque<Status>>>,
    /// Answers of the limiter to come; EMPTY after them.
    pub(super) limits: Mutex<VecDeque<Option<ratelimit::RateLimitDescription>>>,
    pub(super) actions: Mutex<VecDeque<GetActionStatusResponse>>,
    pub(super) events: Vec<Event>,
    pub(super) log: Mutex<Vec<String>>,
    pub(super) reports: Mutex<Vec<Limit>>,
    pub(super) sync_ids: Mutex<Vec<String>>,
    pub(super) concurrent: Mutex<(usize, usize)>,
    pub(super) received: Mutex<Received>,
}

/// Requests of one-shot operations, whole.
#[derive(Default)]
pub(super) struct Received {
    pub(super) grant: Option<GrantManagerServiceGrantRequest>,
    pub(super) revoke: Option<GrantManagerServiceRevokeRequest>,
    pub(super) account: Option<CreateAccountRequest>,
    pub(super) rotate: Option<RotateCredentialRequest>,
    pub(super) delete: Option<DeleteResourceRequest>,
    pub(super) invoke: Option<InvokeActionRequest>,
}

impl Script {
    pub(super) fn fail(&self, call: &str, statuses: impl IntoIterator<Item = Status>) {
        self.failures
            .lock()
            .unwrap()
            .insert(call.into(), statuses.into_iter().collect());
    }

    pub(super) fn calls(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Serves the script and connects to it.
    pub(super) async fn serve(self: &Arc<Self>) -> Channel {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let half = || Served(Arc::clone(self));
        let server = Server::builder()
            .add_service(connector_service_server::ConnectorServiceServer::new(half()))
            .add_service(resource_types_service_server::ResourceTypesServiceServer::new(half()))
            .add_service(resources_service_server::ResourcesServiceServer::new(half()))
            .add_service(resource_getter_service_server::ResourceGetterServiceServer::new(half()))
            .add_service(resource_manager_service_server::ResourceManagerServiceServer::new(half()))
            .add_service(entitlements_service_server::EntitlementsServiceServer::new(
                half(),
            ))
            .add_service(grants_service_server::GrantsServiceServer::new(half()))
            .add_service(grant_manager_service_server::GrantManagerServiceServer::new(half()))
            .add_service(account_manager_service_server::AccountManagerServiceServer::new(half()))
            .add_service(
                credential_manager_service_server::CredentialManagerServiceServer::new(half()),
            )
            .add_service(action_service_server::ActionServiceServer::new(half()))
            .add_service(event_service_server::EventServiceServer::new(half()))
            .add_service(limiter::RateLimiterServiceServer::new(half()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Endpoint::from_shared(format!("http://{address}"))
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    /// Syncs the script with a sink that only counts.
    pub(super) async fn count(self: &Arc<Self>, options: Options) -> Result<Summary> {
        let sink = Arc::new(CountingSink::create().unwrap());
        read(self.context(sink, options).await)
            .await?
            .complete()
            .await
    }

    /// Syncs the script into a file.
    pub(super) async fn write(
        self: &Arc<Self>,
        file: &std::path::Path,
        options: Options,
    ) -> Result<Summary> {
        let writer = crate::c1z::Writer::create(file, &crate::c1z::Options::default())?;
        let sink = Arc::new(FileSink::new(writer));
        let context = self.context(Arc::clone(&sink) as Arc<_>, options).await;
        let summary = read(context).await?.complete().await?;
        sink.finish().await?;
        Ok(summary)
    }

    async fn context(
        self: &Arc<Self>,
        sink: Arc<dyn crate::runner::sink::Sink>,
        options: Options,
    ) -> Context {
        let clock = Arc::new(InstantClock::default());
        Context {
            client: Client::new(self.serve().await, Arc::clone(&clock) as Arc<dyn Clock>),
            retry: Retry {
                clock,
                cancel: CancellationToken::new(),
            },
            sink,
            reporter: Reporter::new(Progress::Hidden),
            options,
        }
    }
}

/// A clock on which waiting takes no time and is written down.
pub(super) struct InstantClock {
    now: Mutex<SystemTime>,
    pub(super) waits: Mutex<Vec<Duration>>,
}

impl Default for InstantClock {
    fn default() -> Self {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        Self {
            now: Mutex::new(start),
            waits: Mutex::default(),
        }
    }
}

#[async_trait]
impl Clock for InstantClock {
    fn now(&self) -> SystemTime {
        *self.now.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        *self.now.lock().unwrap() += duration;
        self.waits.lock().unwrap().push(duration);
        tokio::task::yield_now().await;
    }
}

struct Served(Arc<Script>);

impl Served {
    /// Writes the call down, fails it if the script says so, and notes how many run at a time.
    async fn note(&self, call: String, sync_id: &str) -> Result<(), Status> {
        let script = &self.0;
        script.sync_ids.lock().unwrap().push(sync_id.to_owned());
        let failure = script
            .failures
            .lock()
            .unwrap()
            .get_mut(&call)
            .and_then(VecDeque::pop_front);
        script.log.lock().unwrap().push(call);
        {
            let mut concurrent = script.concurrent.lock().unwrap();
            concurrent.0 += 1;
            concurrent.1 = concurrent.1.max(concurrent.0);
        }
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        script.concurrent.lock().unwrap().0 -= 1;
        failure.map_or(Ok(()), Err)
    }
}

fn name(id: Option<&ResourceId>) -> String {
    id.map(|id| format!("{}/{}", id.resource_type, id.resource))
        .unwrap_or_default()
}

fn below(resource: Option<&Resource>, annotations: &[Any]) -> String {
    let id = resource.and_then(|resource| resource.id.as_ref());
    if annotation::has::<TypeScopedGrants>(annotations)
        || annotation::has::<TypeScopedEntitlements>(annotations)
    {
        return format!("type {}", id.unwrap().resource_type);
    }
    name(id)
}

fn call(method: &str, key: &str, token: &str) -> String {
    match token {
        "" => format!("{method} {key}"),
        token => format!("{method} {key} @{token}"),
    }
}

#[async_trait]
impl connector_service_server::ConnectorService for Served {
    async fn get_metadata(
        &self,
        _: Request<ConnectorServiceGetMetadataRequest>,
    ) -> Result<Response<ConnectorServiceGetMetadataResponse>, Status> {
        let accounts = CredentialDetailsAccountProvisioning {
            supported_credential_options: self.0.account_options.clone(),
            ..Default::default()
        };
        let capabilities = ConnectorCapabilities {
            credential_details: Some(CredentialDetails {
                capability_account_provisioning: Some(accounts),
                ..Default::default()
            }),
            ..Default::default()
        };
        Ok(Response::new(ConnectorServiceGetMetadataResponse {
            metadata: Some(ConnectorMetadata {
                capabilities: Some(capabilities),
                ..Default::default()
            }),
        }))
    }

    async fn validate(
        &self,
        _: Request<ConnectorServiceValidateRequest>,
    ) -> Result<Response<ConnectorServiceValidateResponse>, Status> {
        self.note("validate".into(), "").await?;
        Ok(Response::new(ConnectorServiceValidateResponse {
            sdk_version: self.0.sdk_version.clone(),
            ..Default::default()
        }))
    }

    async fn cleanup(
        &self,
        request: Request<ConnectorServiceCleanupRequest>,
    ) -> Result<Response<ConnectorServiceCleanupResponse>, Status> {
        self.note("cleanup".into(), &request.get_ref().active_sync_id)
            .await?;
        Err(Status::unimplemented("no cleanup"))
    }
}

#[async_trait]
impl resource_types_service_server::ResourceTypesService for Served {
    async fn list_resource_types(
        &self,
        request: Request<ResourceTypesServiceListResourceTypesRequest>,
    ) -> Result<Response<ResourceTypesServiceListResourceTypesResponse>, Status> {
        self.note("types".into(), &request.get_ref().active_sync_id)
            .await?;
        Ok(Response::new(
            ResourceTypesServiceListResourceTypesResponse {
                list: self.0.types.clone(),
                ..Default::default()
            },
        ))
    }
}

#[async_trait]
impl resources_service_server::ResourcesService for Served {
    async fn list_resources(
        &self,
        request: Request<ResourcesServiceListResourcesRequest>,
    ) -> Result<Response<ResourcesServiceListResourcesResponse>, Status> {
        let request = request.into_inner();
        let key = match &request.parent_resource_id {
            Some(parent) => format!("{} below {}", request.resource_type_id, name(Some(parent))),
            None => request.resource_type_id.clone(),
        };
        self.note(
            call("resources", &key, &request.page_token),
            &request.active_sync_id,
        )
        .await?;
        let page = self
            .0
            .resources
            .get(&(key, request.page_token))
            .cloned()
            .unwrap_or_default();
        Ok(Response::new(ResourcesServiceListResourcesResponse {
            list: page.rows,
            next_page_token: page.next,
            annotations: page.annotations,
        }))
    }
}

#[async_trait]
impl resource_getter_service_server::ResourceGetterService for Served {
    async fn get_resource(
        &self,
        request: Request<ResourceGetterServiceGetResourceRequest>,
    ) -> Result<Response<ResourceGetterServiceGetResourceResponse>, Status> {
        let request = request.into_inner();
        let key = name(request.resource_id.as_ref());
        self.note(call("get", &key, ""), &request.active_sync_id)
            .await?;
        match self.0.gettable.get(&key) {
            Some(resource) => Ok(Response::new(ResourceGetterServiceGetResourceResponse {
                resource: Some(resource.clone()),
                ..Default::default()
            })),
            None => Err(Status::not_found("no such resource")),
        }
    }
}

#[async_trait]
impl resource_manager_service_server::ResourceManagerService for Served {
    async fn delete_resource(
        &self,
        request: Request<DeleteResourceRequest>,
    ) -> Result<Response<DeleteResourceResponse>, Status> {
        self.0.received.lock().unwrap().delete = Some(request.into_inner());
        Ok(Response::new(DeleteResourceResponse::default()))
    }
}

#[async_trait]
impl entitlements_service_server::EntitlementsService for Served {
    async fn list_entitlements(
        &self,
        request: Request<EntitlementsServiceListEntitlementsRequest>,
    ) -> Result<Response<EntitlementsServiceListEntitlementsResponse>, Status> {
        let request = request.into_inner();
        let key = below(request.resource.as_ref(), &request.annotations);
        self.note(
            call("entitlements", &key, &request.page_token),
            &request.active_sync_id,
        )
        .await?;
        let page = self
            .0
            .entitlements
            .get(&(key, request.page_token))
            .cloned()
            .unwrap_or_default();
        Ok(Response::new(EntitlementsServiceListEntitlementsResponse {
            list: page.rows,
            next_page_token: page.next,
            annotations: page.annotations,
        }))
    }

    async fn list_static_entitlements(
        &self,
        request: Request<EntitlementsServiceListStaticEntitlementsRequest>,
    ) -> Result<Response<EntitlementsServiceListStaticEntitlementsResponse>, Status> {
        let request = request.into_inner();
        let key = request.resource_type_id;
        self.note(
            call("static", &key, &request.page_token),
            &request.active_sync_id,
        )
        .await?;
        let page = self
            .0
            .statics
            .get(&(key, request.page_token))
            .cloned()
            .unwrap_or_default();
        Ok(Response::new(
            EntitlementsServiceListStaticEntitlementsResponse {
                list: page.rows,
                next_page_token: page.next,
                annotations: page.annotations,
            },
        ))
    }
}

#[async_trait]
impl grants_service_server::GrantsService for Served {
    async fn list_grants(
        &self,
        request: Request<GrantsServiceListGrantsRequest>,
    ) -> Result<Response<GrantsServiceListGrantsResponse>, Status> {
        let request = request.into_inner();
        let key = below(request.resource.as_ref(), &request.annotations);
        self.note(
            call("grants", &key, &request.page_token),
            &request.active_sync_id,
        )
        .await?;
        let page = self
            .0
            .grants
            .get(&(key, request.page_token))
            .cloned()
            .unwrap_or_default();
        Ok(Response::new(GrantsServiceListGrantsResponse {
            list: page.rows,
            next_page_token: page.next,
            annotations: page.annotations,
        }))
    }
}

#[async_trait]
impl grant_manager_service_server::GrantManagerService for Served {
    async fn grant(
        &self,
        request: Request<GrantManagerServiceGrantRequest>,
    ) -> Result<Response<GrantManagerServiceGrantResponse>, Status> {
        self.0.received.lock().unwrap().grant = Some(request.into_inner());
        self.note("grant".into(), "").await?;
        Ok(Response::new(GrantManagerServiceGrantResponse::default()))
    }

    async fn revoke(
        &self,
        request: Request<GrantManagerServiceRevokeRequest>,
    ) -> Result<Response<GrantManagerServiceRevokeResponse>, Status> {
        self.0.received.lock().unwrap().revoke = Some(request.into_inner());
        Ok(Response::new(GrantManagerServiceRevokeResponse::default()))
    }
}

#[async_trait]
impl account_manager_service_server::AccountManagerService for Served {
    async fn create_account(
        &self,
        request: Request<CreateAccountRequest>,
    ) -> Result<Response<CreateAccountResponse>, Status> {
        self.0.received.lock().unwrap().account = Some(request.into_inner());
        Ok(Response::new(CreateAccountResponse::default()))
    }
}

#[async_trait]
impl credential_manager_service_server::CredentialManagerService for Served {
    async fn rotate_credential(
        &self,
        request: Request<RotateCredentialRequest>,
    ) -> Result<Response<RotateCredentialResponse>, Status> {
        self.0.received.lock().unwrap().rotate = Some(request.into_inner());
        Ok(Response::new(RotateCredentialResponse::default()))
    }
}

#[async_trait]
impl action_service_server::ActionService for Served {
    async fn invoke_action(
        &self,
        request: Request<InvokeActionRequest>,
    ) -> Result<Response<InvokeActionResponse>, Status> {
        self.0.received.lock().unwrap().invoke = Some(request.into_inner());
        Ok(Response::new(InvokeActionResponse {
            id: "run".into(),
            status: BatonActionStatus::Running.into(),
            ..Default::default()
        }))
    }

    async fn get_action_status(
        &self,
        request: Request<GetActionStatusRequest>,
    ) -> Result<Response<GetActionStatusResponse>, Status> {
        self.note(call("status", &request.get_ref().id, ""), "")
            .await?;
        let next = self.0.actions.lock().unwrap().pop_front();
        next.map(Response::new)
            .ok_or_else(|| Status::not_found("no such run"))
    }

    async fn list_action_schemas(
        &self,
        request: Request<ListActionSchemasRequest>,
    ) -> Result<Response<ListActionSchemasResponse>, Status> {
        let schema = BatonActionSchema {
            name: "greet".into(),
            resource_type_id: request.into_inner().resource_type_id,
            ..Default::default()
        };
        Ok(Response::new(ListActionSchemasResponse {
            schemas: vec![schema],
            ..Default::default()
        }))
    }
}

#[async_trait]
impl event_service_server::EventService for Served {
    async fn list_events(
        &self,
        request: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        let at: usize = request.get_ref().cursor.parse().unwrap_or(0);
        assert_eq!(request.get_ref().page_size, 100);
        Ok(Response::new(ListEventsResponse {
            events: self.0.events.get(at).cloned().into_iter().collect(),
            cursor: (at + 1).to_string(),
            has_more: at + 1 < self.0.events.len(),
            ..Default::default()
        }))
    }
}

#[async_trait]
impl limiter::RateLimiterService for Served {
    async fn r#do(
        &self,
        request: Request<ratelimit::DoRequest>,
    ) -> Result<Response<ratelimit::DoResponse>, Status> {
        let empty = || {
            Some(ratelimit::RateLimitDescription {
                status: Limit::Empty.into(),
                ..Default::default()
            })
        };
        let description = self
            .0
            .limits
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or_else(empty);
        Ok(Response::new(ratelimit::DoResponse {
            request_token: request.into_inner().request_token + "x",
            description,
        }))
    }

    async fn report(
        &self,
        request: Request<ratelimit::ReportRequest>,
    ) -> Result<Response<ratelimit::ReportResponse>, Status> {
        let status = request.into_inner().description.unwrap().status();
        self.0.reports.lock().unwrap().push(status);
        Ok(Response::new(ratelimit::ReportResponse::default()))
    }
}
