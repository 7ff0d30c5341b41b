//! Derived grants that are not stored: their rows are written as pages when the file is packed.
//!
//! Such a grant is an entitlement and a principal, which are numbers already, and a few bytes that it
//! has in common with many others.

use std::collections::HashMap;
use std::io;

use prost::encoding::{encode_varint, encoded_len_varint};
use rusqlite::types::Null;
use rusqlite::{Connection, params};

use super::dictionary::{Dictionary, Groups};
use crate::c1z::pages::record::{self, blob_type, text_type};
use crate::c1z::pages::table::Row;
use crate::c1z::schema;

/// Keys of fields of `Grant`, `Resource` and `ResourceId`, each a number and the wire type for bytes.
const GRANT_PRINCIPAL: u8 = 2 << 3 | 2;
const GRANT_ID: u8 = 3 << 3 | 2;
const RESOURCE_ID: u8 = 1 << 3 | 2;
const ID_TYPE: u8 = 1 << 3 | 2;
const ID_RESOURCE: u8 = 2 << 3 | 2;
/// The types of the values NULL and 0.
const NULL: usize = 0;
const ZERO: usize = 8;

/// What the last grants of a file have beside entitlement and principal.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// The number of each grant's ending.
    endings: Vec<u32>,
    ending_texts: Dictionary<1>,
    /// The field with the entitlement, by the number of the grant's end.
    heads: HashMap<u32, Vec<u8>>,
    heads_size: usize,
    /// The local time.
    at: String,
}

/// All grants of a file, of which the last ones are pending.
#[derive(Clone, Copy, Debug)]
pub(super) struct All<'a> {
    pub(super) ends: &'a [u32],
    pub(super) principals: &'a [u32],
    pub(super) end_names: &'a Groups<4>,
    pub(super) principal_names: &'a Groups<2>,
}

impl Pending {
    pub(super) fn len(&self) -> usize {
        self.endings.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.endings.is_empty()
    }

    /// Adds what a grant begins and ends with. `None` if that needs more than `room` bytes with all
    /// others.
    pub(super) fn add(
        &mut self,
        end: u32,
        [head, ending]: [&[u8]; 2],
        at: &str,
        room: usize,
    ) -> Option<()> {
        let known = self.heads.get(&end);
        if known.is_some_and(|known| known != head) {
            return None;
        }
        let more = if known.is_some() { 0 } else { head.len() };
        let room = room.checked_sub(self.heads_size + more)?;
        let last = self.endings.last().copied().unwrap_or_default();
        let ending = self.ending_texts.number(last, [ending], room)?;
        if more > 0 {
            self.heads_size += more;
            self.heads.insert(end, head.to_vec());
        }
        if self.is_empty() {
            at.clone_into(&mut self.at);
        }
        self.endings.push(ending);
        Some(())
    }

    /// Calls `with` with each grant as a row, the first one with the number `first`.
    pub(super) fn rows(
        &self,
        first: u32,
        all: All<'_>,
        mut with: impl FnMut(&Row<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut shape = Shape::default();
        for (id, number) in (first..).zip(0..self.len()) {
            let (end, principal) = self.numbers(number, all);
            let ending = self.endings.get(number).copied().unwrap_or_default();
            let [kind, holder] = all.principal_names.get(principal);
            let joined = all.principal_names.joined(principal);
            shape.fit((end, ending, kind.len(), holder.len()), self, all)?;
            with(&Row {
                id,
                types: &shape.types,
                pieces: &[
                    &shape.end,
                    kind,
                    holder,
                    &shape.id,
                    joined,
                    &shape.grant,
                    kind,
                    &shape.holder,
                    holder,
                    &shape.grant_id,
                    joined,
                    &shape.ending,
                ],
            })?;
        }
        Ok(())
    }

    /// Stores the grants as rows, the first one with the number `first`.
    pub(super) fn store(
        &self,
        connection: &Connection,
        first: i64,
        all: All<'_>,
    ) -> rusqlite::Result<()> {
        tracing::debug!(count = self.len(), "SQLite stores derived grants");
        let is_alone = connection.is_autocommit();
        if is_alone {
            connection.execute_batch("begin")?;
        }
        let mut insert = connection.prepare_cached(schema::INSERT_GRANT)?;
        let mut grant = EncodedGrant::default();
        for (id, number) in (first..).zip(0..self.len()) {
            let (end, principal) = self.encode(number, all, &mut grant);
            let [kind, resource, entitlement, sync] = end.map(String::from_utf8_lossy);
            let [holder_type, holder] = principal.map(String::from_utf8_lossy);
            let id_of_grant = format!("{entitlement}:{holder_type}:{holder}");
            insert.execute(params![
                id,
                kind,
                resource,
                entitlement,
                holder_type,
                holder,
                id_of_grant,
                Null,
                false,
                grant.bytes(),
                sync,
                self.at
            ])?;
        }
        if is_alone {
            connection.execute_batch("commit")?;
        }
        Ok(())
    }

    /// Encodes a grant into `grant`. Returns the names of its end and its principal.
    fn encode<'a>(
        &self,
        number: usize,
        all: All<'a>,
        grant: &mut EncodedGrant,
    ) -> ([&'a [u8]; 4], [&'a [u8]; 2]) {
        let (end, principal) = self.numbers(number, all);
        let ending = self.endings.get(number).copied().unwrap_or_default();
        let parts = [self.head(end), self.ending(ending)];
        let (end, principal) = (all.end_names.get(end), all.principal_names.get(principal));
        let [_, _, entitlement, _] = end;
        grant.encode(entitlement, principal, None, parts);
        (end, principal)
    }

