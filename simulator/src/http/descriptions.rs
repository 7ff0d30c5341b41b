//! Remembers when descriptions of objects changed, for conditional requests.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::Timestamp;
use serde_json::Value;

/// Time of the last known change of each description, by path.
#[derive(Debug, Default)]
pub(super) struct Descriptions {
    seen: HashMap<String, (u64, Timestamp)>,
}

impl Descriptions {
    /// Returns when a description last changed. On the first request, that is the start of the server.
    pub(super) fn changed(
        &mut self,
        path: &str,
        body: &Value,
        started: Timestamp,
        now: Timestamp,
    ) -> Timestamp {
        let mut hasher = DefaultHasher::new();
        body.to_string().hash(&mut hasher);
        let hash = hasher.finish();
        let (known, changed) = self
            .seen
            .entry(path.trim_end_matches('/').to_ascii_lowercase())
            .or_insert((hash, started));
        if *known != hash {
            (*known, *changed) = (hash, now);
        }
        *changed
    }
}
