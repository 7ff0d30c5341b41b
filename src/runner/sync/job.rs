//! The pages that a sync fetches. Each is one call.

use prost_types::Any;

use super::session::Session;
use super::tokens::advance;
use crate::pb::connector::{Resource, ResourceId};
use crate::runner::error::Result;

/// One page to fetch.
#[derive(Clone, Debug)]
pub(super) enum Job {
    Resources(ResourcePage),
    StaticEntitlements(StaticPage),
    Entitlements(Box<Below>),
    Grants(Box<Below>),
}

/// One page of a listing of resources.
#[derive(Clone, Debug)]
pub(super) struct ResourcePage {
    pub(super) kind: String,
    pub(super) parent: Option<ResourceId>,
    pub(super) token: String,
}

/// One page of a type's templates of entitlements.
#[derive(Clone, Debug)]
pub(super) struct StaticPage {
    pub(super) kind: String,
    pub(super) token: String,
}

/// A page of a listing for one resource, or for a whole type.
#[derive(Clone, Debug)]
pub(super) struct Below {
    pub(super) on: Resource,
    pub(super) type_scoped: bool,
    pub(super) token: String,
}

impl Below {
    pub(super) fn resource(on: Resource) -> Self {
        Self {
            on,
            type_scoped: false,
            token: String::new(),
        }
    }

    /// In the protocol, a resource whose id is the type's stands for the whole type.
    pub(super) fn whole_type(kind: &str) -> Self {
        let id = ResourceId {
            resource_type: kind.into(),
            resource: kind.into(),
            ..<_>::default()
        };
        let on = Resource {
            id: Some(id),
            ..Resource::default()
        };
        Self {
            on,
            type_scoped: true,
            token: String::new(),
        }
    }

    /// Names the listing, in messages and as the key of its tokens.
    pub(super) fn name(&self, of: &str) -> String {
        match &self.on.id {
            Some(id) if self.type_scoped => format!("{of} of type {}", id.resource_type),
            Some(id) => format!("{of} of {}/{}", id.resource_type, id.resource),
            None => of.to_owned(),
        }
    }

    /// Returns the jobs that follow from a page: the next page, if there is a token, and the cursors
    /// that its annotations add.
    pub(super) fn go_on(
        self,
        session: &Session,
        of: &str,
        (token, annotations): (String, &[Any]),
        job: fn(Box<Self>) -> Job,
    ) -> Result<Vec<Job>> {
        let mut tokens = Vec::new();
        match advance(of, &self.token, token)? {
            Some(token) => tokens.push(token),
            None => session.finish_action(),
        }
        tokens.extend(session.enqueued.take(of, annotations)?);
        let next = |token| {
            job(Box::new(Self {
                token,
                ..self.clone()
            }))
        };
        Ok(tokens.into_iter().map(next).collect())
    }
}
