//! The result of a sync: rows, calls and time, and how to print them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};

/// Rows of one resource type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Resources of the type.
    pub resources: u64,
    /// Entitlements on them.
    pub entitlements: u64,
    /// Grants of those entitlements, including derived ones if the sync derives them.
    pub grants: u64,
}

impl RowCounts {
    pub(super) fn resources_mut(&mut self) -> &mut u64 {
        &mut self.resources
    }

    pub(super) fn entitlements_mut(&mut self) -> &mut u64 {
        &mut self.entitlements
    }
}

/// One phase of a sync.
#[derive(Clone, Debug)]
pub struct PhaseSummary {
    /// Its name.
    pub name: &'static str,
    /// Calls to the connector.
    pub calls: u64,
    /// How long it took.
    pub duration: Duration,
}

/// The result of a sync.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The id of the sync, which a file also stores.
    pub sync_id: String,
    /// Rows per resource type.
    pub rows: BTreeMap<String, RowCounts>,
    /// The phases in their order.
    pub phases: Vec<PhaseSummary>,
    /// Grants derived from nesting.
    pub derived_grants: u64,
    /// Calls of the upstream system's API; 0 if the connector does not report its quota.
    pub api_calls: u64,
    /// Calls to the connector.
    pub connector_calls: u64,
    /// The time from the first call to the finished file.
    pub duration: Duration,
    /// Warnings in the order in which they occurred.
    pub warnings: Vec<String>,
}

impl Summary {
    /// The rows of all types together.
    #[must_use]
    pub fn totals(&self) -> RowCounts {
        self.rows
            .values()
            .fold(RowCounts::default(), |sum, rows| RowCounts {
                resources: sum.resources + rows.resources,
                entitlements: sum.entitlements + rows.entitlements,
                grants: sum.grants + rows.grants,
            })
    }

    /// Prints the table.
    pub fn print(&self, to: &mut impl Write) -> io::Result<()> {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY);
        table.set_header(["resource type", "resources", "entitlements", "grants"]);
        for (kind, rows) in &self.rows {
            table.add_row(cells(kind, *rows));
        }
        table.add_row(cells("total", self.totals()));
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        writeln!(to, "{table}")?;
        for phase in &self.phases {
            writeln!(
                to,
                "{:<20} {:>8} calls {:>9.2} s",
                phase.name,
                phase.calls,
                phase.duration.as_secs_f64()
            )?;
        }
        if self.derived_grants > 0 {
            writeln!(to, "{} grants derived from nesting", self.derived_grants)?;
        }
        writeln!(
            to,
            "{} API calls, {} connector calls, {:.2} s",
            self.api_calls,
            self.connector_calls,
            self.duration.as_secs_f64()
        )?;
        for warning in &self.warnings {
            writeln!(to, "warning: {warning}")?;
        }
        Ok(())
    }
}

fn cells(kind: &str, rows: RowCounts) -> [String; 4] {
    [
        kind.to_owned(),
        rows.resources.to_string(),
        rows.entitlements.to_string(),
        rows.grants.to_string(),
    ]
}
