//! Stores messages as rows: columns for lookups, and the message as a blob.

use parking_lot::{Mutex, MutexGuard};
use prost::Message;
use prost_types::Any;
use rusqlite::types::Null;
use rusqlite::{CachedStatement, Connection, params};

use super::annotation;
use super::error::{Error, Result};
use super::grant_indexes::{self, Names};
use super::schema;
use crate::pb::connector::{
    Entitlement, Grant, GrantExpandable, Resource, ResourceId, ResourceType, UserTrait,
};

/// The sync that found a row, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp<'a> {
    pub(crate) sync_id: &'a str,
    pub(crate) at: &'a str,
    /// The grants of which indexes will be built.
    pub(super) grants: &'a Mutex<grant_indexes::Rows>,
}

/// `<type>:<id>`, the key of a resource row.
pub(crate) fn resource_key(id: &ResourceId) -> String {
    format!("{}:{}", id.resource_type, id.resource)
}

pub(crate) fn put_resource_types(
    connection: &Connection,
    stamp: Stamp<'_>,
    rows: Vec<ResourceType>,
) -> Result<()> {
    let mut statement = connection
        .prepare_cached(
            "insert into v1_resource_types (external_id, data, sync_id, discovered_at)
             values (?1, ?2, ?3, ?4)
             on conflict (external_id, sync_id)
             do update set data = excluded.data, discovered_at = excluded.discovered_at",
        )
        .map_err(Error::database("storing resource types"))?;
    for mut row in rows {
        strip_type(&mut row);
        statement
            .execute(params![
                row.id,
                row.encode_to_vec(),
                stamp.sync_id,
                stamp.at
            ])
            .map_err(Error::database("storing a resource type"))?;
    }
    Ok(())
}

pub(crate) fn put_resources(
    connection: &Connection,
    stamp: Stamp<'_>,
    rows: Vec<Resource>,
) -> Result<()> {
    let mut statement = connection
        .prepare_cached(
            "insert into v1_resources (resource_type_id, external_id, parent_resource_type_id,
                 parent_resource_id, data, sync_id, discovered_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             on conflict (external_id, sync_id) do update set
                 parent_resource_type_id = excluded.parent_resource_type_id,
                 parent_resource_id = excluded.parent_resource_id,
                 data = excluded.data, discovered_at = excluded.discovered_at",
        )
        .map_err(Error::database("storing resources"))?;
    for mut row in rows {
        strip_resource(&mut row);
        complete_user_trait(&mut row);
        let Some(id) = &row.id else { continue };
        let parent = row.parent_resource_id.as_ref();
        statement
            .execute(params![
                id.resource_type,
                resource_key(id),
                parent.map(|parent| &parent.resource_type),
                parent.map(|parent| &parent.resource),
                row.encode_to_vec(),
                stamp.sync_id,
                stamp.at
            ])
            .map_err(Error::database("storing a resource"))?;
    }
    Ok(())
}

pub(crate) fn put_entitlements(
    connection: &Connection,
    stamp: Stamp<'_>,
    rows: Vec<Entitlement>,
) -> Result<()> {
    let mut statement = connection
        .prepare_cached(
            "insert into v1_entitlements
                 (resource_type_id, resource_id, external_id, data, sync_id, discovered_at)
             values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict (external_id, sync_id) do update set
                 resource_type_id = excluded.resource_type_id,
                 resource_id = excluded.resource_id,
                 data = excluded.data, discovered_at = excluded.discovered_at",
        )
        .map_err(Error::database("storing entitlements"))?;
    for mut row in rows {
        strip_entitlement(&mut row);
        let Some(on) = row
            .resource
            .as_ref()
            .and_then(|resource| resource.id.as_ref())
        else {
            continue;
        };
        statement
            .execute(params![
                on.resource_type,
                on.resource,
                row.id,
                row.encode_to_vec(),
                stamp.sync_id,
                stamp.at
            ])
            .map_err(Error::database("storing an entitlement"))?;
    }
    Ok(())
}

