//! A simulated org and the connector over real gRPC, for tests of what a host sees.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use baton_salesforce::connector::{self, Options};
use baton_salesforce::host::{Bound, ServeOptions};
use baton_salesforce::pb::connector as pb;
use baton_salesforce::salesforce::{Auth, Client, ClientConfig, Instance, RetryPolicy};
use baton_salesforce::service::{Services, Toggles};
use prost::Message as _;
use prost_types::Any;
use salesforce_simulator::{Org, Preset, Simulator};
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

pub(crate) use pb::grant_manager_service_client::GrantManagerServiceClient as GrantManager;

/// An org and a connector that serves it.
pub(crate) struct Harness {
    pub(crate) simulator: Simulator,
    pub(crate) channel: Channel,
    end: CancellationToken,
}

/// How the connector is set up.
pub(crate) struct Setup {
    pub(crate) org: Org,
    pub(crate) options: Options,
    pub(crate) provisioning: bool,
    /// Changes the client's configuration, such as its credentials.
    pub(crate) client: fn(&mut ClientConfig),
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            org: Org::seed(Preset::Tiny),
            options: Options::default(),
            provisioning: true,
            client: |_| {},
        }
    }
}

/// Options that read everything there is.
pub(crate) fn everything() -> Options {
    Options {
        connected_apps: true,
        chatter_groups: true,
        non_standard_users: true,
        ..Options::default()
    }
}

impl Harness {
    /// The tiny org, with default options and provisioning.
    pub(crate) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// A harness for this org and these options.
    pub(crate) async fn of(org: Org, options: Options) -> Self {
        Self::with(Setup {
            org,
            options,
            ..Setup::default()
        })
        .await
    }

    pub(crate) async fn with(mut setup: Setup) -> Self {
        let org = std::mem::replace(&mut setup.org, Org::empty());
        let simulator = Simulator::start(org).await;
        let channel_end = CancellationToken::new();
        let channel = serve(&simulator, &setup, channel_end.clone()).await;
        Self {
            simulator,
            channel,
            end: channel_end,
        }
    }

    /// Tells the connector to end.
    pub(crate) fn stop(&self) {
        self.end.cancel();
    }

    /// Starts another connector, with default options, against the same org.
    pub(crate) async fn restart(&mut self) {
        self.stop();
        self.end = CancellationToken::new();
        self.channel = serve(&self.simulator, &Setup::default(), self.end.clone()).await;
    }

    /// Starts another connector, with these options, against the same org.
    pub(crate) async fn restart_with(mut self, options: Options) -> Self {
        let setup = Setup {
            options,
            ..Setup::default()
        };
        self.stop();
        self.end = CancellationToken::new();
        self.channel = serve(&self.simulator, &setup, self.end.clone()).await;
        self
    }

    /// Runs a full sync as a host of today does.
    pub(crate) async fn sync(&self) -> Synced {
        Sync::new(self, true).run().await
    }

    /// Runs a full sync as a host does that knows no type-scoped grants.
    pub(crate) async fn sync_per_resource(&self) -> Synced {
        Sync::new(self, false).run().await
    }

    pub(crate) fn resources(
        &self,
    ) -> pb::resources_service_client::ResourcesServiceClient<Channel> {
        pb::resources_service_client::ResourcesServiceClient::new(self.channel.clone())
    }

    pub(crate) fn grants(&self) -> pb::grants_service_client::GrantsServiceClient<Channel> {
        pb::grants_service_client::GrantsServiceClient::new(self.channel.clone())
    }

    pub(crate) fn entitlements(
        &self,
    ) -> pb::entitlements_service_client::EntitlementsServiceClient<Channel> {
        pb::entitlements_service_client::EntitlementsServiceClient::new(self.channel.clone())
    }

    pub(crate) fn connector(
        &self,
    ) -> pb::connector_service_client::ConnectorServiceClient<Channel> {
        pb::connector_service_client::ConnectorServiceClient::new(self.channel.clone())
    }

    pub(crate) fn getter(
        &self,
    ) -> pb::resource_getter_service_client::ResourceGetterServiceClient<Channel> {
        pb::resource_getter_service_client::ResourceGetterServiceClient::new(self.channel.clone())
    }

    pub(crate) fn grant_manager(&self) -> GrantManager<Channel> {
        GrantManager::new(self.channel.clone())
    }

