//! A connection to a connector. Every call is unary, with a handshake with the rate limiter.

use std::sync::Arc;

use http::uri::PathAndQuery;
use parking_lot::{Mutex, MutexGuard};
use prost::Message;
use prost_types::Any;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tracing::Instrument as _;

use super::clock::Clock;
use super::limiter::{Admission, Handshake, Unlimited};
use crate::c1z::annotation;
use crate::pb::connector::{self, ResourceId};
use crate::pb::ratelimit::{self, rate_limit_description::Status as Outcome};
use crate::trace;

/// The default limit of gRPC-Go. A larger reply would fail in other hosts.
const RECEIVE_LIMIT: usize = 4 << 20;
const LIMITER_DO: &str = "/c1.ratelimit.v1.RateLimiterService/Do";
const LIMITER_REPORT: &str = "/c1.ratelimit.v1.RateLimiterService/Report";

/// A request that knows its method and its reply.
pub(crate) trait Call: Message + Clone + 'static {
    /// What comes back.
    type Reply: Message + Default + 'static;
    /// The path of the method.
    const METHOD: &'static str;

    /// The resource type that is reported to the limiter.
    fn resource_type(&self) -> Option<&str> {
        None
    }

    /// The annotations of a reply, if its type has that field.
    fn annotations(reply: &Self::Reply) -> Option<&[Any]>;
}

/// A client of one connector.
#[derive(Clone)]
pub(crate) struct Client {
    channel: Channel,
    clock: Arc<dyn Clock>,
    usage: Arc<Mutex<Usage>>,
    unlimited: Arc<Unlimited>,
}

/// The calls made, and the range of used quota that the connector reported.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    range: Option<(i64, i64)>,
    calls: u64,
}

impl Client {
    pub(crate) fn new(channel: Channel, clock: Arc<dyn Clock>) -> Self {
        Self {
            channel,
            clock,
            usage: Arc::default(),
            unlimited: Arc::default(),
        }
    }

    /// Makes one call.
    pub(crate) async fn call<C: Call>(&self, request: C) -> Result<C::Reply, Status> {
        let handshake = self.handshake(C::METHOD, request.resource_type()).await?;
        self.usage().calls += 1;
        let span = trace::call(C::METHOD);
        let call = self.unary::<C, C::Reply>(C::METHOD, request);
        let answer = call.instrument(span.clone()).await;
        let code = answer.as_ref().map_or_else(Status::code, |_| Code::Ok);
        trace::end(&span, trace::code(code), code == Code::Ok);
        let reported = match &answer {
            Ok(reply) => C::annotations(reply).map(|annotations| {
                self.usage().note(annotations);
                let mut description = annotation::first(annotations).unwrap_or_default();
                let ratelimit::RateLimitDescription { status, .. } = &mut description;
                *status = Outcome::Ok.into();
                description
            }),
            Err(_) => Some(ratelimit::RateLimitDescription {
                status: Outcome::Error.into(),
                ..Default::default()
            }),
        };
        if let (Some(handshake), Some(description)) = (handshake, reported) {
            // A failed report does not fail the call. The SDK's host returns the error of the report
            // instead of the call's own, which hides the cause.
            let _ = self.report(handshake.report(description)).await;
        }
        answer
    }

    /// Waits until the limiter admits the call; nothing if it does not count this kind.
    async fn handshake(
        &self,
        method: &'static str,
        resource_type: Option<&str>,
    ) -> Result<Option<Handshake>, Status> {
        if self.unlimited.contains(method, resource_type) {
            return Ok(None);
        }
        let mut handshake = Handshake::new(method, resource_type);
        let admission = handshake
            .admit(&self.clock, |ask| self.unary(LIMITER_DO, ask))
            .await?;
        if admission == Admission::Unlimited {
            self.unlimited.insert(method, resource_type);
        }
        Ok(Some(handshake))
    }

    /// Calls of the upstream system that the connector reported; 0 if it reports none.
    pub(crate) fn api_calls(&self) -> u64 {
        let range = self.usage().range;
        range.map_or(0, |(least, most)| {
            u64::try_from(most - least).unwrap_or(0) + 1
        })
    }

    /// Calls to the connector, without the limiter's.
    pub(crate) fn connector_calls(&self) -> u64 {
        self.usage().calls
    }

    async fn report(
        &self,
        report: ratelimit::ReportRequest,
    ) -> Result<ratelimit::ReportResponse, Status> {
        self.unary(LIMITER_REPORT, report).await
    }

