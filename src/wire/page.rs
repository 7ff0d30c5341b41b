//! Pages: the part of a request that every listing has, and of its answer.

use prost_types::Any;

use super::annotation;
use crate::baton::{Call, Error, Id, Page, PageRequest, PageSize, PageToken, Result};

/// More sibling positions than this in one answer end the sync on the host's side.
const MAX_SIBLINGS: usize = 1024;

/// What a listing was asked for.
pub fn request(size: u32, token: &str, sync: &str) -> Result<PageRequest> {
    Ok(PageRequest {
        size: PageSize::new(size)?,
        token: PageToken::new(token)?,
        call: call(sync)?,
    })
}

/// What a call carries besides its subject.
pub fn call(sync: &str) -> Result<Call> {
    Ok(Call {
        sync: sync_id(sync)?,
    })
}

/// The host's id of the running sync.
pub fn sync_id(sync: &str) -> Result<Option<Id>> {
    if sync.is_empty() {
        Ok(None)
    } else {
        Id::new("active_sync_id", sync).map(Some)
    }
}

/// The three fields that the answers of all listings share.
#[derive(Debug)]
pub struct Answer<M> {
    /// The rows.
    pub list: Vec<M>,
    /// The next page token; empty at the end.
    pub next_page_token: String,
    /// Quota and sibling positions.
    pub annotations: Vec<Any>,
}

/// Turns a page into an answer, row by row.
pub fn answer<T, M>(page: Page<T>, row: impl FnMut(T) -> M) -> Result<Answer<M>> {
    if page.siblings.len() > MAX_SIBLINGS {
        return Err(Error::internal(format!(
            "{} sibling page tokens in one answer, hosts take at most {MAX_SIBLINGS}",
            page.siblings.len()
        )));
    }
    let annotations = [
        annotation::siblings(&page.siblings),
        annotation::quota(page.quota),
    ];
    Ok(Answer {
        list: page.items.into_iter().map(row).collect(),
        next_page_token: page
            .next
            .map(|token| token.as_str().to_owned())
            .unwrap_or_default(),
        annotations: annotations.into_iter().flatten().collect(),
    })
}
