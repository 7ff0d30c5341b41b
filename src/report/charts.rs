//! Bar charts: the figures stand beside the bars, so they need no colour.

use super::text;

/// A bar of a chart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) label: String,
    /// The figures in words.
    pub(super) figures: String,
    /// The length of the bar in percent of its frame.
    pub(super) length: String,
    /// Whether something is wrong with it.
    pub(super) is_bad: bool,
    /// Where it begins, in pixels from the top.
    pub(super) y: usize,
}

/// Bars below each other.
#[derive(Debug, Default)]
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
}

/// The height of a bar with its label.
const ROW: usize = 44;

impl Chart {
    pub(super) fn height(&self) -> usize {
        self.bars.len() * ROW
    }

    /// Adds a bar that fills `part` of `whole`.
    pub(super) fn bar(&mut self, label: &str, figures: String, part: u64, whole: u64, bad: bool) {
        self.bars.push(Bar {
            label: text::cut(label, 30),
            figures,
            length: text::percent(part, whole),
            is_bad: bad,
            y: self.height(),
        });
    }
}
