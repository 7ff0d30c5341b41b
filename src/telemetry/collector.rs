//! Sends traces and logs to an OpenTelemetry collector, by OTLP over gRPC.
//!
//! Whatever the collector does, nobody waits for it: what does not fit into a queue is lost, and at
//! the end of the process the rest has some seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{LogExporter, SpanExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, SdkLoggerProvider};
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use crate::config::CollectorSettings;
use crate::trace;

/// How long one attempt to send may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the end of the process waits for what is still to be sent.
const FLUSH_PATIENCE: Duration = Duration::from_secs(3);

/// The connection to a collector. Dropping it sends what is left, within some seconds.
pub(super) struct Collector {
    traces: Option<SdkTracerProvider>,
    logs: Option<SdkLoggerProvider>,
}

impl Collector {
    /// Prepares it. Nothing is sent yet.
    pub(super) fn new(settings: &CollectorSettings) -> anyhow::Result<Self> {
        let channel = channel(settings).context("preparing the OpenTelemetry collector")?;
        let health = Health {
            url: settings.url.clone().into(),
            warns: settings.warns,
            is_down: Arc::default(),
        };
        let resource = Resource::builder_empty()
            .with_attributes([
                KeyValue::new("service.name", env!("CARGO_PKG_NAME")),
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            ])
            .build();
        let traces = settings.traces.then(|| {
            let exporter = SpanExporter::builder()
                .with_tonic()
                .with_channel(channel.clone())
                .with_timeout(PATIENCE)
                .build()?;
            let watched = Watched {
                exporter,
                health: health.clone(),
            };
            let provider = SdkTracerProvider::builder().with_batch_exporter(watched);
            anyhow::Ok(provider.with_resource(resource.clone()).build())
        });
        let logs = settings.logs.then(|| {
            let exporter = LogExporter::builder()
                .with_tonic()
                .with_channel(channel.clone())
                .with_timeout(PATIENCE)
                .build()?;
            let watched = Watched { exporter, health };
            let provider = SdkLoggerProvider::builder().with_batch_exporter(watched);
            anyhow::Ok(provider.with_resource(resource.clone()).build())
        });
        Ok(Self {
            traces: traces.transpose()?,
            logs: logs.transpose()?,
        })
    }

    /// The layer that makes traces of our spans.
    pub(super) fn traces<S>(&self) -> Option<Box<dyn Layer<S> + Send + Sync>>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let tracer = self.traces.as_ref()?.tracer(env!("CARGO_PKG_NAME"));
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_level(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        let ours = Targets::new().with_target(trace::TARGET, tracing::Level::INFO);
        Some(layer.with_filter(ours).boxed())
    }

    /// The layer that sends log events.
    pub(super) fn logs<S>(&self) -> Option<impl Layer<S> + Send + Sync + use<S>>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let provider = self.logs.as_ref()?;
        Some(OpenTelemetryTracingBridge::new(provider))
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let deadline = Instant::now() + FLUSH_PATIENCE;
        let left = || deadline.saturating_duration_since(Instant::now());
        // A failure is known already, or it came too late to matter.
        if let Some(traces) = &self.traces {
            let _ = traces.shutdown_with_timeout(left());
        }
        if let Some(logs) = &self.logs {
            let _ = logs.shutdown_with_timeout(left());
        }
    }
}

/// Connects with the first export, and anew when the connection is lost.
fn channel(settings: &CollectorSettings) -> Result<Channel, tonic::transport::Error> {
    let mut endpoint = Endpoint::from_shared(settings.url.clone())?.connect_timeout(PATIENCE);
    if settings.url.starts_with("https:") {
        let tls = ClientTlsConfig::new();
        endpoint = endpoint.tls_config(match &settings.authorities {
            Some(pem) => tls.ca_certificate(Certificate::from_pem(pem)),
            None => tls.with_native_roots(),
        })?;
    }
    Ok(endpoint.connect_lazy())
}

/// Whether the collector takes what it is sent.
#[derive(Clone, Debug)]
struct Health {
    url: Arc<str>,
    warns: bool,
    is_down: Arc<AtomicBool>,
}

impl Health {
    fn note(&self, result: &OTelSdkResult) {
        let was_down = self.is_down.swap(result.is_err(), Ordering::Relaxed);
        if !self.warns || was_down == result.is_err() {
            return;
        }
        // The reason that the collector gives is a text of its own, so it is not repeated.
        if result.is_err() {
            tracing::warn!(
                collector = %self.url,
                "the OpenTelemetry collector does not take traces or logs; they are lost until it does"
            );
        } else {
            tracing::info!(
                collector = %self.url,
                "the OpenTelemetry collector takes traces and logs again"
            );
        }
    }
}

/// An exporter whose failure is said once.
#[derive(Debug)]
struct Watched<E> {
    exporter: E,
    health: Health,
}

impl<E: opentelemetry_sdk::trace::SpanExporter> opentelemetry_sdk::trace::SpanExporter
    for Watched<E>
{
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let result = self.exporter.export(batch).await;
        self.health.note(&result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: opentelemetry_sdk::logs::LogExporter> opentelemetry_sdk::logs::LogExporter for Watched<E> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let result = self.exporter.export(batch).await;
        self.health.note(&result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
