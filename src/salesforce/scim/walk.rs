//! All users of an org, page by page: `filter=id gt "<the last id>"`, because Salesforce refuses an
//! index beyond about 2,000 and recommends this instead.
//!
//! A service may send nonsense, such as the same page for ever. A walk goes on only while a page has
//! a user that is new, and fails otherwise: a listing that ends early would look complete.

use std::collections::HashSet;

use super::{ListResponse, MAX_RESULTS, User, listing};
use crate::salesforce::{
    client::Client,
    error::{Error, Result},
    id::SalesforceId,
    transport::Response,
};

/// A walk through all users: see [`Scim::users`](super::Scim::users).
#[derive(Debug)]
pub struct Walk<'a> {
    client: &'a Client,
    seen: HashSet<SalesforceId>,
    after: Option<SalesforceId>,
    is_over: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(client: &'a Client) -> Self {
        Self {
            client,
            seen: HashSet::new(),
            after: None,
            is_over: false,
        }
    }

    /// The next users that were not shown before. `None` after the last page.
    pub async fn next(&mut self) -> Result<Option<Response<Vec<User>>>> {
        if self.is_over {
            return Ok(None);
        }
        let mut request = listing("list users over SCIM").query("count", MAX_RESULTS.to_string());
        if let Some(after) = self.after {
            request = request.query("filter", format!("id gt \"{after}\""));
        }
        let answer = self.client.send::<ListResponse>(&request).await?;
        answer.try_map(|list| self.take(&list)).map(Some)
    }

    fn take(&mut self, list: &ListResponse) -> Result<Vec<User>> {
        let users = list.users();
        if users.len() < list.resources.len() {
            return Err(Error::Invalid(
                "the SCIM service lists a user without an id",
            ));
        }
        // The number is the one of all users behind the filter, so it shrinks to the page's own.
        let sent = u64::try_from(users.len()).unwrap_or(u64::MAX);
        let is_last = list.total_results.is_some_and(|total| total <= sent);
        self.is_over = users.is_empty() || is_last;
        if users.is_empty() && list.total_results.is_some_and(|total| total > 0) {
            return Err(Error::Invalid(
                "the SCIM service counts users that it does not list",
            ));
        }
        self.after = users.last().map(User::id);
        let fresh = users.into_iter().filter(|user| self.seen.insert(user.id()));
        let fresh: Vec<_> = fresh.collect();
        if fresh.is_empty() && !self.is_over {
            return Err(Error::Invalid(
                "the SCIM service lists the same users again",
            ));
        }
        Ok(fresh)
    }
}
