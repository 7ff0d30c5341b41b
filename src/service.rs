//! The sixteen gRPC services of a connector, on top of the traits of [`crate::baton`].
//!
//! [`Services`] implements all of them, each in a file of its own. Each method validates the request,
//! finds the responsible syncer or action, calls it, and converts the result. Methods for what the
//! connector does not offer return the response that hosts expect in this case.

mod accounts;
mod actions;
mod assets;
mod connector;
mod credentials;
mod entitlements;
mod events;
mod grant_manager;
mod grants;
mod listing;
mod malformed;
mod metrics;
mod rate_limiter;
mod resource_getter;
mod resource_manager;
mod resource_types;
mod resources;
mod retry;
mod runs;
pub mod stack;
mod tickets;

use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tonic::{Response, Status};

use crate::baton::{Error, Registry, Result};
use crate::metrics::ConnectorMetrics;
use crate::pb::connector as pb;
use crate::pb::process::metrics_service_server::MetricsServiceServer;
use crate::pb::ratelimit::rate_limiter_service_server::RateLimiterServiceServer;
use crate::{trace, wire};
use retry::Backoffs;
use runs::Runs;

/// What the connector's own flags switch on. Nothing on the wire says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Toggles {
    /// Whether anything may be granted, revoked, created or deleted. Actions are always allowed.
    pub provisioning: bool,
    /// Whether tickets may be asked for.
    pub ticketing: bool,
}

/// All services for one registry.
#[derive(Clone)]
pub struct Services {
    registry: Arc<Registry>,
    toggles: Toggles,
    backoffs: Arc<Backoffs>,
    runs: Runs,
    /// Work that continues after its caller has disconnected.
    tasks: TaskTracker,
    stopping: CancellationToken,
    metrics: ConnectorMetrics,
    started: SystemTime,
}

impl Services {
    /// Creates the services for `registry`.
    #[must_use]
    pub fn new(registry: Arc<Registry>, toggles: Toggles) -> Self {
        let tasks = TaskTracker::new();
        Self {
            registry,
            toggles,
            backoffs: Arc::default(),
            runs: Runs::new(tasks.clone()),
            tasks,
            stopping: CancellationToken::new(),
            metrics: ConnectorMetrics::default(),
            started: SystemTime::now(),
        }
    }

    /// Tells these counts to the process that starts this one, if it asks.
    #[must_use]
    pub fn with_metrics(mut self, metrics: ConnectorMetrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// The services as routes of a gRPC server. Any other path returns `Unimplemented`.
    #[must_use]
    pub fn routes(&self) -> Routes {
        Routes::new(pb::connector_service_server::ConnectorServiceServer::new(
            self.clone(),
        ))
        .add_service(
            pb::resource_types_service_server::ResourceTypesServiceServer::new(self.clone()),
        )
        .add_service(pb::resources_service_server::ResourcesServiceServer::new(
            self.clone(),
        ))
        .add_service(
            pb::resource_getter_service_server::ResourceGetterServiceServer::new(self.clone()),
        )
        .add_service(pb::entitlements_service_server::EntitlementsServiceServer::new(self.clone()))
        .add_service(pb::grants_service_server::GrantsServiceServer::new(
            self.clone(),
        ))
        .add_service(pb::grant_manager_service_server::GrantManagerServiceServer::new(self.clone()))
        .add_service(
            pb::resource_manager_service_server::ResourceManagerServiceServer::new(self.clone()),
        )
        .add_service(
            pb::resource_deleter_service_server::ResourceDeleterServiceServer::new(self.clone()),
        )
        .add_service(
            pb::account_manager_service_server::AccountManagerServiceServer::new(self.clone()),
        )
        .add_service(
            pb::credential_manager_service_server::CredentialManagerServiceServer::new(
                self.clone(),
            ),
        )
        .add_service(pb::action_service_server::ActionServiceServer::new(
            self.clone(),
        ))
        .add_service(pb::event_service_server::EventServiceServer::new(
            self.clone(),
        ))
        .add_service(pb::tickets_service_server::TicketsServiceServer::new(
            self.clone(),
        ))
        .add_service(pb::asset_service_server::AssetServiceServer::new(
            self.clone(),
        ))
        .add_service(RateLimiterServiceServer::new(self.clone()))
    }

    /// The routes for the process that started this one: it may also ask for the counts. Hosts of the
    /// Baton SDK know nothing of that.
    #[must_use]
    pub fn routes_for_parent(&self) -> Routes {
        self.routes()
            .add_service(MetricsServiceServer::new(self.clone()))
    }

    /// The full names of all services.
    #[must_use]
    pub fn names() -> [&'static str; 16] {
        [
            pb::connector_service_server::SERVICE_NAME,
            pb::resource_types_service_server::SERVICE_NAME,
            pb::resources_service_server::SERVICE_NAME,
            pb::resource_getter_service_server::SERVICE_NAME,
            pb::entitlements_service_server::SERVICE_NAME,
            pb::grants_service_server::SERVICE_NAME,
            pb::grant_manager_service_server::SERVICE_NAME,
            pb::resource_manager_service_server::SERVICE_NAME,
            pb::resource_deleter_service_server::SERVICE_NAME,
            pb::account_manager_service_server::SERVICE_NAME,
            pb::credential_manager_service_server::SERVICE_NAME,
            pb::action_service_server::SERVICE_NAME,
            pb::event_service_server::SERVICE_NAME,
            pb::tickets_service_server::SERVICE_NAME,
            pb::asset_service_server::SERVICE_NAME,
            crate::pb::ratelimit::rate_limiter_service_server::SERVICE_NAME,
        ]
    }

    /// Stops background work: asks running actions to stop, and waits until they and running writes
    /// have ended. To limit the time, drop the future.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.runs.cancel_all();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Rejects writes unless they are enabled. Called after validation, because an invalid request
    /// is invalid in any case.
    fn require_provisioning(&self) -> Result<()> {
        if self.toggles.provisioning {
            Ok(())
        } else {
            Err(Error::precondition("provisioning is not enabled"))
        }
    }

    /// Runs a write to its end, even if the caller disconnects: a half-finished write is worse than
    /// an unread response.
    async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        match self.tasks.spawn(trace::carried(work)).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Error::new(
                    crate::baton::Kind::Cancelled,
                    "the connector is stopping",
                )),
            },
        }
    }
}

/// The answer to a call.
fn respond<T>(result: Result<T>) -> Result<Response<T>, Status> {
    result
        .map(Response::new)
        .map_err(|error| wire::status(&error))
}

/// Wraps an error in one that says what the call was doing.
fn wrap(doing: impl Into<String>) -> impl FnOnce(Error) -> Error {
    move |error| error.context(doing)
}
