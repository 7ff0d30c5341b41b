//! The user and the resource of a request: their ids are checked before anything is sent.
//!
//! Ids come from outside. They have 15 or 18 characters, may be of another object, or be no ids at
//! all. Errors do not repeat a wrong value, because it may be an address or a secret.

use crate::baton::{EntitlementId, Error, Grant, GrantId, ResourceId, ResourceType, Result};
use crate::connector::catalog::USER;
use crate::connector::error::ReadError;
use crate::connector::write::key_lock::LockKey;
use crate::connector::write::refusal::{Write, explain};
use crate::salesforce::SalesforceId;

/// The key prefix of users.
const USER_PREFIX: &str = "005";

/// Which requests are valid for a resource type.
pub(in crate::connector) struct Shape {
    pub(super) on: &'static ResourceType,
    pub(super) slug: &'static str,
    /// What a write does, for errors, such as `assigning a permission set`.
    pub(super) doing: &'static str,
    /// The key prefix of the resources, or its beginning if there are several.
    pub(super) prefix: &'static str,
    /// What people call the resource.
    pub(super) noun: &'static str,
    /// The object that is written.
    pub(super) object: &'static str,
    /// Whether a user has at most one of the type.
    pub(super) is_single: bool,
    /// Another type of principal that Salesforce knows, and why its grants are not changed here.
    pub(super) other_holder: Option<(&'static ResourceType, &'static str)>,
}

/// Whether a request grants or revokes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Grant,
    Revoke,
}

impl Verb {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Revoke => "revoke",
        }
    }
}

/// A user, and the entitlement that the user gets or loses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connector) struct Target {
    pub(super) user: SalesforceId,
    pub(super) on: SalesforceId,
    pub(super) slug: String,
}

impl Shape {
    /// The lock of a request.
    pub(super) fn key(&self, target: &Target) -> LockKey {
        if self.is_single {
            LockKey::User(target.user)
        } else {
            LockKey::Assignment(target.user, target.on)
        }
    }

    /// The error of a read or a write that failed.
    pub(super) fn explain(&self, error: ReadError) -> Error {
        explain(self.doing, Write::Grant(self.noun), error)
    }

    /// The grant as a sync shows it.
    pub(super) fn grant(&self, target: &Target) -> Result<Grant> {
        let id = self.grant_id(target.user, target.on)?;
        Ok(Grant::new(id.entitlement, id.principal))
    }

    /// The id of the grant of `on` to `user`.
    pub(super) fn grant_id(&self, user: SalesforceId, on: SalesforceId) -> Result<GrantId> {
        let on = ResourceId::new(self.on.id, on.to_string())?;
        let principal = ResourceId::new(USER.id, user.to_string())?;
        Ok(GrantId {
            entitlement: EntitlementId::new(on, self.slug),
            principal,
        })
    }
}

impl Target {
    /// Checks the ids of a request. `has` says which slugs there are.
    pub(super) fn read(
        shape: &Shape,
        has: impl Fn(&str) -> bool,
        verb: Verb,
        principal: &ResourceId,
        entitlement: &EntitlementId,
    ) -> Result<Self> {
        let (kind, noun) = (shape.on.id, shape.noun);
        if entitlement.on.resource_type.as_str() != kind {
            return Err(Error::invalid(format!(
                "the entitlement is not one of a {noun}"
            )));
        }
        if !has(&entitlement.slug) {
            return Err(Error::invalid(format!(
                "a {noun} has no such entitlement; it has {kind}:<id>:{}",
                shape.slug
            )));
        }
        let on = read_id(&entitlement.on, shape.prefix, noun)?;
        let holder = principal.resource_type.as_str();
        if holder != USER.id {
            return Err(wrong_holder(shape, verb, holder));
        }
        Ok(Self {
            user: read_id(principal, USER_PREFIX, "user")?,
            on,
            slug: entitlement.slug.clone(),
        })
    }
}

fn read_id(id: &ResourceId, prefix: &str, noun: &str) -> Result<SalesforceId> {
    let read: SalesforceId = id.resource.as_str().parse().map_err(|error| {
        Error::invalid(format!("the id of the {noun} is no Salesforce id")).because(error)
    })?;
    if read.key_prefix().starts_with(prefix) {
        Ok(read)
    } else {
        Err(Error::invalid(format!(
            "the id given for the {noun} is the id of something else: it does not begin with \
             {prefix}"
        )))
    }
}

fn wrong_holder(shape: &Shape, verb: Verb, holder: &str) -> Error {
    match shape.other_holder {
        Some((other, why)) if other.id == holder => Error::precondition(why),
        _ => Error::invalid(format!(
            "only a user can be the principal of a {} of a {}",
            verb.as_str(),
            shape.noun
        )),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::baton::Kind;
    use crate::connector::write::grants::membership;

    const USER_ID: &str = "005Hp0000000001";
    const GROUP_ID: &str = "00GHp0000000002";

    fn read(on: (&str, &str, &str), principal: (&str, &str)) -> Result<Target> {
        let principal = ResourceId::new(principal.0, principal.1)?;
        let on_id = ResourceId::new(on.0, on.1)?;
        let entitlement = EntitlementId::new(on_id, on.2);
        Target::read(
            &membership::SHAPE,
            |slug| slug == "member",
            Verb::Grant,
            &principal,
            &entitlement,
        )
    }

    #[test]
    fn ids_of_15_characters_are_the_same_ids() {
        let short = read(("group", GROUP_ID, "member"), ("user", USER_ID)).unwrap();
        let (group, user) = (short.on.to_string(), short.user.to_string());
        assert_eq!((group.len(), user.len()), (18, 18));
        assert_eq!(
            read(("group", &group, "member"), ("user", &user)).unwrap(),
            short
        );
        let grant = membership::SHAPE.grant(&short).unwrap();
        assert_eq!(
            grant.id().to_string(),
            format!("group:{group}:member:user:{user}")
        );
    }

    #[test_case(("group", GROUP_ID, "assigned"), ("user", USER_ID) => Kind::InvalidArgument; "slug of another type")]
    #[test_case(("role", GROUP_ID, "member"), ("user", USER_ID) => Kind::InvalidArgument; "another type")]
    #[test_case(("group", USER_ID, "member"), ("user", USER_ID) => Kind::InvalidArgument; "a user as the group")]
    #[test_case(("group", GROUP_ID, "member"), ("user", GROUP_ID) => Kind::InvalidArgument; "a group as the user")]
    #[test_case(("group", "00GHp0000000002' OR Id != '", "member"), ("user", USER_ID) => Kind::InvalidArgument; "injection")]
    #[test_case(("group", GROUP_ID, "member"), ("user", "005Hp0000000001/../x") => Kind::InvalidArgument; "path")]
    #[test_case(("group", GROUP_ID, "member"), ("user", "jane@acme.example") => Kind::InvalidArgument; "username")]
    #[test_case(("group", GROUP_ID, "member"), ("role", USER_ID) => Kind::InvalidArgument; "a role as the principal")]
    #[test_case(("group", GROUP_ID, "member"), ("group", GROUP_ID) => Kind::FailedPrecondition; "a nested group")]
    fn what_makes_no_sense_is_refused(on: (&str, &str, &str), principal: (&str, &str)) -> Kind {
        let error = read(on, principal).unwrap_err();
        assert!(!error.chain().contains("jane") && !error.chain().contains("OR Id"));
        error.kind()
    }
}
