//! What the process of the connector counts.

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Counters, Labels, register, series};

/// What the client of Salesforce counts. Clones share their counts.
#[derive(Clone, Debug, Default)]
pub struct Upstream {
    requests: Counters<2>,
    retries: Counters<1>,
    sign_ins: Counters<1>,
    remaining: Family<Labels<1>, Gauge>,
    limit: Family<Labels<1>, Gauge>,
}

impl Upstream {
    /// A request for `object` was sent.
    pub fn request(&self, object: &'static str, outcome: &'static str) {
        let labels = [("object", object), ("outcome", outcome)];
        self.requests.get_or_create(&labels).inc();
    }

    /// A request is sent once more.
    pub fn retry(&self, reason: &'static str) {
        self.retries.get_or_create(&[("reason", reason)]).inc();
    }

    /// A sign-in has ended.
    pub fn sign_in(&self, outcome: &'static str) {
        self.sign_ins.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// Salesforce told how many requests are left, and how many are allowed.
    pub fn quota(&self, scope: &'static str, remaining: u64, limit: u64) {
        let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
        let labels = [("scope", scope)];
        self.remaining.get_or_create(&labels).set(number(remaining));
        self.limit.get_or_create(&labels).set(number(limit));
    }
}

/// What writing counts. Clones share their counts.
#[derive(Clone, Debug, Default)]
pub struct Writes(Counters<2>);

impl Writes {
    /// A request to change the org has ended.
    pub fn ended(&self, action: &'static str, outcome: &'static str) {
        let labels = [("action", action), ("outcome", outcome)];
        self.0.get_or_create(&labels).inc();
    }
}

/// Everything that the process of the connector counts. Clones share their counts.
#[derive(Clone, Debug, Default)]
pub struct ConnectorMetrics {
    /// The client of Salesforce.
    pub upstream: Upstream,
    /// Writing.
    pub writes: Writes,
}

impl ConnectorMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Upstream {
            requests,
            retries,
            sign_ins,
            remaining,
            limit,
        } = &self.upstream;
        register(registry, &series::API_REQUESTS, requests.clone());
        register(registry, &series::API_RETRIES, retries.clone());
        register(registry, &series::QUOTA_REMAINING, remaining.clone());
        register(registry, &series::QUOTA_LIMIT, limit.clone());
        register(registry, &series::SALESFORCE_SIGN_INS, sign_ins.clone());
        register(registry, &series::WRITES, self.writes.0.clone());
    }
}