    pub(crate) fn actions(&self) -> pb::action_service_client::ActionServiceClient<Channel> {
        pb::action_service_client::ActionServiceClient::new(self.channel.clone())
    }

    pub(crate) fn accounts(
        &self,
    ) -> pb::account_manager_service_client::AccountManagerServiceClient<Channel> {
        pb::account_manager_service_client::AccountManagerServiceClient::new(self.channel.clone())
    }

    pub(crate) fn deleter(
        &self,
    ) -> pb::resource_deleter_service_client::ResourceDeleterServiceClient<Channel> {
        pb::resource_deleter_service_client::ResourceDeleterServiceClient::new(self.channel.clone())
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        self.end.cancel();
        if !std::thread::panicking() {
            let unexpected = self.simulator.unexpected();
            assert!(
                unexpected.is_empty(),
                "the org does not know these: {unexpected:?}"
            );
        }
    }
}

/// A connector for `simulator`, served on a port of its own.
pub(crate) async fn serve(simulator: &Simulator, setup: &Setup, end: CancellationToken) -> Channel {
    serve_at(&simulator.url(), setup, end).await
}

/// A connector for the org at `url`, served on a port of its own.
pub(crate) async fn serve_at(url: &str, setup: &Setup, end: CancellationToken) -> Channel {
    let auth = Auth::ClientCredentials {
        client_id: "simulated-client-id".to_owned(),
        client_secret: "simulated-client-secret".to_owned().into(),
    };
    let instance = Instance::parse(url, false).unwrap();
    let mut config = ClientConfig::new(instance, auth);
    config.retry = quick();
    (setup.client)(&mut config);
    let client = Arc::new(Client::new(config).unwrap());
    let registry = Arc::new(connector::build(client, setup.options.clone()));
    let toggles = Toggles {
        provisioning: setup.provisioning,
        ticketing: false,
    };
    let services = Services::new(registry, toggles);
    let listen = "127.0.0.1:0".parse().unwrap();
    let bound = Bound::new(&ServeOptions { listen, tls: None })
        .await
        .unwrap();
    let address = bound.address().unwrap();
    tokio::spawn(async move { bound.run(&services, end).await.unwrap() });
    Endpoint::from_shared(format!("http://{address}"))
        .unwrap()
        .connect_lazy()
}

/// As many tries as usual, without the pauses.
fn quick() -> RetryPolicy {
    let mut retry = RetryPolicy::default();
    retry.first_wait = Duration::from_millis(1);
    retry.longest_wait = Duration::from_millis(2);
    retry
}

/// What a host has after a sync.
#[derive(Debug, Default)]
pub(crate) struct Synced {
    pub(crate) types: BTreeMap<String, pb::ResourceType>,
    pub(crate) resources: BTreeMap<String, pb::Resource>,
    pub(crate) entitlements: BTreeMap<String, pb::Entitlement>,
    pub(crate) grants: BTreeMap<String, pb::Grant>,
    /// Rows that came more than once.
    pub(crate) duplicates: Vec<String>,
    pub(crate) largest_reply: usize,
    /// Sibling cursors that the host was told to read.
    pub(crate) siblings: usize,
}

impl Synced {
    /// References to rows that are not there.
    pub(crate) fn dangling(&self) -> BTreeSet<String> {
        let mut dangling = BTreeSet::new();
        for grant in self.grants.values() {
            let principal = key(grant.principal.as_ref().and_then(|p| p.id.as_ref()));
            let entitlement = grant.entitlement.as_ref().unwrap();
            if !self.resources.contains_key(&principal) {
                dangling.insert(format!("principal {principal} of {}", grant.id));
            }
            if !self.entitlements.contains_key(&entitlement.id) {
                dangling.insert(format!("entitlement {}", entitlement.id));
            }
        }
        for entitlement in self.entitlements.values() {
            let on = key(entitlement.resource.as_ref().and_then(|r| r.id.as_ref()));
            if !self.resources.contains_key(&on) {
                dangling.insert(format!("resource {on} of {}", entitlement.id));
            }
        }
        dangling
    }

    /// The ids of all rows, for comparing two syncs.
    pub(crate) fn ids(&self) -> BTreeSet<&str> {
        self.resources
            .keys()
            .chain(self.entitlements.keys())
            .chain(self.grants.keys())
            .map(String::as_str)
            .collect()
    }

