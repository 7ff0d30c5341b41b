//! Chatter groups: a row of `CollaborationGroupMember` each. Whether a member manages the group is a
//! field of the row.

use super::roster::{Answers, Membership, Memberships};
use super::rule::Rule;
use super::target::{Shape, Target, Verb as Request};
use crate::baton::{Error, Result};
use crate::connector::catalog::COLLABORATION_GROUP;
use crate::connector::resources::collaboration_group::{ChatterMembers, WHY_IMMUTABLE};
use crate::connector::resources::roster::Roster as _;
use crate::connector::write::change::Verb;
use crate::salesforce::soql::{Select, field};
use crate::salesforce::{ErrorCode, SalesforceId};

/// Adds users to Chatter groups, removes them, and makes them managers.
pub(in crate::connector) fn collaboration_groups() -> impl Rule {
    Memberships::<ChatterMembers>::new()
}

impl Membership for ChatterMembers {
    const SHAPE: Shape = Shape {
        on: &COLLABORATION_GROUP,
        slug: "member",
        prefix: "0F9",
        doing: "changing the members of a Chatter group",
        noun: "Chatter group",
        object: Self::OBJECT,
        is_single: false,
        other_holder: None,
    };
    const PLAIN: Option<&'static str> = Some("Standard");

    fn questions(target: &Target) -> [Select; 2] {
        let group = Select::from("CollaborationGroup")
            .fields(["Id", "OwnerId", "IsArchived"])
            .filter(field("Id").eq(target.on))
            .limit(1);
        let user = Select::from("User")
            .fields(["Id", "IsActive"])
            .filter(field("Id").eq(target.user))
            .limit(1);
        [group, user]
    }

    fn check(request: Request, target: &Target, [group, user]: Answers) -> Result<()> {
        let Some(group) = group else {
            return Err(Error::precondition(
                "the org has no Chatter groups, or does not show them to the connector's user",
            ));
        };
        let Some(group) = group.first() else {
            return Err(Error::invalid(
                "the Chatter group does not exist in this org, or it is private and the \
                 connector's user does not see it",
            ));
        };
        if group.get("IsArchived").and_then(serde_json::Value::as_bool) == Some(true) {
            return Err(Error::precondition(WHY_IMMUTABLE));
        }
        let owner = group.get("OwnerId").and_then(serde_json::Value::as_str);
        let owner = owner.and_then(|id| SalesforceId::read(id).ok());
        if request == Request::Revoke && owner == Some(target.user) {
            return Err(Error::precondition(
                "the user owns the Chatter group, and an owner always manages it and is a member; \
                 give the group another owner first",
            ));
        }
        let is_inactive = user.and_then(|rows| rows.first()?.get("IsActive")?.as_bool());
        if request == Request::Grant && is_inactive == Some(false) {
            return Err(Error::precondition(
                "the user is deactivated, and only active users can be added to Chatter groups",
            ));
        }
        Ok(())
    }

    fn reason(_: &Verb, _: &ErrorCode) -> Option<&'static str> {
        None
    }
}
