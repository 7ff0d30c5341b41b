//! Which pages the result of a job has.
//!
//! Salesforce lists five at a time, which can be fetched side by side. A further list costs a call,
//! and each page tells where the next one is; so behind the first list, one page leads to the next.

use std::collections::VecDeque;

use super::job_result::JobResult;
use super::trouble::Trouble;
use crate::salesforce::bulk::Link;

/// Rows of a page whose size is left to us. Salesforce sends more, but a page that breaks is read
/// again.
const ROWS: u32 = 100_000;

/// The pages that are not requested yet.
pub(super) struct Pages {
    listed: VecDeque<Link>,
    /// Where more are listed.
    list: Option<Link>,
    /// Whether a page may tell where the next one is.
    may_follow: bool,
}

impl Pages {
    /// The pages of a result.
    pub(super) async fn of(result: &JobResult) -> Result<Self, Trouble> {
        let (mut listed, list, may_follow) = match result.list(None).await? {
            Some(list) => {
                let has_more = list.next.is_some();
                (VecDeque::from(list.pages), list.next, has_more)
            }
            None => (VecDeque::new(), None, true),
        };
        if listed.is_empty() {
            listed.push_back(Link::FIRST);
        }
        Ok(Self {
            listed,
            list,
            may_follow,
        })
    }

    /// Whether the next page is known without the ones before it.
    pub(super) fn is_next_listed(&self) -> bool {
        !self.listed.is_empty()
    }

    /// The next page. `locator` is what the page before it says.
    pub(super) async fn next(
        &mut self,
        result: &JobResult,
        locator: Option<&str>,
    ) -> Result<Option<Link>, Trouble> {
        if let Some(link) = self.listed.pop_front() {
            return Ok(Some(link));
        }
        if let Some(locator) = locator.filter(|_| self.may_follow) {
            self.list = None;
            return Ok(Some(Link::behind(locator, ROWS)));
        }
        let Some(list) = self.list.take() else {
            return Ok(None);
        };
        let Some(list) = result.list(Some(&list)).await? else {
            return Ok(None);
        };
        self.listed = list.pages.into();
        self.list = list.next.filter(|_| self.is_next_listed());
        Ok(self.listed.pop_front())
    }
}
