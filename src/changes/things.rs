//! What is different about licences and about what gives permissions.

use std::collections::BTreeMap;

use prost_types::value::Kind;

use super::change::{Change, Count, Named};
use super::merge::Merge;
use crate::access::{Error, Giver, StoredSync};
use crate::pb::connector::{Resource, ResourceId};

/// The keys of a licence's profile that count its seats.
const COUNTS: [(Count, &str); 2] = [
    (Count::Purchased, "purchased_seats"),
    (Count::Consumed, "consumed_seats"),
];

/// Calls `each` with every licence that has other seats. One that only one sync has is not compared.
pub(super) fn seats<E: From<Error>>(
    old: &StoredSync,
    new: &StoredSync,
    each: &mut impl FnMut(Change) -> Result<(), E>,
) -> Result<(), E> {
    let key = |row: &Resource| row.id.as_ref().map(|id| id.resource.clone());
    for kind in new.license_types() {
        let [before, after] = [old, new].map(|sync| {
            let rows = sync.reader().resources(kind);
            rows.map(|row| row.map_err(Error::from))
        });
        for both in Merge::new(before, after, key) {
            let (Some(before), Some(after)) = both? else {
                continue;
            };
            for (count, key) in COUNTS {
                let (from, to) = (number(&before, key), number(&after, key));
                if from != to {
                    let id = after.id.clone().unwrap_or_default();
                    each(Change::Seats {
                        on: named(&id, &after.display_name, new.types()),
                        count,
                        from,
                        to,
                    })?;
                }
            }
        }
    }
    Ok(())
}

/// Calls `each` with everything that gives other strong permissions than before. What only one sync
/// has is not compared: what its holders gained or lost is told of them.
pub(super) fn permissions<E: From<Error>>(
    old: &StoredSync,
    new: &StoredSync,
    each: &mut impl FnMut(Change) -> Result<(), E>,
) -> Result<(), E> {
    let tells = |givers: &[Giver]| givers.iter().any(|giver| !giver.permissions.is_empty());
    let (before, after) = (old.givers()?, new.givers()?);
    if !tells(&before) || !tells(&after) {
        return Ok(());
    }
    let before = before.into_iter().map(|giver| (key(&giver.id), giver));
    let mut before: BTreeMap<String, Giver> = before.collect();
    for after in after {
        let Some(before) = before.remove(&key(&after.id)) else {
            continue;
        };
        if before.permissions != after.permissions {
            each(Change::Permissions {
                on: named(&after.id, &after.name, new.types()),
                from: before.permissions,
                to: after.permissions,
            })?;
        }
    }
    Ok(())
}

fn key(id: &ResourceId) -> String {
    format!("{}:{}", id.resource_type, id.resource)
}

fn named(id: &ResourceId, name: &str, types: &BTreeMap<String, String>) -> Named {
    let kind = types.get(&id.resource_type);
    Named {
        id: key(id),
        kind: kind.unwrap_or(&id.resource_type).clone(),
        name: name.to_owned(),
    }
}

fn number(row: &Resource, key: &str) -> Option<u64> {
    let value = row.profile.as_ref()?.fields.get(key)?;
    match value.kind {
        // The connector writes whole numbers below 2^32.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number that is out of bounds becomes the nearest one"
        )]
        Some(Kind::NumberValue(number)) => Some(number as u64),
        _ => None,
    }
}
