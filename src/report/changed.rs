//! What is different since the sync before.

use super::error::Result;
use super::list::List;
use super::text;
use crate::access::StoredSync;
use crate::changes::{self, Change};
use crate::records::Record as _;

/// How many changes the page shows.
const SHOWN: usize = 1000;

/// The changes since the sync before.
#[derive(Debug)]
pub(super) struct Changed {
    /// When the sync before ended.
    pub(super) since: String,
    pub(super) rows: List<Change>,
    /// What a reader should know besides.
    pub(super) notes: Vec<String>,
}

/// A change as the page shows it.
#[derive(Debug, Default)]
pub(super) struct ChangeRow {
    pub(super) what: String,
    pub(super) name: String,
    pub(super) login: String,
    /// The resource that it is about, with its type.
    pub(super) on: String,
    pub(super) details: String,
}

impl Changed {
    pub(super) fn between(old: &StoredSync, new: &StoredSync) -> Result<Self> {
        let mut rows = Vec::new();
        let notes = changes::between(old, new, |change| -> Result<()> {
            rows.push(change);
            Ok(())
        })?;
        Ok(Self {
            since: text::minute(old.reader().end()?),
            rows: List::new("changes", rows, SHOWN),
            notes,
        })
    }

    pub(super) fn shown(&self) -> impl Iterator<Item = ChangeRow> {
        self.rows.shown().iter().map(ChangeRow::of)
    }
}

impl ChangeRow {
    /// Takes the cells that the command `changes` prints.
    fn of(change: &Change) -> Self {
        let cells = change.cells();
        let cell = |name: &str| -> &str {
            let place = Change::COLUMNS.iter().position(|column| *column == name);
            let cell = place.and_then(|place| cells.get(place));
            cell.map_or("", String::as_str)
        };
        let (from, to) = (cell("from"), cell("to"));
        let or_none = |text: &str| if text.is_empty() { "none" } else { text }.to_owned();
        let moved = (!from.is_empty() || !to.is_empty())
            .then(|| format!("{} → {}", or_none(from), or_none(to)));
        let gives = cell("gives");
        let gives = (!gives.is_empty()).then(|| format!("gives {gives}"));
        let paths = cell("paths");
        let paths = (!paths.is_empty()).then(|| paths.to_owned());
        let details: Vec<String> = [gives, paths, moved].into_iter().flatten().collect();
        Self {
            what: cell("change").replace('_', " "),
            name: text::shown(cell("person_name")),
            login: text::shown(cell("person_login")),
            on: text::shown(format!("{} {}", cell("type"), cell("resource")).trim()),
            details: text::cut(&details.join("; "), 400),
        }
    }
}
