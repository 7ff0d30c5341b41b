//! Pages of a listing: request and result.

use super::{Error, Id, Result};

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

/// Position in a listing. Opaque to hosts; [`Cursor`](super::Cursor) creates and reads it.
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

    /// Sets the quota.
    #[must_use]
    pub fn with_quota(mut self, quota: Option<Quota>) -> Self {
        self.quota = quota;
        self
    }
}

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