/// Calls `stored` with each grant and the number of its row.
pub(crate) fn put_grants(
    connection: &Connection,
    stamp: Stamp<'_>,
    rows: Vec<Grant>,
    mut stored: impl FnMut(i64, &Grant),
) -> Result<()> {
    let failed = || Error::database("storing grants");
    let mut statement = connection
        .prepare_cached(schema::INSERT_GRANT)
        .map_err(failed())?;
    let mut indexed = stamp.grants.lock();
    indexed.store_pending(connection).map_err(failed())?;
    for mut row in rows {
        strip_grant(&mut row);
        let expansion = take_expansion(&mut row.annotations);
        let Some((entitlement, on, principal)) = ends(&row) else {
            continue;
        };
        let id = statement
            .insert(params![
                Null,
                on.resource_type,
                on.resource,
                entitlement.id,
                principal.resource_type,
                principal.resource,
                row.id,
                expansion,
                expansion.is_some(),
                row.encode_to_vec(),
                stamp.sync_id,
                stamp.at
            ])
            .map_err(Error::database("storing a grant"))?;
        let end = [&*on.resource_type, &on.resource, &entitlement.id];
        let principal = [&*principal.resource_type, &principal.resource];
        indexed.add(id, &Names::new(end, stamp.sync_id, principal, &row.id));
        stored(id, &row);
    }
    Ok(())
}

/// Adds derived grants of one entitlement, whose ids are the usual ones.
pub(crate) struct DerivedGrants<'a> {
    connection: &'a Connection,
    stamp: Stamp<'a>,
    grants: MutexGuard<'a, grant_indexes::Rows>,
    /// Type and id of the resource, and the entitlement.
    end: [&'a str; 3],
    /// The field with the encoded entitlement.
    head: &'a [u8],
    /// For those that are stored as rows.
    insert: CachedStatement<'a>,
    encoded: grant_indexes::EncodedGrant,
}

