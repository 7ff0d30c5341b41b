//! Progress: a bar on a terminal, log lines elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How to show progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    /// A changing line on standard error.
    Bar,
    /// One log line per phase.
    #[default]
    Log,
    /// Nothing.
    Hidden,
}

impl Progress {
    /// A bar if standard error is a terminal, otherwise log lines.
    #[must_use]
    pub fn detect() -> Self {
        if std::io::stderr().is_terminal() {
            Self::Bar
        } else {
            Self::Log
        }
    }
}

/// Shows the progress of one sync.
#[derive(Debug)]
pub(crate) struct Reporter {
    mode: Progress,
    bar: ProgressBar,
}

impl Reporter {
    pub(crate) fn new(mode: Progress) -> Self {
        let bar = match mode {
            Progress::Bar => ProgressBar::new_spinner(),
            Progress::Log | Progress::Hidden => ProgressBar::hidden(),
        };
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {msg:<22} {human_pos} rows, {elapsed}")
        {
            bar.set_style(style);
        }
        if mode == Progress::Bar {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self { mode, bar }
    }

    pub(crate) fn phase(&self, name: &'static str) {
        self.bar.set_message(name);
        if self.mode == Progress::Log {
            tracing::info!(phase = name, rows = self.bar.position(), "sync");
        }
    }

    pub(crate) fn advance(&self, rows: usize) {
        self.bar.inc(rows as u64);
    }

    /// Shows a warning above the bar, or in the log.
    pub(crate) fn warn(&self, message: &str) {
        if self.mode == Progress::Bar {
            self.bar.println(format!("warning: {message}"));
        } else {
            tracing::warn!("{message}");
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