    /// The numbers of a grant's end and its principal.
    fn numbers(&self, number: usize, all: All<'_>) -> (u32, u32) {
        let of = |numbers: &[u32]| {
            let first = numbers.len().checked_sub(self.len());
            let found = first.and_then(|first| numbers.get(first + number));
            found.copied().unwrap_or_default()
        };
        (of(all.ends), of(all.principals))
    }

    fn head(&self, end: u32) -> &[u8] {
        self.heads.get(&end).map_or(&[], Vec::as_slice)
    }

    fn ending(&self, number: u32) -> &[u8] {
        let [ending] = self.ending_texts.get(number);
        ending
    }
}

/// What rows of an entitlement have in common, if they end alike and their principals have names of the
/// same length.
#[derive(Debug, Default)]
struct Shape {
    /// The numbers of end and ending, and the lengths of the principal's type and id.
    of: Option<(u32, u32, usize, usize)>,
    types: Vec<u8>,
    /// The columns before the principal.
    end: Vec<u8>,
    /// What the grant's id begins with.
    id: Vec<u8>,
    /// What the encoded grant has before the principal's type, between type and id, and before what its
    /// own id has in common with the principal.
    grant: Vec<u8>,
    holder: Vec<u8>,
    grant_id: Vec<u8>,
    /// The end of the encoded grant and the columns behind it.
    ending: Vec<u8>,
}

impl Shape {
    /// Makes it that of other rows, unless it is that already.
    fn fit(
        &mut self,
        of: (u32, u32, usize, usize),
        pending: &Pending,
        all: All<'_>,
    ) -> io::Result<()> {
        if self.of == Some(of) {
            return Ok(());
        }
        let (end, ending, kind, holder) = of;
        let [end_type, resource, entitlement, sync] = all.end_names.get(end);
        let (ending, at) = (pending.ending(ending), pending.at.as_bytes());
        self.end = [end_type, resource, entitlement].concat();
        self.id = [entitlement, b":"].concat();
        let id = self.id.len() + kind + 1 + holder;
        self.grant = pending.head(end).to_vec();
        push_principal([kind, holder], &mut self.grant);
        self.holder.clear();
        push(ID_RESOURCE, holder, &mut self.holder);
        self.grant_id.clear();
        push(GRANT_ID, id, &mut self.grant_id);
        self.grant_id.extend_from_slice(&self.id);
        self.ending = [ending, sync, at].concat();
        let names = [&self.grant, &self.holder, &self.grant_id].map(Vec::len);
        let joined = kind + 1 + holder;
        let data = names.iter().sum::<usize>() + kind + holder + joined + ending.len();
        let types = [
            // The number of a row is not among its values.
            NULL,
            text_type(end_type.len()),
            text_type(resource.len()),
            text_type(entitlement.len()),
            text_type(kind),
            text_type(holder),
            text_type(id),
            NULL,
            ZERO,
            blob_type(data),
            text_type(sync.len()),
            text_type(at.len()),
        ];
        record::write_types(types, &mut self.types)?;
        self.of = Some(of);
        Ok(())
    }
}

/// An encoded grant that has the usual id.
#[derive(Debug, Default)]
pub(in crate::c1z) struct EncodedGrant(Vec<u8>);

impl EncodedGrant {
    pub(in crate::c1z) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Encodes a grant. `principal` is type and id, `shown` the encoded resource if the grant is to have
    /// more of it, `head` the field with the entitlement, and `ending` the fields behind the id.
    pub(in crate::c1z) fn encode(
        &mut self,
        entitlement: &[u8],
        principal: [&[u8]; 2],
        shown: Option<&[u8]>,
        [head, ending]: [&[u8]; 2],
    ) {
        let Self(grant) = self;
        let [kind, id] = principal;
        grant.clear();
        grant.extend_from_slice(head);
        if let Some(shown) = shown {
            push(GRANT_PRINCIPAL, shown.len(), grant);
            grant.extend_from_slice(shown);
        } else {
            push_principal(principal.map(<[u8]>::len), grant);
            grant.extend_from_slice(kind);
            push(ID_RESOURCE, id.len(), grant);
            grant.extend_from_slice(id);
        }
        let pieces = [entitlement, b":", kind, b":", id];
        push(
            GRANT_ID,
            pieces.iter().map(|piece| piece.len()).sum(),
            grant,
        );
        for piece in pieces {
            grant.extend_from_slice(piece);
        }
        grant.extend_from_slice(ending);
    }
}

/// Begins the field with a principal of which only type and id are shown, up to the bytes of the type.
fn push_principal([kind, id]: [usize; 2], to: &mut Vec<u8>) {
    let id = size(kind) + size(id);
    push(GRANT_PRINCIPAL, size(id), to);
    push(RESOURCE_ID, id, to);
    push(ID_TYPE, kind, to);
}

/// The size of a field with `length` bytes.
fn size(length: usize) -> usize {
    1 + encoded_len_varint(length as u64) + length
}

/// Begins a field of `length` bytes.
fn push(key: u8, length: usize, to: &mut Vec<u8>) {
    to.push(key);
    encode_varint(length as u64, to);
}
