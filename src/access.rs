//! Who has what, and by which path: read from the file of a sync, without asking Salesforce.
//!
//! Open a [`StoredSync`]. It has
//!
//! - [`people`](StoredSync::people): the accounts, one after the other, each a [`Person`];
//! - [`givers`](StoredSync::givers): profiles, permission sets and permission set groups, each a
//!   [`Giver`] with its strong permissions, their tier, and the entitlements that bring them;
//! - [`each_holder`](StoredSync::each_holder): in one pass, everyone who holds one of some
//!   entitlements (each a [`Target`]), with every [`Way`] in which they do;
//! - [`access_of`](StoredSync::access_of): all that one account has.
//!
//! A path is a list of entitlements ([`Step`]), from the one that the person holds directly to the one
//! that it leads to. Only direct grants are taken from a file. What follows from them is derived
//! again from the nestings, because a derived grant does not tell by which path it came about.
//!
//! To find the holders of strong permissions, ask with the entitlements of the givers and with
//! `through_givers: false`: a permission set in a group gives nothing by itself, because the group
//! may mute it.

mod error;
mod find;
mod giver;
mod graph;
mod held;
mod holders;
mod person;
mod print;
mod question;
mod stored;

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]
mod tests;

use std::io::Write;

pub use error::{Error, Result};
pub use giver::Giver;
pub use held::{Held, Limits, Step};
pub use holders::{Target, Way};
pub use person::{Person, State};
pub use question::{Question, Row};
pub use stored::{Access, StoredSync};

pub(crate) use print::{person_json, person_words, step_json};
pub(crate) use question::Gives;
pub(crate) use stored::Direct;

use crate::records::{Form, Printer};

/// What an answer was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// How many rows it has.
    pub rows: u64,
    /// What a reader should know besides the rows.
    pub notes: Vec<String>,
}

/// Answers `question` from a sync.
pub fn ask(
    sync: &StoredSync,
    question: &Question,
    form: Form,
    out: impl Write,
) -> Result<Answered> {
    let mut printer = Printer::new::<Row<'_>>(form, out)?;
    let mut notes = question::answer(sync, question, &mut |row| Ok(printer.put(row)?))?;
    let rows = printer.end()?;
    let unread: Vec<String> = sync.unread()?.into_iter().collect();
    if !unread.is_empty() {
        notes.push(format!("the sync is not complete: {}", unread.join("; ")));
    }
    Ok(Answered { rows, notes })
}
