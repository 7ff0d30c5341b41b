//! The list of all series. docs/metrics.md prints it.

/// What a series measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number that grows until its process ends. Its samples are called `…_total`.
    Counter,
    /// A number that changes.
    Gauge,
    /// A constant; the labels tell it. Its sample is called `…_info`.
    Info,
}

/// Where a series is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the process of the connector. It begins anew when that process is started anew.
    Connector,
    /// In the daemon.
    Daemon,
    /// In the process that serves the page.
    Page,
}

/// A series.
#[derive(Debug)]
pub struct Series {
    /// Its name, without the ending of its samples.
    pub name: &'static str,
    /// What it measures.
    pub kind: Kind,
    /// Where it is counted.
    pub place: Place,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it means, in words.
    pub meaning: &'static str,
}

impl Series {
    /// The name of its samples.
    #[must_use]
    pub fn sample(&self) -> String {
        let ending = match self.kind {
            Kind::Counter => "_total",
            Kind::Gauge => "",
            Kind::Info => "_info",
        };
        format!("{}{ending}", self.name)
    }
}

macro_rules! series {
    ($($id:ident = $name:literal $kind:ident in $place:ident [$($label:literal),*] $meaning:literal;)*) => {
        $(pub(super) const $id: Series = Series {
            name: $name,
            kind: Kind::$kind,
            place: Place::$place,
            labels: &[$($label),*],
            meaning: $meaning,
        };)*

        /// All series.
        pub const ALL: &[Series] = &[$($id),*];
    };
}

series! {
    API_REQUESTS = "baton_salesforce_api_requests" Counter in Connector ["object", "outcome"]
        "Requests to Salesforce's API, by object and outcome, retries included";
    API_RETRIES = "baton_salesforce_api_retries" Counter in Connector ["reason"]
        "Requests to Salesforce's API that were sent again, by reason";
    QUOTA_REMAINING = "baton_salesforce_api_quota_remaining" Gauge in Connector ["scope"]
        "API requests left in 24 hours, as Salesforce last told: of the org, and of the app if the org limits it";
    QUOTA_LIMIT = "baton_salesforce_api_quota_limit" Gauge in Connector ["scope"]
        "API requests allowed in 24 hours, as Salesforce last told";
    SALESFORCE_SIGN_INS = "baton_salesforce_sign_ins" Counter in Connector ["outcome"]
        "Sign-ins to Salesforce, by outcome";
    WRITES = "baton_salesforce_writes" Counter in Connector ["action", "outcome"]
        "Requests to change the org, by action and outcome";
    PLATFORM_SIGN_INS = "baton_platform_sign_ins" Counter in Daemon ["outcome"]
        "Sign-ins to the platform, by outcome";
    TASKS = "baton_tasks" Counter in Daemon ["task", "outcome"]
        "Tasks of the platform that have ended, by type and gRPC code";
    TASKS_RUNNING = "baton_tasks_running" Gauge in Daemon []
        "Tasks of the platform that are being done";
    SYNCS = "baton_syncs" Counter in Daemon ["outcome"]
        "Full syncs that have ended, by gRPC code";
    SYNC_DURATION = "baton_sync_duration_seconds" Gauge in Daemon []
        "How long the last successful sync took, without its upload";
    SYNC_TIME = "baton_sync_last_success_timestamp_seconds" Gauge in Daemon []
        "When the last successful sync ended, in seconds since 1970";
    SYNC_ROWS = "baton_sync_rows" Gauge in Daemon ["resource_type", "row"]
        "Rows of the last successful sync, by resource type: resources, entitlements and grants";
    CONNECTOR_STARTS = "baton_connector_starts" Counter in Daemon ["outcome"]
        "Starts of the connector process, by outcome";
    CONNECTOR_UP = "baton_connector_up" Gauge in Daemon []
        "1 if the connector process runs and has told its series; without them it is 0";
    RESIDENT_MEMORY = "baton_process_resident_memory_bytes" Gauge in Page ["process"]
        "Memory in use, of the daemon and of the connector process";
    START_TIME = "baton_process_start_time_seconds" Gauge in Page ["process"]
        "When the process was started, in seconds since 1970";
    BUILD = "baton_build" Info in Page ["version", "commit"]
        "The version of this program";
}