    /// Ids of the resources of a type.
    pub(crate) fn of_type(&self, resource_type: &str) -> BTreeSet<String> {
        let prefix = format!("{resource_type}/");
        self.resources
            .keys()
            .filter_map(|id| id.strip_prefix(&prefix).map(str::to_owned))
            .collect()
    }
}

/// All resources of a type in a sync, page by page.
pub(crate) async fn list_resources(
    mut client: pb::resources_service_client::ResourcesServiceClient<Channel>,
    resource_type: &str,
    sync: &str,
) -> Vec<pb::Resource> {
    let mut rows = Vec::new();
    let mut token = String::new();
    loop {
        let request = pb::ResourcesServiceListResourcesRequest {
            resource_type_id: resource_type.to_owned(),
            page_token: token,
            active_sync_id: sync.to_owned(),
            ..Default::default()
        };
        let answer = client.list_resources(request).await.unwrap().into_inner();
        rows.extend(answer.list);
        token = answer.next_page_token;
        if token.is_empty() {
            return rows;
        }
    }
}

/// `type/id`.
pub(crate) fn key(id: Option<&pb::ResourceId>) -> String {
    id.map(|id| format!("{}/{}", id.resource_type, id.resource))
        .unwrap_or_default()
}

/// The first annotation of type `M`.
pub(crate) fn annotation<M: prost::Message + prost::Name + Default>(
    annotations: &[Any],
) -> Option<M> {
    annotations
        .iter()
        .find(|any| any.type_url == M::type_url())
        .map(|any| M::decode(any.value.as_slice()).unwrap())
}

/// One sync by a small host of the tests' own.
struct Sync<'a> {
    harness: &'a Harness,
    knows_type_scoped: bool,
    id: String,
    got: Synced,
}

impl<'a> Sync<'a> {
    fn new(harness: &'a Harness, knows_type_scoped: bool) -> Self {
        let id = format!(
            "{:0>27}",
            if knows_type_scoped { "today" } else { "before" }
        );
        Self {
            harness,
            knows_type_scoped,
            id,
            got: Synced::default(),
        }
    }

    async fn run(mut self) -> Synced {
        self.harness
            .connector()
            .validate(pb::ConnectorServiceValidateRequest {})
            .await
            .unwrap();
        self.types().await;
        let types: Vec<pb::ResourceType> = self.got.types.values().cloned().collect();
        // Hosts take the types from a stack: the last one comes first.
        for resource_type in types.iter().rev() {
            self.resources(&resource_type.id).await;
        }
        for resource_type in &types {
            self.entitlements_and_grants(resource_type).await;
        }
        let cleanup = pb::ConnectorServiceCleanupRequest {
            active_sync_id: self.id.clone(),
            ..Default::default()
        };
        self.harness.connector().cleanup(cleanup).await.unwrap();
        self.got
    }

    async fn types(&mut self) {
        let mut client = pb::resource_types_service_client::ResourceTypesServiceClient::new(
            self.harness.channel.clone(),
        );
        let request = pb::ResourceTypesServiceListResourceTypesRequest::default();
        let answer = client
            .list_resource_types(request)
            .await
            .unwrap()
            .into_inner();
        for row in answer.list {
            self.got.types.insert(row.id.clone(), row);
        }
    }

    async fn resources(&mut self, resource_type: &str) {
        let mut token = String::new();
        loop {
            let request = pb::ResourcesServiceListResourcesRequest {
                resource_type_id: resource_type.to_owned(),
                page_token: token.clone(),
                active_sync_id: self.id.clone(),
                ..Default::default()
            };
            let answer = retried(|| {
                let mut client = self.harness.resources();
                let request = request.clone();
                async move { client.list_resources(Request::new(request)).await }
            });
            let answer = answer.await.into_inner();
            self.got.largest_reply = self.got.largest_reply.max(answer.encoded_len());
            for row in answer.list {
                let id = key(row.id.as_ref());
                if self.got.resources.insert(id.clone(), row).is_some() {
                    self.got.duplicates.push(id);
                }
            }
            if answer.next_page_token.is_empty() {
                return;
            }
            assert_ne!(token, answer.next_page_token, "the token does not move");
            token = answer.next_page_token;
        }
    }

