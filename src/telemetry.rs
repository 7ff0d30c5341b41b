//! The log: what is recorded, in which form, and where it goes.
//!
//! Only our own code logs below `warn`: libraries would log headers, and headers hold tokens.

pub mod health;
mod line;
mod sink;

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use jiff::Timestamp;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, reload};

use crate::config::{LogLevel, LogSettings};
use line::Line;
use sink::Sink;

/// The name of this crate in the targets of log events.
const OWN: &str = "baton_salesforce";

/// The running log. What was logged is written out when this is dropped, within a second.
pub struct Telemetry {
    _sink: Sink,
    expiry: Option<tokio::task::JoinHandle<()>>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(expiry) = self.expiry.take() {
            expiry.abort();
        }
    }
}

/// Starts the log. A second call in one process (in tests) leaves the first one in place.
pub fn install(settings: &LogSettings, now: Timestamp) -> anyhow::Result<Telemetry> {
    let sink = Sink::start(outputs(settings)?, settings.format);
    let (filter, handle) = reload::Layer::new(targets(settings.level_at(now)));
    let layer = fmt::layer()
        .event_format(Line::new(settings.format))
        .fmt_fields(JsonFields::new())
        .with_writer(sink.writer())
        .with_filter(filter);
    let installed = tracing_subscriber::registry().with(layer).try_init();
    if installed.is_ok() && settings.collector {
        tracing::warn!("this build sends nothing to an OpenTelemetry collector");
    }
    let expiry = settings.debug_left(now).map(|left| {
        tokio::spawn(async move {
            tokio::time::sleep(left).await;
            // The log is gone if this fails.
            let _ = handle.reload(targets(LogLevel::Info));
        })
    });
    Ok(Telemetry {
        _sink: sink,
        expiry,
    })
}

impl LogSettings {
    /// The level at that time.
    fn level_at(&self, now: Timestamp) -> LogLevel {
        match (self.level, self.debug_expires_at) {
            (LogLevel::Debug, Some(end)) if end <= now => LogLevel::Info,
            (level, _) => level,
        }
    }

    /// How long debug goes on, if it ends.
    fn debug_left(&self, now: Timestamp) -> Option<Duration> {
        let end = self
            .debug_expires_at
            .filter(|_| self.level == LogLevel::Debug)?;
        Duration::try_from(end.duration_since(now)).ok()
    }
}

fn targets(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    Targets::new()
        .with_target(OWN, level)
        .with_default(level.min(LevelFilter::WARN))
}

/// Where the lines go.
fn outputs(settings: &LogSettings) -> anyhow::Result<Vec<Box<dyn Write + Send>>> {
    if settings.paths.is_empty() {
        return Ok(vec![Box::new(std::io::stderr())]);
    }
    let open = |path: &std::path::PathBuf| {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|error| anyhow::anyhow!("log file {}: {error}", path.display()))?;
        Ok(Box::new(file) as Box<dyn Write + Send>)
    };
    settings.paths.iter().map(open).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::config::LogFormat;

    fn settings(level: LogLevel, debug_expires_at: Option<Timestamp>) -> LogSettings {
        LogSettings {
            format: LogFormat::Json,
            level,
            debug_expires_at,
            paths: Vec::new(),
            collector: false,
        }
    }

    #[test]
    fn debug_counts_as_info_when_it_has_expired() {
        let now: Timestamp = "2026-11-22T20:00:00Z".parse().unwrap();
        let later: Timestamp = "2026-11-22T20:00:10Z".parse().unwrap();
        let debug = settings(LogLevel::Debug, Some(later));
        assert_eq!(debug.level_at(now), LogLevel::Debug);
        assert_eq!(debug.debug_left(now), Some(Duration::from_secs(10)));
        assert_eq!(debug.level_at(later), LogLevel::Info);
        assert_eq!(
            settings(LogLevel::Warn, Some(now)).level_at(later),
            LogLevel::Warn
        );
    }

    #[test]
    fn a_library_never_logs_below_warn() {
        let targets = targets(LogLevel::Debug);
        assert!(targets.would_enable("baton_salesforce::cli", &tracing::Level::DEBUG));
        assert!(!targets.would_enable("h2::codec", &tracing::Level::INFO));
        assert!(targets.would_enable("h2::codec", &tracing::Level::WARN));
    }

    #[test]
    fn a_quiet_log_quietens_libraries_too() {
        let targets = targets(LogLevel::Error);
        assert!(!targets.would_enable("h2::codec", &tracing::Level::WARN));
    }
}
