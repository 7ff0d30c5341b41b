//! The warnings of a sync, kept with its rows so that a report can tell what could not be read.
//!
//! They are an asset of the file, a JSON list of sentences: the format has a table for assets, and
//! readers ignore those that no resource names.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::{Error, Result};
use super::rows::Stamp;

const ID: &str = "baton-salesforce/warnings.json";
const CONTENT_TYPE: &str = "application/json";

pub(super) fn put(connection: &Connection, stamp: Stamp<'_>, warnings: &[String]) -> Result<()> {
    let data = serde_json::Value::from(warnings).to_string().into_bytes();
    connection
        .execute(
            "insert into v1_assets (external_id, content_type, data, sync_id, discovered_at)
             values (?1, ?2, ?3, ?4, ?5)",
            params![ID, CONTENT_TYPE, data, stamp.sync_id, stamp.at],
        )
        .map_err(Error::database("storing the warnings"))?;
    Ok(())
}

/// The warnings of a sync; `None` if another program wrote it.
pub(super) fn get(connection: &Connection, sync_id: &str) -> Result<Option<Vec<String>>> {
    let data: Option<Vec<u8>> = connection
        .query_row(
            "select data from v1_assets where external_id = ?1 and sync_id = ?2",
            params![ID, sync_id],
            |row| row.get(0),
        )
        .optional()
        .map_err(Error::database("reading the warnings"))?;
    // What is no list of sentences is not ours either.
    Ok(data.and_then(|data| serde_json::from_slice(&data).ok()))
}
