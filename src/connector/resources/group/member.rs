//! `GroupMember`: the users and groups that somebody added to a group.

use serde::Deserialize;

use super::nesting::Nesting;
use crate::baton::{EntitlementId, Expansion, Grant, GrantMark, ResourceId, Result};
use crate::connector::catalog::{GROUP, USER};
use crate::connector::read::table::{Row, Table};
use crate::salesforce::SalesforceId;

/// What to do if the members may not be read.
pub(super) const REMEDY: &str = "give the connector's user \"View Setup and Configuration\"";

/// The key prefix of users. All other members are groups.
const USER_PREFIX: &str = "005";

/// A row of `GroupMember`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MemberRow {
    id: SalesforceId,
    pub(super) group_id: SalesforceId,
    pub(super) user_or_group_id: SalesforceId,
}

impl Row for MemberRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

pub(super) fn table() -> Table {
    Table::new("GroupMember", &["Id", "GroupId", "UserOrGroupId"])
        .changes_show_in(["SystemModstamp"], Some("GroupId"))
}

/// The entitlement of a group's members.
pub(super) fn membership(group: SalesforceId) -> Result<EntitlementId> {
    Ok(EntitlementId::new(
        ResourceId::new(GROUP.id, group.to_string())?,
        "member",
    ))
}

impl MemberRow {
    pub(super) fn is_user(&self) -> bool {
        is_user(self.user_or_group_id)
    }

    /// The group and its member.
    pub(super) fn pair(&self) -> (SalesforceId, SalesforceId) {
        (self.group_id, self.user_or_group_id)
    }

    /// The grant; hosts do not follow nestings within a cycle.
    pub(super) fn grant(&self, nesting: &Nesting) -> Result<Grant> {
        let (group, member) = self.pair();
        grant(group, member, !nesting.is_cycle(group, member))
    }
}

fn is_user(member: SalesforceId) -> bool {
    member.key_prefix() == USER_PREFIX
}

/// A membership; a group in a group brings its members along if hosts are to follow it.
pub(super) fn grant(group: SalesforceId, member: SalesforceId, is_followed: bool) -> Result<Grant> {
    let entitlement = membership(group)?;
    if is_user(member) {
        return Ok(Grant::new(
            entitlement,
            ResourceId::new(USER.id, member.to_string())?,
        ));
    }
    let principal = ResourceId::new(GROUP.id, member.to_string())?;
    let grant = Grant::new(entitlement, principal);
    if !is_followed {
        return Ok(grant);
    }
    let expansion = Expansion {
        entitlements: vec![membership(member)?],
        shallow: false,
        resource_types: Vec::new(),
    };
    Ok(grant.with(GrantMark::Expandable(expansion)))
}
