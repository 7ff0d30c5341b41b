//! Pages: what a listing is asked for and what it answers.

use super::{Error, Id, Result};

/// The longest page token that a host accepts, in bytes (1 MiB).
pub const MAX_TOKEN: usize = 1_048_576;
/// The largest page size that a host may ask for.
pub const MAX_PAGE_SIZE: u32 = 250;

/// What a call carries besides its subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The host's id of the running sync, if there is one. What was read under it may be kept
    /// until its clean-up, for reading only.
    pub sync: Option<Id>,
}

/// Which page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// At most so many rows; hosts usually leave it to the connector.
    pub size: Option<PageSize>,
    /// Where to go on; absent for the first page.
    pub token: Option<PageToken>,
    /// What the call carries besides.
    pub call: Call,
}

impl PageRequest {
    /// How many rows the page may have, where the listing itself would give `own`.
    #[must_use]
    pub fn rows(&self, own: usize) -> usize {
        self.size.map_or(own, |size| own.min(size.0 as usize))
    }
}

/// A page size of 1..=250.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(u32);

impl PageSize {
    /// 0 means that the connector chooses.
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

/// Where a listing goes on. Opaque to hosts; see [`super::Cursor`] for what is inside.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageToken(String);

impl PageToken {
    /// Wraps a token of 1 byte to 1 MiB; empty means none.
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

    /// The text that hosts send back.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One page, where it continues, and what the call cost upstream.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where it goes on; absent at the end.
    pub next: Option<PageToken>,
    /// Further starting points that may be read side by side (grants only).
    pub siblings: Vec<PageToken>,
    /// What the upstream system said of its quota, last.
    pub quota: Option<Quota>,
}

impl<T> Page<T> {
    /// A page that is also the end.
    #[must_use]
    pub fn last(items: Vec<T>) -> Self {
        Self {
            items,
            next: None,
            siblings: Vec::new(),
            quota: None,
        }
    }

    /// Adds the quota.
    #[must_use]
    pub fn with_quota(mut self, quota: Option<Quota>) -> Self {
        self.quota = quota;
        self
    }
}

/// How much of the upstream system's quota is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Calls used in the current window.
    pub used: u64,
    /// Calls allowed in the window.
    pub limit: u64,
}

impl Quota {
    /// Calls left; 0 when the limit was passed.
    #[must_use]
    pub fn remaining(self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}
