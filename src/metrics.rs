//! What the program counts, as a Prometheus server reads it.
//!
//! [`series`] lists everything that is counted. Each part of the program gets a handle for what it
//! counts; a handle that is registered nowhere counts as well, and nobody sees it. Labels are words of
//! this program, never anything of an org: no id, no address, no name of a user.
//!
//! The process of the connector counts what it does at Salesforce ([`ConnectorMetrics`]), the process
//! that runs it what it does for the platform ([`HostMetrics`]). One page shows both ([`exposition`]).

mod connector;
pub mod exposition;
mod host;
mod process;
pub mod series;

pub use connector::{ConnectorMetrics, Upstream, Writes};
pub use host::{HostMetrics, SyncRows};
pub use process::Process;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Metric, Registry};
use series::Series;

/// Names of labels with their values.
type Labels<const N: usize> = [(&'static str, &'static str); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;

/// The label of a series that has none. It is shown once it has a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Unlabelled;

impl EncodeLabelSet for Unlabelled {
    fn encode(
        &self,
        _: &mut prometheus_client::encoding::LabelSetEncoder<'_>,
    ) -> Result<(), std::fmt::Error> {
        Ok(())
    }
}

fn register(registry: &mut Registry, series: &Series, metric: impl Metric) {
    registry.register(series.name, series.meaning, metric);
}
