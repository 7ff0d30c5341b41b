//! The database that a sync is written into, before it is packed.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::error::{Error, Result};
use super::schema;

/// Opens a database that only this process uses. Nothing is read before the first statement.
pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
    // Only one thread uses it, so SQLite needs no mutex. Without file locks of its own, because some
    // network file systems do not distinguish them from ours.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags_and_vfs(path, flags, c"unix-none")
}

/// Creates the tables in an empty database.
pub(super) fn create(connection: &Connection) -> Result<()> {
    set_up(connection)?;
    connection
        .execute_batch(schema::TABLES)
        .map_err(Error::database("creating the database"))
}

/// Makes a database one without a journal: only the final rename must be durable.
pub(super) fn set_up(connection: &Connection) -> Result<()> {
    connection
        .execute_batch(
            // Large pages, because rows are long. When indexes are built, each of four threads
            // sorts in as much memory as the cache has. More is slower, because it no longer fits
            // into the processor's cache.
            "pragma page_size = 32768; pragma cache_size = -8192; pragma journal_mode = off;
             pragma synchronous = off; pragma locking_mode = exclusive; pragma threads = 3;
             pragma secure_delete = fast;",
        )
        .and_then(|()| schema::only_tables(connection))
        .map_err(Error::database("setting up the database"))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// The value of a pragma.
pub(super) fn number(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// Overwrites the pages of deleted rows that no new row has taken. They would be packed, and stay in
/// the file.
pub(super) fn clear_free_pages(connection: &Connection) -> rusqlite::Result<()> {
    let free = number(connection, "freelist_count")?;
    if free == 0 {
        return Ok(());
    }
    // Each row takes a page.
    let size = number(connection, "page_size")? - 100;
    connection.execute_batch("create table free_pages (zeros blob not null)")?;
    connection.execute(
        "with recursive n (i) as (select 1 union all select i + 1 from n where i < ?1)
         insert into free_pages select zeroblob(?2) from n",
        [free, size],
    )?;
    connection.execute_batch("drop table free_pages")
}
