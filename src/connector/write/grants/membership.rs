//! Public groups and queues: a row of `GroupMember` each.
//!
//! Inserting a row that exists succeeds with the id of the old row, so it does not show whether
//! anything changed. The membership is read first, together with the kind of the group, in one
//! call. Groups that Salesforce maintains itself are refused, even if nothing would change: every
//! internal user is a member of "All Internal Users", and no revoke changes that.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

use super::rule::{Applied, Rule};
use super::target::{Shape, Target};
use crate::baton::{Error, Result};
use crate::connector::catalog::GROUP;
use crate::connector::error::ReadError;
use crate::connector::read::table::{IdRow, Row};
use crate::connector::resources::group::Kind;
use crate::connector::write::attempt::{Attempt, Deletion};
use crate::connector::write::change::{Change, Truth, Verb};
use crate::salesforce::soql::{Condition, Select, field};
use crate::salesforce::{ErrorCode, SalesforceId};

const OBJECT: &str = "GroupMember";

/// Which requests for a group are valid.
pub(super) const SHAPE: Shape = Shape {
    on: &GROUP,
    slug: "member",
    prefix: "00G",
    doing: "changing the members of a group",
    noun: "group",
    object: OBJECT,
    is_single: false,
    other_holder: Some((
        &GROUP,
        "a group inside a group is part of the org's configuration; change it in Setup",
    )),
};

/// Adds users to groups and removes them.
pub(in crate::connector) struct Memberships;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GroupPart {
    r#type: Option<String>,
}

/// What was read before the write.
struct Found {
    /// `None` if the group does not exist.
    kind: Option<Kind>,
    members: Vec<SalesforceId>,
}

fn rows(target: &Target) -> Condition {
    field("GroupId")
        .eq(target.on)
        .and(field("UserOrGroupId").eq(target.user))
}

async fn look(target: &Target, attempt: &mut Attempt<'_>) -> Result<Found, ReadError> {
    let group = Select::from("Group")
        .field("Type")
        .filter(field("Id").eq(target.on))
        .limit(1);
    let members = Select::from(OBJECT).field("Id").filter(rows(target));
    let mut answers = attempt.ask([group, members]).await?;
    let group = answers
        .rows::<GroupPart>(0, "read a group")?
        .into_iter()
        .next();
    let members = answers.rows::<IdRow>(1, "read a group's members")?;
    Ok(Found {
        kind: group.map(|group| group.r#type.as_deref().map_or(Kind::Other, Kind::of)),
        members: members.iter().map(Row::id).collect(),
    })
}

impl Found {
    fn refuse_system_group(&self) -> Result<()> {
        match self.kind {
            Some(kind) if !kind.is_editable() => Err(Error::precondition(kind.why_immutable())),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Rule for Memberships {
    fn shape(&self) -> &Shape {
        &SHAPE
    }

    async fn grant(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Applied> {
        let found = look(target, attempt)
            .await
            .map_err(|error| SHAPE.explain(error))?;
        if found.kind.is_none() {
            return Err(Error::invalid("the group does not exist in this org"));
        }
        found.refuse_system_group()?;
        let grant = SHAPE.grant(target)?;
        if !found.members.is_empty() {
            return Ok(Applied::already().with(grant));
        }
        let fields = json!({ "GroupId": target.on, "UserOrGroupId": target.user });
        let truth = Truth::row(OBJECT, rows(target));
        let insertion = Change {
            verb: Verb::Create(fields),
            object: OBJECT,
            truth,
        };
        match attempt.apply(&insertion).await {
            Ok(()) => Ok(Applied::changed().with(grant)),
            Err(ReadError::Salesforce(error))
                if error.code().is_some_and(ErrorCode::is_duplicate) =>
            {
                Ok(Applied::already().with(grant))
            }
            Err(error) => Err(SHAPE.explain(error)),
        }
    }

    async fn revoke(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Applied> {
        let found = look(target, attempt)
            .await
            .map_err(|error| SHAPE.explain(error))?;
        found.refuse_system_group()?;
        let mut applied = Applied::already();
        for row in found.members {
            let deleted = attempt.delete(OBJECT, row).await;
            if deleted.map_err(|error| SHAPE.explain(error))? == Deletion::Deleted {
                applied = Applied::changed();
            }
        }
        Ok(applied)
    }
}
