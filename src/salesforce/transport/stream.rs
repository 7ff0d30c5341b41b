//! The body of a successful answer, piece by piece: for what is too large to hold.
//!
//! Must not know: what the body means.

use bytes::Bytes;
use http::{HeaderMap, HeaderName};

use crate::salesforce::{
    answer::{Head, header_text},
    error::{Error, Flaw, Operation, Result},
};

/// An answer whose body is still on its way. A break in the middle is not repaired here.
#[derive(Debug)]
pub(crate) struct Stream {
    response: reqwest::Response,
    operation: Operation,
    is_page: bool,
}

impl Stream {
    pub(super) fn new(response: reqwest::Response, operation: Operation) -> Self {
        Self {
            is_page: Head::of(&response).page.is_some(),
            response,
            operation,
        }
    }

    /// A header of the answer.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        let headers: &HeaderMap = self.response.headers();
        header_text(headers, name)
    }

    /// Whether the body is a page for a browser.
    pub(crate) fn is_page(&self) -> bool {
        self.is_page
    }

    /// The next piece. `None` at the end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>> {
        self.response.chunk().await.map_err(|error| Error::Lost {
            operation: self.operation.clone(),
            source: error.without_url().into(),
        })
    }

    /// The error for a body that has a flaw.
    pub(crate) fn unreadable(&self, flaw: Flaw) -> Error {
        let status = self.response.status().as_u16();
        Error::unreadable(self.operation.clone(), status, flaw)
    }
}
