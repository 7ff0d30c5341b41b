//! Flags for logs, OpenTelemetry and health.

use crate::config::flag::{Flag, Kind, Topic, flags};

flags! {
    LOG_LEVEL = Flag::new("log-level", Kind::Text("info"), "Log level: debug, info, warn, error")
        .ops().topic(Topic::Monitoring);
    LOG_LEVEL_DEBUG_EXPIRES_AT = Flag::text(
        "log-level-debug-expires-at",
        "Time (RFC 3339) at which log level debug becomes info",
    ).or_empty().ops().topic(Topic::Monitoring);
    SESSION_STORE_MAXIMUM_SIZE = Flag::number(
        "session-store-maximum-size",
        15_728_640,
        (0, i64::MAX),
        "Maximum size of the session store in memory, in bytes",
    ).hidden().ops();
    OTEL_COLLECTOR_ENDPOINT = Flag::text(
        "otel-collector-endpoint",
        "Endpoint of an OpenTelemetry collector for traces and logs",
    ).or_empty().ops().topic(Topic::Monitoring);
    OTEL_TLS_CERT_PATH = Flag::text(
        "otel-collector-endpoint-tls-cert-path",
        "Path of a PEM file with the certificate authority of the OpenTelemetry collector",
    ).or_empty().hidden().ops();
    OTEL_TLS_CERT = Flag::text(
        "otel-collector-endpoint-tls-cert",
        "Certificate authority of the OpenTelemetry collector: PEM, or PEM in base64",
    ).or_empty().hidden().ops();
    OTEL_TLS_INSECURE = Flag::switch(
        "otel-collector-endpoint-tls-insecure",
        "Connect to the OpenTelemetry collector in plain text",
    ).hidden().ops();
    OTEL_TRACING_DISABLED = Flag::switch("otel-tracing-disabled", "Send no traces")
        .hidden().ops();
    OTEL_LOGGING_DISABLED = Flag::switch("otel-logging-disabled", "Send no logs")
        .hidden().ops();
    HEALTH_CHECK = Flag::switch("health-check", "Serve the HTTP health endpoint").ops()
        .topic(Topic::Monitoring);
    HEALTH_CHECK_PORT = Flag::number(
        "health-check-port",
        8081,
        (0, 65_535),
        "Port of the HTTP health endpoint",
    ).ops().topic(Topic::Monitoring);
    HEALTH_CHECK_BIND_ADDRESS = Flag::new(
        "health-check-bind-address",
        Kind::Text("127.0.0.1"),
        "Address of the HTTP health endpoint",
    ).hidden().ops();
    HTTP_TIMEOUT_SECONDS = Flag::number(
        "http-timeout-seconds",
        300,
        (1, 1800),
        "Timeout of a call to Salesforce, in seconds",
    ).ops().topic(Topic::Connection);
    MAX_RETRY_AFTER_SECONDS = Flag::number(
        "max-retry-after-seconds",
        300,
        (1, 604_800),
        "Longest Retry-After of Salesforce, in seconds; a call that has to wait longer fails instead",
    ).topic(Topic::Connection);
    LOG_FORMAT = Flag::text(
        "log-format",
        "Log format: json or console; by default console if stderr is a terminal, else json",
    ).topic(Topic::Monitoring);
    LOG_PATH = Flag::list("log-path", "Files to log to instead of stderr; add stderr to log there too")
        .topic(Topic::Monitoring);
    CORE_DUMPS = Flag::switch("core-dumps", "Allow core dumps, which contain secrets")
        .topic(Topic::Monitoring);
}
