//! Joins the parts: builds a client from the configuration, a connector from the client, and the
//! services from the connector; or runs a host with this binary as the connector.

mod client;
mod daemon;
mod doctor;
mod jobs;
mod login;
mod logout;
mod scope;

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use tracing::warn;

use crate::baton::Registry;
use crate::causes::chain;
use crate::cli::{Failure, Job, Program};
use crate::config::{Config, HealthSettings, HostOptions, LoginOptions, ServeOptions};
use crate::connector::Options;
use crate::doctor::Report;
use crate::host::{Address, ServeOptions as Served, TlsFiles};
use crate::metrics::{ConnectorMetrics, Process, exposition};
use crate::pb::connector::ConnectorCapabilities;
use crate::salesforce::Client;
use crate::service::{Services, Toggles};
use crate::telemetry::health;
use crate::{connector, host, sdk, wire};

/// The Salesforce connector.
#[derive(Clone, Copy, Debug, Default)]
pub struct Connector;

#[async_trait]
impl Program for Connector {
    async fn connector_service(&self, config: Config) -> Result<(), Failure> {
        let Parts {
            metrics,
            client,
            registry,
        } = parts(&config)?;
        let services = services(&config, registry).with_metrics(metrics);
        let served = sdk::child(&services).await;
        client.settle().await;
        served
    }

    async fn serve(&self, config: Config, options: ServeOptions) -> Result<(), Failure> {
        let Parts {
            metrics,
            client,
            registry,
        } = parts(&config)?;
        let services = services(&config, Arc::clone(&registry));
        if let Some(settings) = &options.health {
            serve_health(check(registry), page(metrics), settings).await?;
        }
        let listen: Address = options
            .listen
            .parse()
            .map_err(|error: host::Error| Failure::usage(chain(&error)))?;
        let tls = options.tls.map(|tls| TlsFiles {
            certificate: tls.certificate,
            key: tls.key,
            client_ca: tls.client_authority,
        });
        let served = sdk::serve(&services, &Served { listen, tls }).await;
        client.settle().await;
        served
    }

    async fn host(&self, config: Config, options: HostOptions, job: Job) -> Result<(), Failure> {
        // The child would refuse a wrong configuration, too, but the error would be less clear.
        scope::check(&options, &job, &parts(&config)?.registry)?;
        jobs::run(&options, job).await
    }

    async fn doctor(&self, config: Config) -> Report {
        doctor::run(&config).await
    }

    async fn login(&self, config: Config, options: LoginOptions) -> Result<String, Failure> {
        login::run(&config, &options).await
    }

    async fn logout(&self, config: Config) -> Result<(), Failure> {
        logout::run(&config).await
    }

    async fn capabilities(&self) -> Result<ConnectorCapabilities, Failure> {
        let registry = connector::offline().map_err(|error| Failure::usage(chain(&error)))?;
        Ok(wire::connector::capabilities(&registry))
    }
}

/// The services of the configured connector. Nothing is sent to Salesforce yet.
fn services(config: &Config, registry: Arc<Registry>) -> Services {
    let toggles = Toggles {
        provisioning: config.provisioning,
        ticketing: config.ticketing,
    };
    Services::new(registry, toggles)
}

/// The connector, its client, and what both count.
struct Parts {
    metrics: ConnectorMetrics,
    client: Arc<Client>,
    registry: Arc<Registry>,
}

fn parts(config: &Config) -> Result<Parts, Failure> {
    let metrics = ConnectorMetrics::default();
    let client = Arc::new(client::build(config, &metrics)?);
    let options = Options {
        metrics: metrics.writes.clone(),
        ..client::options(config)?
    };
    let registry = Arc::new(connector::build(Arc::clone(&client), options));
    Ok(Parts {
        metrics,
        client,
        registry,
    })
}

/// The page of a connector that has no host.
fn page(metrics: ConnectorMetrics) -> health::Page {
    let started = SystemTime::now();
    Arc::new(move || {
        let page = exposition::of_connector(&metrics, Process::this(started));
        Box::pin(std::future::ready(page))
    })
}

/// Asks through the connector's own session. Another client would sign in again, and where refresh
/// tokens rotate, the second use of the configured one ends them all.
fn check(registry: Arc<Registry>) -> health::Check {
    Arc::new(move || {
        let registry = Arc::clone(&registry);
        Box::pin(async move {
            let checked = registry.connector().validate().await;
            checked.map(drop).map_err(|error| error.chain())
        })
    })
}

async fn serve_health(
    check: health::Check,
    page: health::Page,
    settings: &HealthSettings,
) -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind(settings.address)
        .await
        .map_err(|error| {
            Failure::usage(format!(
                "cannot listen on {} for health checks: {error}",
                settings.address
            ))
        })?;
    // The port is the real one, even if 0 was asked for.
    let address = listener.local_addr().unwrap_or(settings.address);
    tracing::info!(%address, "serving health checks");
    tokio::spawn(async move {
        if let Err(error) = health::serve(listener, check, page).await {
            warn!(%error, "the health endpoint failed");
        }
    });
    Ok(())
}
