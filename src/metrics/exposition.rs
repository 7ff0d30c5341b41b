//! The page that a Prometheus server reads, in the text format of `OpenMetrics` 1.0
//! (<https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>).

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

use super::{ConnectorMetrics, HostMetrics, Labels, Process, register, series};

/// The content type of the page.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the process of a connector tells the process that runs it.
#[derive(Clone, Debug, PartialEq)]
pub struct FromConnector {
    /// Its part of the page.
    pub series: String,
    /// The process itself.
    pub process: Process,
}

/// The series of a connector, as a part of a page.
#[must_use]
pub fn part(connector: &ConnectorMetrics) -> String {
    let mut registry = Registry::default();
    connector.register(&mut registry);
    text(&registry)
}

/// The page of a connector that is served without a host.
#[must_use]
pub fn of_connector(connector: &ConnectorMetrics, process: Process) -> String {
    let mut registry = Registry::default();
    connector.register(&mut registry);
    register_processes(&mut registry, &[("connector", process)]);
    ended(text(&registry))
}

/// The page of a daemon. Its connector may be away.
#[must_use]
pub fn of_daemon(
    daemon: &HostMetrics,
    process: Process,
    connector: Option<&FromConnector>,
) -> String {
    let mut registry = Registry::default();
    daemon.register(&mut registry);
    let up = Gauge::<i64>::default();
    up.set(connector.is_some().into());
    register(&mut registry, &series::CONNECTOR_UP, up);
    let mut processes = vec![("daemon", process)];
    processes.extend(connector.map(|it| ("connector", it.process)));
    register_processes(&mut registry, &processes);
    let mut page = text(&registry);
    page.push_str(connector.map_or("", |it| &it.series));
    ended(page)
}

fn register_processes(registry: &mut Registry, processes: &[(&'static str, Process)]) {
    let memory = Family::<Labels<1>, Gauge>::default();
    let started = Family::<Labels<1>, Gauge<f64, AtomicU64>>::default();
    for (name, process) in processes {
        let labels = [("process", *name)];
        let bytes = i64::try_from(process.resident_bytes).unwrap_or(i64::MAX);
        memory.get_or_create(&labels).set(bytes);
        started
            .get_or_create(&labels)
            .set(process.started.as_secs_f64());
    }
    register(registry, &series::RESIDENT_MEMORY, memory);
    register(registry, &series::START_TIME, started);
    let build = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("commit", env!("BATON_SALESFORCE_COMMIT")),
    ];
    register(registry, &series::BUILD, Info::new(build));
}

fn text(registry: &Registry) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = encode_registry(&mut text, registry);
    text
}

fn ended(mut page: String) -> String {
    let _ = encode_eof(&mut page);
    page
}
