//! Pages of a listing: request and result.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Cursor, Error, Id, Result};

/// Maximum length of a page token in bytes (1 MiB).
pub const MAX_TOKEN: usize = 1_048_576;
/// Maximum page size that a host may request.
pub const MAX_PAGE_SIZE: u32 = 250;

/// Context of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The host's id of the running sync, if there is one. A connector may cache what it reads
    /// under this id until [`Connector::cleanup`](super::Connector::cleanup), for later listings of
    /// the same sync only.
    pub sync: Option<Id>,
}

/// A request for one page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// Maximum number of rows. If absent, the connector decides.
    pub size: Option<PageSize>,
    /// Position of the page. Absent for the first page.
    pub token: Option<PageToken>,
    /// Context of the call.
    pub call: Call,
}

impl PageRequest {
    /// Number of rows for the page, if the listing would return `own` rows by default.
    #[must_use]
    pub fn rows(&self, own: usize) -> usize {
        self.size.map_or(own, |size| own.min(size.0 as usize))
    }
}

/// A page size of 1 to 250.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(u32);

impl PageSize {
    /// Validates a page size. 0 leaves it to the connector.
    pub fn new(size: u32) -> Result<Option<Self>> {
        match size {
            0 => Ok(None),
            1..=MAX_PAGE_SIZE => Ok(Some(Self(size))),
            _ => Err(Error::invalid(format!(
                "page_size must be at most {MAX_PAGE_SIZE}, it is {size}"
            ))),
        }
    }

    /// The number of rows.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

/// Position in a listing. Opaque to hosts; [`Cursor`] creates and reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageToken(String);

impl PageToken {
    /// Validates a token of up to 1 MiB. An empty token is none.
    pub fn new(token: impl Into<String>) -> Result<Option<Self>> {
        let token = token.into();
        match token.len() {
            0 => Ok(None),
            1..=MAX_TOKEN => Ok(Some(Self(token))),
            length => Err(Error::invalid(format!(
                "page_token must have at most {MAX_TOKEN} bytes, it has {length}"
            ))),
        }
    }

    /// The token as hosts send it back.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Position of the next page. Absent on the last page.
    pub next: Option<PageToken>,
    /// Positions of further parts of the listing, which hosts may read in parallel. Only for
    /// grants.
    pub siblings: Vec<PageToken>,
    /// The upstream system's quota, if it is known.
    pub quota: Option<Quota>,
}

impl<T> Page<T> {
    /// The last page of a listing.
    #[must_use]
    pub fn last(items: Vec<T>) -> Self {
        Self {
            items,
            next: None,
            siblings: Vec::new(),
            quota: None,
        }
    }

    /// A page of at most one item, which is also the end.
    #[must_use]
    pub fn of_option(item: Option<T>) -> Self {
        Self::last(item.into_iter().collect())
    }

    /// The page of `items` that `request` asks for, in the order of `key`, which is different for
    /// each. For small sources that are read whole for each page.
    ///
    /// The token holds the key of the page's last item, so that a listing goes on at the right
    /// place when items were added or removed in between.
    pub fn by_key<K: ToString>(
        items: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> K,
        request: &PageRequest,
    ) -> Result<Self> {
        let after = request
            .token
            .as_ref()
            .map(LastKey::from_token)
            .transpose()?;
        let mut rest: BTreeMap<String, T> = items
            .into_iter()
            .map(|item| (key(&item).to_string(), item))
            .filter(|(key, _)| after.as_ref().is_none_or(|LastKey(last)| key > last))
            .collect();
        let size = request.rows(MAX_PAGE_SIZE as usize);
        let next = rest.keys().nth(size).cloned();
        let behind = next.map(|key| rest.split_off(&key));
        let next = match (behind, rest.last_key_value()) {
            (Some(_), Some((last, _))) => Some(LastKey(last.clone()).to_token()?),
            _ => None,
        };
        Ok(Self {
            next,
            ..Self::last(rest.into_values().collect())
        })
    }

    /// Sets the quota.
    #[must_use]
    pub fn with_quota(mut self, quota: Option<Quota>) -> Self {
        self.quota = quota;
        self
    }
}

/// The key of the last row that was delivered.
#[derive(Serialize, Deserialize)]
struct LastKey(String);

impl Cursor for LastKey {}

/// The upstream system's quota of calls. Hosts get it as a rate-limit annotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Calls used in the current window.
    pub used: u64,
    /// Calls allowed in the window.
    pub limit: u64,
}

impl Quota {
    /// Remaining calls; 0 if the limit is exceeded.
    #[must_use]
    pub fn remaining(self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// A page of two.
    fn page<'a>(items: &[&'a str], token: Option<PageToken>) -> Page<&'a str> {
        let request = PageRequest {
            size: PageSize::new(2).unwrap(),
            token,
            ..PageRequest::default()
        };
        Page::by_key(items.iter().copied(), |item| *item, &request).unwrap()
    }

    #[test]
    fn items_come_once_each_in_the_order_of_their_keys() {
        let first = page(&["c", "a", "b", "d"], None);
        assert_eq!(first.items, ["a", "b"]);
        let second = page(&["c", "a", "b", "d"], first.next);
        assert_eq!((second.items, second.next), (vec!["c", "d"], None));
    }

    #[test]
    fn items_added_and_removed_between_pages_move_no_other() {
        let first = page(&["a", "b", "c"], None);
        let second = page(&["0", "bb", "c"], first.next);
        assert_eq!(second.items, ["bb", "c"]);
    }

    #[test]
    fn a_page_of_nothing_is_the_last() {
        assert_eq!(page(&[], None), Page::last(Vec::new()));
    }
}
