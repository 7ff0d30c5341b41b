//! What a daemon counts.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Counters, Unlabelled, register, series};

/// The most resource types that are shown; a connector decides how many it has.
const MOST_TYPES: usize = 100;
/// The longest name of a resource type that is shown.
const LONGEST_TYPE: usize = 64;

type Seconds = Family<Unlabelled, Gauge<f64, AtomicU64>>;

/// Rows of one resource type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncRows {
    /// Resources.
    pub resources: u64,
    /// Entitlements.
    pub entitlements: u64,
    /// Grants.
    pub grants: u64,
}

/// What a daemon counts. Clones share their counts.
#[derive(Clone, Debug, Default)]
pub struct HostMetrics {
    sign_ins: Counters<1>,
    tasks: Counters<2>,
    running: Gauge,
    syncs: Counters<1>,
    duration: Seconds,
    ended_at: Seconds,
    rows: Family<[(&'static str, String); 2], Gauge>,
    starts: Counters<1>,
}

impl HostMetrics {
    /// A sign-in to the platform has ended.
    pub fn sign_in(&self, outcome: &'static str) {
        self.sign_ins.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// A task begins.
    pub fn task_begins(&self) {
        self.running.inc();
    }

    /// A task has ended.
    pub fn task_ended(&self, task: &'static str, outcome: &'static str) {
        self.running.dec();
        let labels = [("task", task), ("outcome", outcome)];
        self.tasks.get_or_create(&labels).inc();
    }

    /// A full sync has ended.
    pub fn sync_ended(&self, outcome: &'static str) {
        self.syncs.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// A sync was successful and has so many rows. Types with an unusual name count as `other`.
    pub fn synced(&self, duration: Duration, rows: impl IntoIterator<Item = (String, SyncRows)>) {
        self.duration
            .get_or_create(&Unlabelled)
            .set(duration.as_secs_f64());
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        self.ended_at
            .get_or_create(&Unlabelled)
            .set(now.unwrap_or_default().as_secs_f64());
        let mut shown: BTreeMap<String, SyncRows> = BTreeMap::new();
        for (kind, rows) in rows {
            let is_shown = is_plain(&kind) && shown.len() < MOST_TYPES;
            let kind = if is_shown { kind } else { "other".to_owned() };
            let sum = shown.entry(kind).or_default();
            sum.resources += rows.resources;
            sum.entitlements += rows.entitlements;
            sum.grants += rows.grants;
        }
        self.rows.clear();
        for (kind, rows) in shown {
            let counts = [
                ("resources", rows.resources),
                ("entitlements", rows.entitlements),
                ("grants", rows.grants),
            ];
            for (row, count) in counts {
                let labels = [("resource_type", kind.clone()), ("row", row.to_owned())];
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                self.rows.get_or_create(&labels).set(count);
            }
        }
    }

    /// The connector was started, or could not be.
    pub fn connector_started(&self, outcome: &'static str) {
        self.starts.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        register(registry, &series::PLATFORM_SIGN_INS, self.sign_ins.clone());
        register(registry, &series::TASKS, self.tasks.clone());
        register(registry, &series::TASKS_RUNNING, self.running.clone());
        register(registry, &series::SYNCS, self.syncs.clone());
        register(registry, &series::SYNC_DURATION, self.duration.clone());
        register(registry, &series::SYNC_TIME, self.ended_at.clone());
        register(registry, &series::SYNC_ROWS, self.rows.clone());
        register(registry, &series::CONNECTOR_STARTS, self.starts.clone());
    }
}

/// Whether it looks like the id of a type that somebody has written.
fn is_plain(kind: &str) -> bool {
    let is_word = |letter: u8| letter.is_ascii_alphanumeric() || b"_-".contains(&letter);
    (1..=LONGEST_TYPE).contains(&kind.len()) && kind.bytes().all(is_word)
}