    async fn unary<Q, R>(&self, path: &'static str, request: Q) -> Result<R, Status>
    where
        Q: Message + 'static,
        R: Message + Default + 'static,
    {
        let mut grpc =
            tonic::client::Grpc::new(self.channel.clone()).max_decoding_message_size(RECEIVE_LIMIT);
        grpc.ready().await.map_err(|error| {
            Status::unavailable(format!("connection to the connector: {error}"))
        })?;
        let codec = tonic_prost::ProstCodec::default();
        let path = PathAndQuery::from_static(path);
        let mut request = Request::new(request);
        trace::inject(request.metadata_mut());
        Ok(grpc.unary(request, path, codec).await?.into_inner())
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock()
    }
}

impl Usage {
    fn note(&mut self, annotations: &[Any]) {
        for quota in annotation::all::<connector::RateLimitDescription>(annotations) {
            let used = quota.limit - quota.remaining;
            let (least, most) = self.range.unwrap_or((used, used));
            self.range = Some((least.min(used), most.max(used)));
        }
    }
}

fn kind(id: Option<&ResourceId>) -> Option<&str> {
    id.map(|id| id.resource_type.as_str())
}

fn kind_of(resource: Option<&connector::Resource>) -> Option<&str> {
    kind(resource.and_then(|resource| resource.id.as_ref()))
}

/// Declares the methods: service, method, request, reply, the resource type of the request, and
/// whether the reply has annotations.
macro_rules! calls {
    ($($service:literal $method:literal $request:ident -> $reply:ident
       $(on $resource:ident = $kind:expr)?, $annotations:tt;)*) => {$(
        impl Call for connector::$request {
            type Reply = connector::$reply;
            const METHOD: &'static str =
                concat!("/c1.connector.v2.", $service, "/", $method);
            $(fn resource_type(&self) -> Option<&str> {
                let $resource = self;
                $kind
            })?
            calls!(@annotations $annotations);
        }
    )*};
    (@annotations annotated) => {
        fn annotations(reply: &Self::Reply) -> Option<&[Any]> {
            Some(&reply.annotations)
        }
    };
    (@annotations plain) => {
        fn annotations(_: &Self::Reply) -> Option<&[Any]> {
            None
        }
    };
}

calls! {
    "ConnectorService" "GetMetadata" ConnectorServiceGetMetadataRequest
        -> ConnectorServiceGetMetadataResponse, plain;
    "ConnectorService" "Validate" ConnectorServiceValidateRequest
        -> ConnectorServiceValidateResponse, annotated;
    "ConnectorService" "Cleanup" ConnectorServiceCleanupRequest
        -> ConnectorServiceCleanupResponse, annotated;
    "ResourceTypesService" "ListResourceTypes" ResourceTypesServiceListResourceTypesRequest
        -> ResourceTypesServiceListResourceTypesResponse, annotated;
    "ResourcesService" "ListResources" ResourcesServiceListResourcesRequest
        -> ResourcesServiceListResourcesResponse on it = Some(&it.resource_type_id), annotated;
    "ResourceGetterService" "GetResource" ResourceGetterServiceGetResourceRequest
        -> ResourceGetterServiceGetResourceResponse on it = kind(it.resource_id.as_ref()), annotated;
    "EntitlementsService" "ListEntitlements" EntitlementsServiceListEntitlementsRequest
        -> EntitlementsServiceListEntitlementsResponse on it = kind_of(it.resource.as_ref()),
        annotated;
    "EntitlementsService" "ListStaticEntitlements" EntitlementsServiceListStaticEntitlementsRequest
        -> EntitlementsServiceListStaticEntitlementsResponse on it = Some(&it.resource_type_id),
        annotated;
    "GrantsService" "ListGrants" GrantsServiceListGrantsRequest
        -> GrantsServiceListGrantsResponse on it = kind_of(it.resource.as_ref()), annotated;
    "GrantManagerService" "Grant" GrantManagerServiceGrantRequest
        -> GrantManagerServiceGrantResponse on it = kind_of(it.principal.as_ref()), annotated;
    "GrantManagerService" "Revoke" GrantManagerServiceRevokeRequest
        -> GrantManagerServiceRevokeResponse, annotated;
    "ResourceManagerService" "CreateResource" CreateResourceRequest
        -> CreateResourceResponse on it = kind_of(it.resource.as_ref()), annotated;
    "ResourceManagerService" "DeleteResource" DeleteResourceRequest
        -> DeleteResourceResponse on it = kind(it.resource_id.as_ref()), annotated;
    "CredentialManagerService" "RotateCredential" RotateCredentialRequest
        -> RotateCredentialResponse on it = kind(it.resource_id.as_ref()), annotated;
    "AccountManagerService" "CreateAccount" CreateAccountRequest
        -> CreateAccountResponse on it = Some(&it.resource_type_id), annotated;
    "ActionService" "InvokeAction" InvokeActionRequest
        -> InvokeActionResponse on it = Some(&it.resource_type_id), annotated;
    "ActionService" "GetActionSchema" GetActionSchemaRequest
        -> GetActionSchemaResponse, annotated;
    "ActionService" "GetActionStatus" GetActionStatusRequest
        -> GetActionStatusResponse, annotated;
    "ActionService" "ListActionSchemas" ListActionSchemasRequest
        -> ListActionSchemasResponse on it = Some(&it.resource_type_id), annotated;
    "TicketsService" "CreateTicket" TicketsServiceCreateTicketRequest
        -> TicketsServiceCreateTicketResponse, annotated;
    "TicketsService" "GetTicket" TicketsServiceGetTicketRequest
        -> TicketsServiceGetTicketResponse, annotated;
    "TicketsService" "ListTicketSchemas" TicketsServiceListTicketSchemasRequest
        -> TicketsServiceListTicketSchemasResponse, annotated;
    "TicketsService" "BulkCreateTickets" TicketsServiceBulkCreateTicketsRequest
        -> TicketsServiceBulkCreateTicketsResponse, plain;
    "TicketsService" "BulkGetTickets" TicketsServiceBulkGetTicketsRequest
        -> TicketsServiceBulkGetTicketsResponse, plain;
    "CredentialManagerService" "IssueCredential" IssueCredentialRequest
        -> IssueCredentialResponse on it = kind(it.identity_id.as_ref()), annotated;
    "EventService" "ListEvents" ListEventsRequest -> ListEventsResponse, annotated;
    "EventService" "ListEventFeeds" ListEventFeedsRequest -> ListEventFeedsResponse, annotated;
}
