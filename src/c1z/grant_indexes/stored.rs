//! The grants that a database has stored, read from its pages.

use std::fs::File;
use std::path::Path;

use rusqlite::Connection;

use super::Why;
use super::head::Head;
use super::known::Names;
use crate::c1z::pages::scan::{Table, Values};
use crate::c1z::schema;

/// The columns that [`Names`] are of.
pub(super) const COLUMNS: [&str; 7] = [
    "resource_type_id",
    "resource_id",
    "entitlement_id",
    "sync_id",
    "principal_resource_type_id",
    "principal_resource_id",
    "external_id",
];

/// The table of grants. Nobody writes to it while it is read.
#[derive(Debug)]
pub(super) struct StoredGrants {
    table: Table,
    /// Where the columns are in a row.
    columns: [usize; 7],
}

impl StoredGrants {
    /// Finds the table in a database, of which all rows are in the file.
    pub(super) fn find(connection: &Connection, path: &Path) -> Result<Self, Why> {
        let names = schema::columns(connection, "main", "v1_grants").map_err(|_| Why::Format)?;
        let mut columns = [0; COLUMNS.len()];
        for (column, name) in columns.iter_mut().zip(COLUMNS) {
            let place = names.iter().position(|found| found == name);
            *column = place.ok_or(Why::Format)?;
        }
        let table = Table {
            database: File::open(path)?,
            page_size: Head::read(path)?.page_size,
            root: root(connection)?,
        };
        Ok(Self { table, columns })
    }

    /// Calls `each` with all grants, or those behind the row `after`, in the order of their rows.
    pub(super) fn rows(
        &self,
        after: Option<i64>,
        mut each: impl FnMut(i64, &Names<'_>) -> Result<(), Why>,
    ) -> Result<(), Why> {
        self.table
            .rows(after, |id, values| each(id, &self.names(values)?))
    }

    fn names<'a>(&self, values: Values<'a>) -> Result<Names<'a>, Why> {
        let mut texts = [[].as_slice(); COLUMNS.len()];
        for (text, column) in texts.iter_mut().zip(self.columns) {
            *text = values.text(column).ok_or(Why::NoText)?;
        }
        let [kind, resource, entitlement, sync, of_kind, of, id] = texts;
        Ok(Names {
            end: [kind, resource, entitlement, sync],
            principal: [of_kind, of],
            id,
        })
    }
}

/// The root page of the table of grants.
pub(super) fn root(connection: &Connection) -> rusqlite::Result<u32> {
    let root = "select rootpage from sqlite_schema where type = 'table' and name = 'v1_grants'";
    connection.query_row(root, [], |row| row.get(0))
}
