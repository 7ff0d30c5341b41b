//! The log.
//!
//! Libraries log only from `warn` on: below that they log headers, which hold tokens.

mod collector;
pub mod health;
mod line;
mod output;
mod sink;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, reload};

use crate::config::{CollectorSettings, LogLevel, LogSettings};
use crate::output_file;
use collector::Collector;
use line::Line;
use output::Output;
use sink::Sink;

/// The target of our own log events.
const OWN: &str = "baton_salesforce";

/// The running log. Dropping it sends to the collector what is left for it, and writes the lines that
/// are still queued, within some seconds.
pub struct Telemetry {
    // Dropped in this order: what the collector is worth a line of is still written.
    _collector: Option<Collector>,
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

/// Starts the log, and traces if there is a collector for them. A second call in one process, as in
/// tests, has no effect.
pub fn install(
    settings: &LogSettings,
    collector: Option<&CollectorSettings>,
    now: Timestamp,
) -> anyhow::Result<Telemetry> {
    let collector = collector.map(Collector::new).transpose()?;
    let sink = Sink::start(outputs(settings)?, settings.format);
    let level = settings.level_at(now);
    let (filter, handle) = reload::Layer::new(targets(level));
    let layer = fmt::layer()
        .event_format(Line::new(settings.format))
        .fmt_fields(JsonFields::new())
        .with_writer(sink.writer())
        .with_filter(filter)
        .boxed();
    let mut layers = vec![layer];
    let mut sent = None;
    if let Some(collector) = &collector {
        layers.extend(collector.traces());
        if let Some(logs) = collector.logs() {
            let (filter, handle) = reload::Layer::new(own(level));
            layers.push(logs.with_filter(filter).boxed());
            sent = Some(handle);
        }
    }
    // It fails if there is a log already.
    let _ = tracing_subscriber::registry().with(layers).try_init();
    let expiry = settings.debug_left(now).map(|left| {
        tokio::spawn(async move {
            tokio::time::sleep(left).await;
            // The log is gone if this fails.
            let _ = handle.reload(targets(LogLevel::Info));
            if let Some(handle) = sent {
                let _ = handle.reload(own(LogLevel::Info));
            }
        })
    });
    Ok(Telemetry {
        _collector: collector,
        _sink: sink,
        expiry,
    })
}

impl LogSettings {
    /// The level at this time.
    fn level_at(&self, now: Timestamp) -> LogLevel {
        match (self.level, self.debug_expires_at) {
            (LogLevel::Debug, Some(end)) if end <= now => LogLevel::Info,
            (level, _) => level,
        }
    }

    /// The time until debug becomes info, if it does.
    fn debug_left(&self, now: Timestamp) -> Option<Duration> {
        let end = self
            .debug_expires_at
            .filter(|_| self.level == LogLevel::Debug)?;
        Duration::try_from(end.duration_since(now)).ok()
    }
}

fn targets(level: LogLevel) -> Targets {
    own(level).with_default(filter(level).min(LevelFilter::WARN))
}

/// Only what this program logs. What the collector's client logs must not be sent through it.
fn own(level: LogLevel) -> Targets {
    Targets::new().with_target(OWN, filter(level))
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    }
}

/// Where the lines go.
fn outputs(settings: &LogSettings) -> anyhow::Result<Vec<Output>> {
    let format = settings.format;
    let open = |path: &PathBuf| {
        let file = output_file::append(path, settings.file_mode).context("opening the log")?;
        Ok(Output::file(path, file, format))
    };
    let stderr = settings.stderr.then(|| Ok(Output::stderr(format)));
    let files = settings.paths.iter().map(open);
    stderr.into_iter().chain(files).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::config::LogFormat;
    use crate::output_file::FileMode;

    fn settings(level: LogLevel, debug_expires_at: Option<Timestamp>) -> LogSettings {
        LogSettings {
            format: LogFormat::Json,
            level,
            debug_expires_at,
            stderr: true,
            paths: Vec::new(),
            file_mode: FileMode::default(),
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