    async fn entitlements_and_grants(&mut self, resource_type: &pb::ResourceType) {
        let marks = &resource_type.annotations;
        if annotation::<pb::SkipEntitlementsAndGrants>(marks).is_some() {
            return;
        }
        let is_scoped =
            self.knows_type_scoped && annotation::<pb::TypeScopedGrants>(marks).is_some();
        self.static_entitlements(&resource_type.id).await;
        let has_own = annotation::<pb::SkipEntitlements>(marks).is_none();
        for id in self.got.of_type(&resource_type.id) {
            let resource = self.got.resources[&format!("{}/{id}", resource_type.id)].clone();
            if has_own {
                self.entitlements(resource.clone()).await;
            }
            if !is_scoped {
                self.grants(resource, Vec::new()).await;
            }
        }
        if is_scoped {
            let id = pb::ResourceId {
                resource_type: resource_type.id.clone(),
                resource: resource_type.id.clone(),
                ..Default::default()
            };
            let stub = pb::Resource {
                id: Some(id),
                ..Default::default()
            };
            let marker = baton_salesforce::wire::annotation::pack(&pb::TypeScopedGrants {});
            self.grants(stub, vec![marker]).await;
        }
    }

    /// Makes an entitlement of each resource of each template of its type.
    async fn static_entitlements(&mut self, resource_type: &str) {
        let request = pb::EntitlementsServiceListStaticEntitlementsRequest {
            resource_type_id: resource_type.to_owned(),
            active_sync_id: self.id.clone(),
            ..Default::default()
        };
        let answer = self.harness.entitlements();
        let answer = { answer }.list_static_entitlements(request).await.unwrap();
        for template in answer.into_inner().list {
            assert_eq!(template.id, format!("::{}", template.slug));
            assert!(template.resource.is_none());
            for id in self.got.of_type(resource_type) {
                let row = pb::Entitlement {
                    id: format!("{resource_type}:{id}:{}", template.slug),
                    resource: self
                        .got
                        .resources
                        .get(&format!("{resource_type}/{id}"))
                        .cloned(),
                    ..template.clone()
                };
                self.got.entitlements.insert(row.id.clone(), row);
            }
        }
    }

    async fn entitlements(&mut self, resource: pb::Resource) {
        let request = pb::EntitlementsServiceListEntitlementsRequest {
            resource: Some(resource),
            active_sync_id: self.id.clone(),
            ..Default::default()
        };
        let answer = self
            .harness
            .entitlements()
            .list_entitlements(request)
            .await
            .unwrap();
        for row in answer.into_inner().list {
            if self
                .got
                .entitlements
                .insert(row.id.clone(), row.clone())
                .is_some()
            {
                self.got.duplicates.push(row.id);
            }
        }
    }

    async fn grants(&mut self, resource: pb::Resource, annotations: Vec<Any>) {
        let mut tokens = vec![String::new()];
        let mut seen = BTreeSet::new();
        while let Some(token) = tokens.pop() {
            let request = pb::GrantsServiceListGrantsRequest {
                resource: Some(resource.clone()),
                page_token: token.clone(),
                annotations: annotations.clone(),
                active_sync_id: self.id.clone(),
                ..Default::default()
            };
            let answer = retried(|| {
                let mut client = self.harness.grants();
                let request = request.clone();
                async move { client.list_grants(Request::new(request)).await }
            });
            let answer = answer.await.into_inner();
            self.got.largest_reply = self.got.largest_reply.max(answer.encoded_len());
            for row in answer.list {
                if self
                    .got
                    .grants
                    .insert(row.id.clone(), row.clone())
                    .is_some()
                {
                    self.got.duplicates.push(row.id);
                }
            }
            let siblings = annotation::<pb::EnqueuePageTokens>(&answer.annotations);
            for sibling in siblings
                .map(|enqueue| enqueue.page_tokens)
                .unwrap_or_default()
            {
                self.got.siblings += 1;
                if seen.insert(sibling.clone()) {
                    tokens.push(sibling);
                }
            }
            if !answer.next_page_token.is_empty() {
                assert!(
                    seen.insert(answer.next_page_token.clone()),
                    "a token came twice"
                );
                tokens.push(answer.next_page_token);
            }
        }
    }
}

/// Repeats what a host repeats, without its pauses.
async fn retried<T, F>(mut call: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, Status>>,
{
    for _ in 0..100 {
        match call().await {
            Ok(answer) => return answer,
            Err(status) if status.code() == tonic::Code::Unavailable => {}
            Err(status) => panic!("a host would stop: {status:?}"),
        }
    }
    panic!("still unavailable after 100 tries")
}
