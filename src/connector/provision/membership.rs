//! Public groups and queues: a row of `GroupMember` each.
//!
//! The insert of a row that is there already succeeds with the old row's id, so it cannot tell
//! whether anything changed: the membership is read first, together with the kind of the group, in
//! one call. Groups that Salesforce keeps by itself are refused, even where nothing would happen:
//! everybody inside *is* a member of "All Internal Users", and no revoke ends that.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

use super::change::{Change, Truth, Verb};
use super::refusal::About;
use super::subject::{Shape, Subject};
use super::work::Work;
use super::{Done, Rule};
use crate::baton::{Error, Result};
use crate::connector::catalog::GROUP;
use crate::connector::context::IdRow;
use crate::connector::group::Kind;
use crate::connector::listing::Trouble;
use crate::connector::table::Row;
use crate::salesforce::soql::{Condition, Select, field};
use crate::salesforce::{ErrorCode, SalesforceId};

const OBJECT: &str = "GroupMember";

/// What a request for a group must look like.
pub(super) const SHAPE: Shape = Shape {
    on: &GROUP,
    slug: "member",
    prefix: "00G",
    noun: "group",
    object: OBJECT,
    is_single: false,
    other_holder: Some((
        &GROUP,
        "a group inside a group is part of the org's configuration; change it in Setup",
    )),
};

const ABOUT: About = About {
    doing: "changing the members of a group",
    noun: "group",
};

/// Adds users to groups and removes them.
pub(in crate::connector) struct Memberships;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GroupPart {
    r#type: Option<String>,
}

/// What the org says before the write.
struct Found {
    /// Nothing if there is no such group.
    kind: Option<Kind>,
    members: Vec<SalesforceId>,
}

fn rows(subject: &Subject) -> Condition {
    field("GroupId")
        .eq(subject.on)
        .and(field("UserOrGroupId").eq(subject.user))
}

async fn look(subject: &Subject, work: &mut Work<'_>) -> Result<Found, Trouble> {
    let group = Select::from("Group")
        .field("Type")
        .filter(field("Id").eq(subject.on))
        .limit(1);
    let members = Select::from(OBJECT).field("Id").filter(rows(subject));
    let mut answers = work.ask([group, members]).await?;
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

    async fn grant(&self, subject: &Subject, work: &mut Work<'_>) -> Result<Done> {
        let found = look(subject, work)
            .await
            .map_err(|trouble| ABOUT.error(trouble))?;
        if found.kind.is_none() {
            return Err(Error::invalid("the group does not exist in this org"));
        }
        found.refuse_system_group()?;
        let grant = SHAPE.grant(subject)?;
        if !found.members.is_empty() {
            return Ok(Done::already().with(grant));
        }
        let fields = json!({ "GroupId": subject.on, "UserOrGroupId": subject.user });
        let truth = Truth::row(OBJECT, rows(subject));
        let insertion = Change {
            verb: Verb::Create(fields),
            object: OBJECT,
            truth,
        };
        match work.carry_out(&insertion).await {
            Ok(()) => Ok(Done::changed().with(grant)),
            Err(Trouble::Salesforce(error))
                if error.code().is_some_and(ErrorCode::is_duplicate) =>
            {
                Ok(Done::already().with(grant))
            }
            Err(trouble) => Err(ABOUT.error(trouble)),
        }
    }

    async fn revoke(&self, subject: &Subject, work: &mut Work<'_>) -> Result<Done> {
        let found = look(subject, work)
            .await
            .map_err(|trouble| ABOUT.error(trouble))?;
        found.refuse_system_group()?;
        let mut done = Done::already();
        for row in found.members {
            let truth = Truth::no_row(OBJECT, field("Id").eq(row));
            let deletion = Change {
                verb: Verb::Delete(row),
                object: OBJECT,
                truth,
            };
            match work.carry_out(&deletion).await {
                Ok(()) => done = Done::changed(),
                Err(Trouble::Salesforce(error)) if error.is_not_found() => {}
                Err(trouble) => return Err(ABOUT.error(trouble)),
            }
        }
        Ok(done)
    }
}
