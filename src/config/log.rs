//! The settings of the log.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::flags::telemetry as flags;
use super::host::file_mode;
use super::problem::Problems;
use super::values::Values;
use crate::output_file::FileMode;

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Columns separated by tabs.
    Console,
}

/// The lowest level that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// Normal events.
    Info,
    /// Something unexpected; the work continues.
    Warn,
    /// Something that a person should act on.
    Error,
}

/// The settings of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogSettings {
    /// The form of a line.
    pub format: LogFormat,
    /// The lowest level that is logged.
    pub level: LogLevel,
    /// When debug becomes info.
    pub debug_expires_at: Option<Timestamp>,
    /// Whether lines go to stderr.
    pub stderr: bool,
    /// The files that lines go to.
    pub paths: Vec<PathBuf>,
    /// Who may read a new file.
    pub file_mode: FileMode,
}

impl LogSettings {
    /// A log on stderr.
    #[must_use]
    pub fn to_stderr(level: LogLevel, format: LogFormat) -> Self {
        Self {
            format,
            level,
            debug_expires_at: None,
            stderr: true,
            paths: Vec::new(),
            file_mode: FileMode::default(),
        }
    }

    /// Reads the settings. People read the log if it goes to stderr and stderr is a `terminal`;
    /// elsewhere programs do.
    pub(crate) fn resolve(
        values: &Values,
        directory: &Path,
        terminal: bool,
        problems: &mut Problems,
    ) -> Self {
        let format = match values.text(&flags::LOG_FORMAT) {
            "json" => Some(LogFormat::Json),
            "console" => Some(LogFormat::Console),
            "" => None,
            _ => {
                problems.push(format!(
                    "field {}: value must be one of json, console",
                    flags::LOG_FORMAT.name
                ));
                None
            }
        };
        let level = problems.keep(level(values.text(&flags::LOG_LEVEL)));
        let paths = values.list(&flags::LOG_PATH);
        if paths.iter().any(|path| path == "stdout") {
            let name = flags::LOG_PATH.name;
            problems.push(format!(
                "field {name}: stdout is for results: use stderr or a file"
            ));
        }
        let stderr = paths.is_empty() || paths.iter().any(|path| path == "stderr");
        Self {
            format: format.unwrap_or(if terminal && stderr {
                LogFormat::Console
            } else {
                LogFormat::Json
            }),
            level: level.unwrap_or(LogLevel::Info),
            debug_expires_at: problems.keep(expiry(values)).flatten(),
            stderr,
            paths: paths
                .iter()
                .filter(|path| *path != "stderr")
                .map(|path| directory.join(path))
                .collect(),
            file_mode: problems.keep(file_mode(values)).unwrap_or_default(),
        }
    }
}

fn level(text: &str) -> Result<LogLevel, String> {
    match text.to_ascii_lowercase().as_str() {
        "debug" => Ok(LogLevel::Debug),
        "info" => Ok(LogLevel::Info),
        "warn" | "warning" => Ok(LogLevel::Warn),
        "error" => Ok(LogLevel::Error),
        _ => Err(format!(
            "field {}: value must be one of debug, info, warn, error but got '{text}'",
            flags::LOG_LEVEL.name
        )),
    }
}

fn expiry(values: &Values) -> Result<Option<Timestamp>, String> {
    let flag = &flags::LOG_LEVEL_DEBUG_EXPIRES_AT;
    let text = values.text(flag);
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        format!(
            "field {}: expected a time such as 2026-11-22T20:00:00Z but got '{text}'",
            flag.name
        )
    })
}
