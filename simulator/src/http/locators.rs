//! Query locators: results that are fetched in pages.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::soql::Outcome;

/// Open results, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Locators {
    open: VecDeque<Locator>,
}

/// An open result.
#[derive(Debug, Clone)]
pub(crate) struct Locator {
    key: String,
    opened: Timestamp,
    pub(crate) object: String,
    pub(crate) outcome: Arc<Outcome>,
    /// Batch size of the request that opened it.
    pub(crate) size: usize,
}

impl Locators {
    /// Stores a result and returns its locator: 18 characters that are not a record id.
    pub(crate) fn open(
        &mut self,
        object: String,
        outcome: Arc<Outcome>,
        size: usize,
        now: Timestamp,
        most: Option<usize>,
    ) -> String {
        let key = fresh_key();
        self.open.push_back(Locator {
            key: key.clone(),
            opened: now,
            object,
            outcome,
            size,
        });
        while most.is_some_and(|most| self.open.len() > most) {
            self.open.pop_front();
        }
        key
    }

    /// Returns a result that has not expired.
    pub(crate) fn find(&mut self, key: &str, now: Timestamp, life: Duration) -> Option<Locator> {
        let life = SignedDuration::try_from(life).unwrap_or(SignedDuration::MAX);
        self.open
            .retain(|locator| now.duration_since(locator.opened) <= life);
        self.open.iter().find(|locator| locator.key == key).cloned()
    }

    /// Returns the object of a locator, given with its offset as in a path.
    pub(crate) fn object_of(&self, text: &str) -> Option<String> {
        let key = text.rsplit_once('-').map_or(text, |(key, _)| key);
        let locator = self.open.iter().find(|locator| locator.key == key)?;
        Some(locator.object.clone())
    }
}

fn fresh_key() -> String {
    const SYMBOLS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let random = Uuid::new_v4().as_u128();
    let digits = (0..15_u32).map(|place| {
        let digit = (random >> (place * 8)) % 62;
        let symbol = usize::try_from(digit)
            .ok()
            .and_then(|digit| SYMBOLS.get(digit));
        char::from(symbol.copied().unwrap_or(b'0'))
    });
    format!("0r8{}", digits.collect::<String>())
}
