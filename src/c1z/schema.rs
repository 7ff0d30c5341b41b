//! Tables and indexes of the database, as the SDK's readers expect them.
//!
//! `v1_sync_runs` stops at `supports_diff`: the released `baton` CLI copies rows by the source's
//! column list into its own schema and fails on columns it does not know (`grants_backfilled`,
//! `stats`, `ingest_invariant_*`); newer readers add what they miss to their own copy. The names of
//! two resource indexes look swapped because they are, in every file there is.

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::error::{Error, Result};

/// Makes the database trust no schema but our own. A view or a trigger in a file is code of its
/// author, and may run for ever or return endless rows.
pub(super) fn only_tables(connection: &Connection) -> rusqlite::Result<()> {
    for (setting, value) in [
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    ] {
        connection.set_db_config(setting, value)?;
    }
    Ok(())
}

/// Whether rows of `sqlite_schema` can be written.
pub(super) fn set_writable(connection: &Connection, is_writable: bool) -> rusqlite::Result<()> {
    for (setting, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, !is_writable),
        (DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, is_writable),
    ] {
        connection.set_db_config(setting, value)?;
    }
    Ok(())
}

pub(super) fn columns(connection: &Connection, database: &str, table: &str) -> Result<Vec<String>> {
    query_strings(
        connection,
        &format!("select name from pragma_table_info('{table}', '{database}')"),
    )
}

fn query_strings(connection: &Connection, statement: &str) -> Result<Vec<String>> {
    let failed = || Error::database("reading the previous syncs");
    let mut statement = connection.prepare(statement).map_err(failed())?;
    let found = statement
        .query_map([], |row| row.get(0))
        .map_err(failed())?;
    found.collect::<rusqlite::Result<_>>().map_err(failed())
}

/// The tables, with the indexes that a sync itself needs while it writes, and those of so few rows
/// that keeping them up to date costs less than another look at every row.
pub(crate) const TABLES: &str = "
create table v1_resource_types (
    id integer primary key,
    external_id text not null,
    data blob not null,
    sync_id text not null,
    discovered_at datetime not null
);
create unique index idx_resource_types_external_sync_v1
    on v1_resource_types (external_id, sync_id);
create table v1_resources (
    id integer primary key,
    resource_type_id text not null,
    external_id text not null,
    parent_resource_type_id text,
    parent_resource_id text,
    data blob not null,
    sync_id text not null,
    discovered_at datetime not null
);
create unique index idx_resources_parent_resource_id_v1 on v1_resources (external_id, sync_id);
create index idx_resources_resource_type_id_v1 on v1_resources (resource_type_id);
create table v1_entitlements (
    id integer primary key,
    resource_type_id text not null,
    resource_id text not null,
    external_id text not null,
    data blob not null,
    sync_id text not null,
    discovered_at datetime not null
);
create unique index idx_entitlements_external_sync_v1 on v1_entitlements (external_id, sync_id);
create table v1_grants (
    id integer primary key,
    resource_type_id text not null,
    resource_id text not null,
    entitlement_id text not null,
    principal_resource_type_id text not null,
    principal_resource_id text not null,
    external_id text not null,
    expansion blob,
    needs_expansion integer not null default 0,
    data blob not null,
    sync_id text not null,
    discovered_at datetime not null
);
create index idx_grants_sync_expansion_v1
    on v1_grants (sync_id) where expansion is not null;
create index idx_grants_sync_needs_expansion_v1
    on v1_grants (sync_id) where needs_expansion = 1;
create table v1_assets (
    id integer primary key,
    external_id text not null,
    content_type text not null,
    data blob not null,
    sync_id text not null,
    discovered_at datetime not null
);
create table v1_connector_sessions (
    id integer primary key,
    sync_id text not null,
    key text not null,
    value blob not null
);
create table v1_sync_runs (
    id integer primary key,
    sync_id text not null,
    started_at datetime not null,
    ended_at datetime,
    sync_token text not null,
    sync_type text not null default 'full',
    parent_sync_id text not null default '',
    linked_sync_id text not null default '',
    supports_diff integer not null default 0
);
create unique index idx_sync_runs_sync_id_v1 on v1_sync_runs (sync_id);
";

