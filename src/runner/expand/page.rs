//! Stores new and changed grants.

use prost::Message;
use prost::bytes::Bytes;
use prost::encoding::bytes;
use rusqlite::Connection;

use crate::c1z::rows::{DerivedGrants, Stamp};
use crate::c1z::{Error, Result};
use crate::pb::connector::Grant;
use crate::pb::connector::grant_sources::GrantSource;

/// New and changed grants of one entitlement.
#[derive(Debug, Default)]
pub(super) struct Page {
    entitlement: String,
    /// Type and id of its resource.
    on: (String, String),
    pub(super) completions: Vec<Completion>,
    pub(super) additions: Vec<Addition>,
}

/// A stored grant that also comes from other entitlements.
#[derive(Debug)]
pub(super) struct Completion {
    pub(super) row: i64,
    pub(super) sources: Vec<(String, GrantSource)>,
}

/// A new grant.
#[derive(Debug)]
pub(super) struct Addition {
    /// Type and id.
    pub(super) principal: (String, String),
    /// A stored grant that has more of the principal than its id.
    pub(super) shown_in: Option<i64>,
    /// The encoded fields behind the grant's id.
    pub(super) ending: Bytes,
}

impl Page {
    pub(super) fn new(entitlement: &str, on: &(String, String)) -> Self {
        Self {
            entitlement: entitlement.to_owned(),
            on: on.clone(),
            ..Self::default()
        }
    }

    pub(super) fn store(self, connection: &Connection, stamp: Stamp<'_>) -> Result<()> {
        for completion in self.completions {
            complete(connection, &self.entitlement, completion)?;
        }
        if self.additions.is_empty() {
            return Ok(());
        }
        let mut head = Vec::new();
        bytes::encode(
            1,
            &entitlement(connection, stamp.sync_id, &self.entitlement)?,
            &mut head,
        );
        let end = [&*self.on.0, &*self.on.1, &*self.entitlement];
        let mut grants = DerivedGrants::of(end, &head, connection, stamp)?;
        for addition in self.additions {
            let (kind, id) = &addition.principal;
            let shown = match addition.shown_in {
                Some(row) => read_grant(connection, row)?.principal,
                None => None,
            };
            let shown = shown.map(|shown| shown.encode_to_vec());
            grants.put([kind, id], shown.as_deref(), &addition.ending)?;
        }
        Ok(())
    }
}

/// Adds sources to a stored grant.
fn complete(connection: &Connection, entitlement: &str, completion: Completion) -> Result<()> {
    let mut grant = read_grant(connection, completion.row)?;
    let known = &mut grant.sources.get_or_insert_default().sources;
    if known.is_empty() {
        known.insert(entitlement.to_owned(), GrantSource { is_direct: true });
    }
    for (source, how) in completion.sources {
        // Direct in one way is direct.
        known.entry(source).or_insert(how).is_direct |= how.is_direct;
    }
    connection
        .prepare_cached("update v1_grants set data = ?1 where id = ?2")
        .and_then(|mut update| update.execute((grant.encode_to_vec(), completion.row)))
        .map_err(Error::database("updating a grant"))?;
    Ok(())
}

fn read_grant(connection: &Connection, row: i64) -> Result<Grant> {
    let data: Vec<u8> = connection
        .prepare_cached("select data from v1_grants where id = ?1")
        .and_then(|mut statement| statement.query_row([row], |row| row.get(0)))
        .map_err(Error::database("reading a grant"))?;
    Grant::decode(&*data).map_err(|source| Error::Message {
        kind: "grant",
        source,
    })
}

/// Reads an encoded entitlement.
fn entitlement(connection: &Connection, sync_id: &str, id: &str) -> Result<Vec<u8>> {
    connection
        .prepare_cached("select data from v1_entitlements where external_id = ?1 and sync_id = ?2")
        .and_then(|mut statement| statement.query_row([id, sync_id], |row| row.get(0)))
        .map_err(Error::database("reading an entitlement"))
}
