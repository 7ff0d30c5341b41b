//! Page tokens: the next page of a listing, and further cursors that a reply adds.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use parking_lot::Mutex;
use prost_types::Any;

use crate::c1z::annotation;
use crate::pb::connector::EnqueuePageTokens;
use crate::runner::error::{Error, Result};

/// The protocol's limits for one annotation.
const MOST_TOKENS: usize = 1024;
const LONGEST_TOKEN: usize = 1 << 20;
const MOST_BYTES: usize = 16 << 20;

/// Returns the token of the next page. If a connector repeats a token, it fails; the SDK's syncer
/// would fetch the same page forever.
pub(super) fn advance(of: &str, token: &str, next: String) -> Result<Option<String>> {
    if next.is_empty() {
        return Ok(None);
    }
    if next == token {
        return Err(Error::internal(format!(
            "listing {of}: next page token unchanged (token hash {:016x}); \
             this is a bug in the connector",
            hash(&token)
        )));
    }
    Ok(Some(next))
}

/// The cursors added so far. Each is followed once.
#[derive(Debug, Default)]
pub(super) struct Enqueued(Mutex<HashSet<(u64, u64)>>);

impl Enqueued {
    /// Returns the new cursors that a reply adds to the listing `of`.
    pub(super) fn take(&self, of: &str, annotations: &[Any]) -> Result<Vec<String>> {
        let mut found = annotations
            .iter()
            .filter(|any| annotation::is::<EnqueuePageTokens>(any));
        let Some(any) = found.next() else {
            return Ok(Vec::new());
        };
        let invalid = |why: &str| Error::internal(format!("listing {of}: EnqueuePageTokens {why}"));
        if found.next().is_some() {
            return Err(invalid("occurs twice in one reply"));
        }
        let Some(EnqueuePageTokens { page_tokens, .. }) =
            annotation::first(std::slice::from_ref(any))
        else {
            return Err(invalid("cannot be decoded"));
        };
        if page_tokens.len() > MOST_TOKENS {
            return Err(invalid("has more than 1024 tokens"));
        }
        if page_tokens.iter().any(String::is_empty) {
            return Err(invalid("has an empty token"));
        }
        if page_tokens.iter().any(|token| token.len() > LONGEST_TOKEN)
            || page_tokens.iter().map(String::len).sum::<usize>() > MOST_BYTES
        {
            return Err(invalid("is larger than the protocol allows"));
        }
        let mut seen = self.0.lock();
        // Two hashes instead of the token: little memory for a million cursors, and no collisions.
        Ok(page_tokens
            .into_iter()
            .filter(|token| seen.insert((hash(&(of, token)), hash(&(token, of, 0x9e37)))))
            .collect())
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
