//! What has changed between two syncs: who gained and lost what, by which path, which accounts came,
//! went, were frozen or woke, and which seats are used.
//!
//! [`between`] compares two [`StoredSync`]s person by person, in the order of their ids, and keeps
//! none. What a person has is compared with what follows from it, derived from the direct grants of
//! each sync; so a change of a group reaches everybody who has something through it.
//!
//! What one of the syncs does not have is not compared: a resource type that only one of them has is
//! told as [`Change::NotCompared`], and of a partial sync only the accounts and the direct grants
//! that both have count.

mod change;
mod merge;
mod person;
mod print;
mod things;

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests;

use std::rc::Rc;

pub use change::{Access, Change, Count, Named, PersonChange};

use crate::access::{Error, Person, StoredSync};
use merge::Merge;
use person::Pair;

/// Calls `each` with every change from the sync `old` to the sync `new`. Returns what a reader should
/// know besides.
pub fn between<E: From<Error>>(
    old: &StoredSync,
    new: &StoredSync,
    mut each: impl FnMut(Change) -> Result<(), E>,
) -> Result<Vec<String>, E> {
    let pair = Pair::of(old, new)?;
    not_compared(old, new, &mut each)?;
    let key = |person: &Person| (person.id.resource_type.clone(), person.id.resource.clone());
    for both in Merge::new(old.people(), new.people(), key) {
        let (before, after) = both?;
        let changes = pair.changes(before.as_ref(), after.as_ref())?;
        let Some(person) = after.or(before).map(Rc::new) else {
            continue;
        };
        for what in changes {
            let person = Rc::clone(&person);
            each(Change::OfPerson { person, what })?;
        }
    }
    things::seats(old, new, &mut each)?;
    things::permissions(old, new, &mut each)?;
    let mut notes = notes(&pair);
    let (unread_before, unread_now) = (old.unread()?, new.unread()?);
    // What neither sync has is no difference between them.
    for (which, unread, other) in [
        ("older", &unread_before, &unread_now),
        ("newer", &unread_now, &unread_before),
    ] {
        let only: Vec<&str> = unread.difference(other).map(String::as_str).collect();
        if !only.is_empty() {
            let only = only.join("; ");
            notes.push(format!("only the {which} sync is not complete: {only}"));
        }
    }
    Ok(notes)
}

fn notes(pair: &Pair<'_>) -> Vec<String> {
    let partial = (!pair.are_full()).then(|| {
        "one of the syncs is partial: only accounts and direct grants that both have are compared"
            .to_owned()
    });
    let cut = pair.is_cut().then(|| {
        "some paths are left out, because there are too many: of those who have them it is told \
         what they gained and lost, and not by which other path they have something now"
            .to_owned()
    });
    partial.into_iter().chain(cut).collect()
}

/// The resource types that only one of the syncs has read.
fn not_compared<E: From<Error>>(
    old: &StoredSync,
    new: &StoredSync,
    each: &mut impl FnMut(Change) -> Result<(), E>,
) -> Result<(), E> {
    let (before, after) = (old.types_read(new)?, new.types_read(old)?);
    for id in before.symmetric_difference(&after) {
        let kind = new.types().get(id).or_else(|| old.types().get(id));
        each(Change::NotCompared {
            id: id.clone(),
            kind: kind.unwrap_or(id).clone(),
            is_in_new: after.contains(id),
        })?;
    }
    Ok(())
}
