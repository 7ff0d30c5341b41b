//! Flags for logs, OpenTelemetry and health.

use crate::config::flag::{Flag, Kind, flags};

flags! {
    LOG_LEVEL = Flag::new("log-level", Kind::Text("info"), "Log level: debug, info, warn, error")
        .ops();
    LOG_LEVEL_DEBUG_EXPIRES_AT = Flag::text(
        "log-level-debug-expires-at",
        "Time (RFC 3339) from which log level debug counts as info",
    ).ops();
    SESSION_STORE_MAXIMUM_SIZE = Flag::number(
        "session-store-maximum-size",
        15_728_640,
        (0, i64::MAX),
        "Largest size in bytes of the session store that is kept in memory",
    ).hidden().ops();
    OTEL_COLLECTOR_ENDPOINT = Flag::text(
        "otel-collector-endpoint",
        "Endpoint of an OpenTelemetry collector for traces and logs",
    ).ops();
    OTEL_TLS_CERT_PATH = Flag::text(
        "otel-collector-endpoint-tls-cert-path",
        "Path of a PEM file with the certificate authority of the OpenTelemetry collector",
    ).hidden().ops();
    OTEL_TLS_CERT = Flag::text(
        "otel-collector-endpoint-tls-cert",
        "Certificate authority of the OpenTelemetry collector, as PEM",
    ).hidden().ops();
    OTEL_TLS_INSECURE = Flag::switch(
        "otel-collector-endpoint-tls-insecure",
        "Connect to the OpenTelemetry collector without TLS verification",
    ).hidden().ops();
    OTEL_TRACING_DISABLED = Flag::switch("otel-tracing-disabled", "Send no traces")
        .hidden().ops();
    OTEL_LOGGING_DISABLED = Flag::switch("otel-logging-disabled", "Send no logs")
        .hidden().ops();
    HEALTH_CHECK = Flag::switch("health-check", "Serve the HTTP health endpoint").ops();
    HEALTH_CHECK_PORT = Flag::number(
        "health-check-port",
        8081,
        (0, 65_535),
        "Port of the HTTP health endpoint",
    ).ops();
    HEALTH_CHECK_BIND_ADDRESS = Flag::new(
        "health-check-bind-address",
        Kind::Text("127.0.0.1"),
        "Address of the HTTP health endpoint",
    ).hidden().ops();
    HTTP_TIMEOUT_SECONDS = Flag::number(
        "http-timeout-seconds",
        300,
        (1, 1800),
        "Seconds after which a call to Salesforce is given up",
    ).ops();
    LOG_FORMAT = Flag::text(
        "log-format",
        "Log format: json or console; without it console on a terminal, json otherwise",
    );
    LOG_PATH = Flag::list("log-path", "Files to log to instead of stderr");
}
