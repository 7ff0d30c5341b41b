//! What the command line takes from outside, which tests replace.

use jiff::Timestamp;

use crate::config::Sources;

/// The surroundings of the process.
#[derive(Clone)]
pub struct World {
    /// Where the configuration comes from.
    pub sources: Sources,
    /// The time of the start.
    pub now: Timestamp,
    /// Whether stderr, where the log goes, is a terminal.
    pub terminal: bool,
}

impl World {
    /// The surroundings of this process, which started `now`.
    #[must_use]
    pub fn of_process(now: Timestamp) -> Self {
        Self {
            sources: Sources::of_process(),
            now,
            terminal: std::io::IsTerminal::is_terminal(&std::io::stderr()),
        }
    }
}