impl<'a> DerivedGrants<'a> {
    /// `end` is type and id of the resource, and the entitlement; `head` is the field of a grant with
    /// the encoded entitlement.
    pub(crate) fn of(
        end: [&'a str; 3],
        head: &'a [u8],
        connection: &'a Connection,
        stamp: Stamp<'a>,
    ) -> Result<Self> {
        let failed = || Error::database("storing grants");
        let mut insert = connection
            .prepare_cached(schema::INSERT_GRANT)
            .map_err(failed())?;
        let [kind, resource, entitlement] = end;
        insert
            .raw_bind_parameter(1, Null)
            .and_then(|()| insert.raw_bind_parameter(2, kind))
            .and_then(|()| insert.raw_bind_parameter(3, resource))
            .and_then(|()| insert.raw_bind_parameter(4, entitlement))
            .and_then(|()| insert.raw_bind_parameter(8, Null))
            .and_then(|()| insert.raw_bind_parameter(9, false))
            .and_then(|()| insert.raw_bind_parameter(11, stamp.sync_id))
            .and_then(|()| insert.raw_bind_parameter(12, stamp.at))
            .map_err(failed())?;
        Ok(Self {
            connection,
            stamp,
            grants: stamp.grants.lock(),
            end,
            head,
            insert,
            encoded: grant_indexes::EncodedGrant::default(),
        })
    }

    /// Adds a grant. `principal` is its type and id, `shown` the encoded resource if the grant is to
    /// have more of it, and `ending` the fields behind the grant's id.
    pub(crate) fn put(
        &mut self,
        principal: [&str; 2],
        shown: Option<&[u8]>,
        ending: &[u8],
    ) -> Result<()> {
        let Self {
            connection,
            stamp,
            grants,
            end,
            head,
            insert,
            encoded,
        } = self;
        let parts = [head, ending];
        if shown.is_none() && grants.add_pending(*end, stamp.sync_id, principal, parts, stamp.at) {
            return Ok(());
        }
        let ([_, _, entitlement], [kind, holder]) = (*end, principal);
        let holder_names = principal.map(str::as_bytes);
        encoded.encode(entitlement.as_bytes(), holder_names, shown, parts);
        let id = format!("{entitlement}:{kind}:{holder}");
        grants
            .store_pending(connection)
            .and_then(|()| insert.raw_bind_parameter(5, kind))
            .and_then(|()| insert.raw_bind_parameter(6, holder))
            .and_then(|()| insert.raw_bind_parameter(7, &*id))
            .and_then(|()| insert.raw_bind_parameter(10, encoded.bytes()))
            .and_then(|()| insert.raw_execute())
            .map_err(Error::database("storing a grant"))?;
        let names = Names::new(*end, stamp.sync_id, principal, &id);
        grants.add(connection.last_insert_rowid(), &names);
        Ok(())
    }
}

/// Keeps only the last of the grants with the same id. Returns the deleted rows, each with the type
/// of the resource it was on.
pub(crate) fn drop_duplicate_grants(
    connection: &Connection,
    stamp: Stamp<'_>,
) -> Result<Vec<(i64, String)>> {
    stamp
        .grants
        .lock()
        .forget(connection)
        .map_err(Error::database("storing grants"))?;
    connection
        .prepare(
            "delete from v1_grants where sync_id = ?1 and id not in
                 (select max(id) from v1_grants where sync_id = ?1 group by external_id)
             returning id, resource_type_id",
        )
        .and_then(|mut statement| {
            statement
                .query_map([stamp.sync_id], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
        .map_err(Error::database("merging grants"))
}

/// The entitlement of a grant, the resource that it is on, and the principal.
pub(crate) fn ends(grant: &Grant) -> Option<(&Entitlement, &ResourceId, &ResourceId)> {
    let entitlement = grant.entitlement.as_ref()?;
    let on = entitlement.resource.as_ref()?.id.as_ref()?;
    let principal = grant.principal.as_ref()?.id.as_ref()?;
    Some((entitlement, on, principal))
}

/// Removes the annotation for nesting, which has a column of its own.
fn take_expansion(annotations: &mut Vec<Any>) -> Option<Vec<u8>> {
    let at = annotations
        .iter()
        .position(annotation::is::<GrantExpandable>)?;
    let expansion = annotations.swap_remove(at).value;
    annotations.retain(|any| !annotation::is::<GrantExpandable>(any));
    Some(expansion)
}

/// Drops the annotations that readers of the file cannot decode.
fn keep_readable(annotations: &mut Vec<Any>) {
    annotations.retain(annotation::is_readable);
}

fn strip_type(row: &mut ResourceType) {
    keep_readable(&mut row.annotations);
}

fn strip_resource(row: &mut Resource) {
    keep_readable(&mut row.annotations);
}

fn strip_entitlement(row: &mut Entitlement) {
    keep_readable(&mut row.annotations);
    row.grantable_to.iter_mut().for_each(strip_type);
    row.resource.iter_mut().for_each(strip_resource);
}

fn strip_grant(row: &mut Grant) {
    keep_readable(&mut row.annotations);
    row.entitlement
        .as_deref_mut()
        .into_iter()
        .for_each(strip_entitlement);
    row.principal
        .as_deref_mut()
        .into_iter()
        .for_each(strip_resource);
}

/// Adds a profile to the user trait. Without it, the exports of the released CLI crash.
#[expect(deprecated, reason = "the readers in question know no other field")]
fn complete_user_trait(row: &mut Resource) {
    let Some(any) = row
        .annotations
        .iter_mut()
        .find(|any| annotation::is::<UserTrait>(any))
    else {
        return;
    };
    // Most have one, and finding that out costs less than reading all of the trait.
    if let Ok(ProfileOfUser { profile: None }) = ProfileOfUser::decode(&*any.value)
        && let Ok(mut user) = UserTrait::decode(&*any.value)
    {
        user.profile = Some(row.profile.clone().unwrap_or_default());
        any.value = user.encode_to_vec();
    }
}

/// The profile in a [`UserTrait`], encoded.
#[derive(Clone, PartialEq, Message)]
struct ProfileOfUser {
    #[prost(bytes = "vec", optional, tag = "3")]
    profile: Option<Vec<u8>>,
}
