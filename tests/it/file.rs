//! What stands in a `.c1z` file, read without the code that wrote it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use baton_salesforce::pb::connector as pb;
use prost::Message;
use rusqlite::Connection;

/// The rows of the newest finished sync.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) types: BTreeMap<String, pb::ResourceType>,
    /// By `type/id`.
    pub(crate) resources: BTreeMap<String, pb::Resource>,
    pub(crate) entitlements: BTreeMap<String, pb::Entitlement>,
    pub(crate) grants: BTreeMap<String, pb::Grant>,
}

/// Unpacks the database of a file; it goes away with the directory.
pub(crate) fn open(file: &Path) -> (Connection, tempfile::TempDir) {
    let bytes = std::fs::read(file).unwrap();
    let frame = bytes
        .strip_prefix(b"C1ZF\0")
        .expect("the header of format 1");
    let mut database = Vec::new();
    zstd::Decoder::new(frame)
        .unwrap()
        .read_to_end(&mut database)
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("database");
    std::fs::write(&path, database).unwrap();
    (Connection::open(path).unwrap(), directory)
}

/// All rows of the newest finished sync.
pub(crate) fn read(file: &Path) -> Rows {
    let (database, _directory) = open(file);
    let newest = "select sync_id from v1_sync_runs where ended_at is not null
        order by ended_at desc limit 1";
    let sync: String = database.query_row(newest, [], |row| row.get(0)).unwrap();
    let key = |id: &str| id.replacen(':', "/", 1);
    Rows {
        types: rows(&database, "v1_resource_types", &sync),
        resources: rows(&database, "v1_resources", &sync)
            .into_iter()
            .map(|(id, row)| (key(&id), row))
            .collect(),
        entitlements: rows(&database, "v1_entitlements", &sync),
        grants: rows(&database, "v1_grants", &sync),
    }
}

fn rows<M: Message + Default>(
    database: &Connection,
    table: &str,
    sync: &str,
) -> BTreeMap<String, M> {
    let select = format!("select external_id, data from {table} where sync_id = ?1");
    let mut select = database.prepare(&select).unwrap();
    let found = select.query_map([sync], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)));
    found
        .unwrap()
        .map(|row| {
            let (id, data): (String, _) = row.unwrap();
            (id, M::decode(data.as_slice()).unwrap())
        })
        .collect()
}