/// Stores a grant. Its number may be null, and is then the next one. Duplicates are stored as well: the
/// unique index is built later.
pub(super) const INSERT_GRANT: &str = "insert into v1_grants (id, resource_type_id, resource_id,
     entitlement_id, principal_resource_type_id, principal_resource_id, external_id, expansion,
     needs_expansion, data, sync_id, discovered_at)
 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

/// The other indexes, without those in [`GrantIndex`]: built once over all rows, in a fraction of the
/// time that keeping them up to date during the sync would take.
pub(crate) const INDEXES: &str = "
create index if not exists idx_resources_external_sync_v1
    on v1_resources (parent_resource_type_id, parent_resource_id);
create index if not exists idx_entitlements_resource_id_v1
    on v1_entitlements (resource_type_id, resource_id);
create unique index if not exists idx_assets_external_sync_v1
    on v1_assets (external_id, sync_id);
create unique index if not exists idx_session_store_sync_key_v1
    on v1_connector_sessions (sync_id, key);
";

/// Their names.
pub(super) fn index_names() -> impl Iterator<Item = &'static str> {
    let words = INDEXES.split_whitespace();
    words.filter(|word| word.starts_with("idx_"))
}

/// An index of all grants. They are large, and are built last ([`super::grant_indexes`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GrantIndex {
    External,
    Resource,
    Principal,
    EntitlementPrincipal,
    EntitlementSync,
}

impl GrantIndex {
    pub(crate) const ALL: [Self; 5] = [
        Self::External,
        Self::Resource,
        Self::Principal,
        Self::EntitlementPrincipal,
        Self::EntitlementSync,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::External => "idx_grants_external_sync_v1",
            Self::Resource => "idx_grants_resource_type_id_resource_id_v1",
            Self::Principal => "idx_grants_principal_id_v1",
            Self::EntitlementPrincipal => "idx_grants_entitlement_id_principal_id_v1",
            Self::EntitlementSync => "idx_grants_entitlement_sync_grant_v1",
        }
    }

    pub(crate) fn columns(self) -> &'static str {
        match self {
            Self::External => "external_id, sync_id",
            Self::Resource => "resource_type_id, resource_id",
            Self::Principal => "principal_resource_type_id, principal_resource_id",
            Self::EntitlementPrincipal => {
                "entitlement_id, principal_resource_type_id, principal_resource_id"
            }
            Self::EntitlementSync => "entitlement_id, sync_id, id",
        }
    }

    /// The statements that create all of them.
    pub(crate) fn create_all() -> String {
        Self::ALL.map(Self::create).concat()
    }

    /// The statement that creates the index.
    pub(crate) fn create(self) -> String {
        let kind = if self.is_unique() {
            "unique index"
        } else {
            "index"
        };
        format!("create {kind} if not exists {};", self.definition())
    }

    /// What SQLite stores of that statement.
    pub(super) fn stored(self) -> String {
        let kind = if self.is_unique() {
            "UNIQUE INDEX"
        } else {
            "INDEX"
        };
        format!("CREATE {kind} {}", self.definition())
    }

    fn is_unique(self) -> bool {
        self == Self::External
    }

    fn definition(self) -> String {
        format!("{}\n    on v1_grants ({})", self.name(), self.columns())
    }
}

/// The tables whose rows belong to a sync and move with it from one file to the next.
pub(crate) const TABLES_OF_SYNCS: &[&str] = &[
    "v1_resource_types",
    "v1_resources",
    "v1_entitlements",
    "v1_grants",
    "v1_assets",
    "v1_sync_runs",
];
