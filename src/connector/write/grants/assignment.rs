//! Permission sets and permission set groups: a row of `PermissionSetAssignment` each.
//!
//! A grant is one call: the insert fails if the row exists. Such a row is then read, because it may
//! give no access: it may have expired, or belong to a profile. An expired row is renewed, which is
//! a third call in that rare case. A revoke reads the rows and deletes them by id. Access through a
//! group or a profile is never changed.
//!
//! Over SCIM a permission set is added to the user's entitlements, in two calls. A revoke has no
//! form there that leaves the others alone, so it goes over REST.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::rule::{Applied, Rule};
use super::target::{Shape, Target};
use crate::baton::{Error, Result};
use crate::connector::catalog::{PERMISSION_SET, PERMISSION_SET_GROUP};
use crate::connector::error::{ReadError, is_refusal};
use crate::connector::read::table::{Row, Table};
use crate::connector::resources::assignment::{Assigned, AssignmentRow};
use crate::connector::resources::set_group_status::standing;
use crate::connector::write::attempt::{Attempt, Deletion};
use crate::connector::write::change::{Change, Truth, Verb};
use crate::connector::write::seats::{self, OF_PROFILE, of_group};
use crate::salesforce::scim::Patch;
use crate::salesforce::soql::{Condition, Select, field};
use crate::salesforce::{self, ErrorCode};

const OBJECT: &str = "PermissionSetAssignment";

const SET: Shape = Shape {
    on: &PERMISSION_SET,
    slug: "assigned",
    prefix: "0PS",
    doing: "assigning a permission set",
    noun: "permission set",
    object: OBJECT,
    is_single: false,
    other_holder: Some((
        &PERMISSION_SET_GROUP,
        "what a permission set group consists of is part of the org's configuration; change the \
         group in Setup, or revoke the group from its members",
    )),
};

const GROUP: Shape = Shape {
    on: &PERMISSION_SET_GROUP,
    slug: "member",
    prefix: "0PG",
    doing: "assigning a permission set group",
    noun: "permission set group",
    object: OBJECT,
    is_single: false,
    other_holder: None,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GroupStatus {
    status: Option<String>,
}

/// An insert is sent again if the row that it collided with has disappeared.
const TRIES: u32 = 2;

/// Assigns permission sets, or permission set groups.
pub(in crate::connector) struct Assignments {
    assigned: Assigned,
    shape: Shape,
}

impl Assignments {
    pub(in crate::connector) fn new(assigned: Assigned) -> Self {
        let shape = match assigned {
            Assigned::Set => SET,
            Assigned::Group => GROUP,
        };
        Self { assigned, shape }
    }

    /// The rows that make up the grant.
    fn rows(&self, target: &Target) -> Condition {
        let rows = field("AssigneeId")
            .eq(target.user)
            .and(field(self.assigned.column()).eq(target.on));
        match self.assigned {
            Assigned::Group => rows,
            // Rows of groups name the group's aggregate set, rows of profiles the profile's set.
            Assigned::Set => rows
                .and(field("PermissionSetGroupId").is_null())
                .and(field("PermissionSet.IsOwnedByProfile").eq(false)),
        }
    }

    /// The user's current rows, always a fresh read. Rows of profiles and groups are read too, to
    /// refuse them.
    async fn held(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Vec<AssignmentRow>> {
        let columns = [
            "Id",
            "AssigneeId",
            "PermissionSetId",
            "PermissionSetGroupId",
            "IsActive",
        ];
        let table = Table::new(OBJECT, &columns).optional(&["ExpirationDate", "IsRevoked"]);
        let table = match self.assigned {
            Assigned::Set => table.optional(&[
                "PermissionSet.IsOwnedByProfile",
                "PermissionSet.HasActivationRequired",
            ]),
            Assigned::Group => table.optional(&["PermissionSetGroup.HasActivationRequired"]),
        };
        let table = table
            .only(field("AssigneeId").eq(target.user))
            .only(field(self.assigned.column()).eq(target.on));
        let rows: Vec<AssignmentRow> = attempt
            .read(&table)
            .await
            .map_err(|error| self.shape.explain(error))?;
        if self.assigned == Assigned::Group {
            return Ok(rows);
        }
        if rows.iter().any(AssignmentRow::is_of_profile) {
            return Err(Error::precondition(OF_PROFILE));
        }
        if let Some(group) = rows.iter().find_map(AssignmentRow::group) {
            return Err(Error::precondition(of_group(group)));
        }
        Ok(rows)
    }

    /// Handles a row that Salesforce says exists. Returns `None` if it has disappeared.
    async fn settle(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Option<Applied>> {
        // A column that was missing earlier may decide whether the row gives access.
        attempt.context.org.forget_missing();
        let (rows, now) = (self.held(target, attempt).await?, Timestamp::now());
        if let Some(row) = rows.iter().find(|row| row.is_effective(now)) {
            return Ok(Some(
                Applied::already().with(row.grant(self.assigned, target.on)?),
            ));
        }
        let Some(row) = rows
            .iter()
            .find(|row| row.is_revoked() || row.is_expired(now))
        else {
            return if rows.is_empty() {
                Ok(None)
            } else {
                Err(Error::precondition(INACTIVE))
            };
        };
        match attempt.apply(&self.revival(target, row)).await {
            Ok(()) => Ok(Some(Applied::changed().with(self.shape.grant(target)?))),
            Err(ReadError::Salesforce(error)) if error.is_not_found() => Ok(None),
            Err(ReadError::Salesforce(error)) if is_refusal(&error) => {
                Err(Error::precondition(DEAD).because(error))
            }
            Err(error) => Err(self.shape.explain(error)),
        }
    }

    /// What a person should know who has just granted it: a group that Salesforce has not
    /// recalculated may not give what its permission sets say. Nothing depends on this read, so it
    /// may fail.
    async fn caveat(&self, target: &Target, attempt: &mut Attempt<'_>) -> Option<String> {
        if self.assigned != Assigned::Group {
            return None;
        }
        let select = Select::from("PermissionSetGroup")
            .field("Status")
            .filter(field("Id").eq(target.on))
            .limit(1);
        let rows = attempt.query::<GroupStatus>(&select).await.ok()?;
        let status = rows.into_iter().next()?.status?;
        let standing = standing(&status)?;
        let group = target.on;
        Some(format!(
            "the permission set group {group} is granted, and its status is {status}. {standing}"
        ))
    }

    fn insertion(&self, target: &Target) -> Change {
        let mut fields = json!({ "AssigneeId": target.user });
        if let Some(fields) = fields.as_object_mut() {
            fields.insert(self.assigned.column().to_owned(), json!(target.on));
        }
        let rows = self.rows(target).and(field("IsActive").eq(true));
        Change {
            verb: Verb::Create(fields),
            object: OBJECT,
            truth: Truth::row(OBJECT, rows),
        }
    }

    /// The same over SCIM. It adds to the list of the user's entitlements, which is never written as
    /// a whole: that would undo what somebody else grants at the same time.
    fn addition(&self, target: &Target) -> Change {
        Change {
            verb: Verb::Patch(target.user, Patch::add_entitlement(target.on)),
            ..self.insertion(target)
        }
    }

    /// Over SCIM, adding what is there succeeds, so the rows are read first.
    async fn grant_over_scim(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Applied> {
        if let Some(done) = self.settle(target, attempt).await? {
            return Ok(done);
        }
        match attempt.apply(&self.addition(target)).await {
            Ok(()) => Ok(Applied::changed().with(self.shape.grant(target)?)),
            Err(ReadError::Salesforce(error)) if is_duplicate(&error) => {
                let settled = self.settle(target, attempt).await?;
                settled.ok_or_else(|| Error::precondition(HIDDEN))
            }
            Err(error) => Err(self.refused(error, target, attempt).await),
        }
    }

    fn revival(&self, target: &Target, row: &AssignmentRow) -> Change {
        let fields = if row.is_revoked() {
            json!({ "IsRevoked": false, "ExpirationDate": null })
        } else {
            json!({ "ExpirationDate": null })
        };
        let rows = self.rows(target).and(field("ExpirationDate").is_null());
        let truth = Truth::row(OBJECT, rows.and(field("IsActive").eq(true)));
        Change {
            verb: Verb::Update(row.id(), fields),
            object: OBJECT,
            truth,
        }
    }

    /// Why Salesforce refused. If its code leaves that open, the org is asked.
    async fn refused(&self, error: ReadError, target: &Target, attempt: &mut Attempt<'_>) -> Error {
        match error {
            ReadError::Salesforce(error) if is_worth_asking(&error) => {
                match seats::why_not_assigned(self.assigned, target.on, attempt).await {
                    Some(why) => why.because(error),
                    None => self.shape.explain(ReadError::Salesforce(error)),
                }
            }
            error => self.shape.explain(error),
        }
    }
}

const INACTIVE: &str = "Salesforce has the assignment but does not let it work, without an end date \
                        that could be lifted; look at it in Setup";
const DEAD: &str = "an assignment that has ended or was revoked is in the way, and Salesforce does \
                    not let it be renewed; remove it in Setup and grant again";
const HIDDEN: &str = "Salesforce says that it is assigned already and shows no such assignment; \
                      probably a user access policy took it away: look at the policy in Setup";

fn is_worth_asking(error: &salesforce::Error) -> bool {
    use ErrorCode as C;
    let open = error.is_refusal_without_code()
        || error.code().is_some_and(|code| {
            matches!(
                code,
                C::FieldIntegrityException
                    | C::LicenseLimitExceeded
                    | C::InsufficientAccess
                    | C::InsufficientAccessOrReadonly
                    | C::InsufficientAccessOnCrossReferenceEntity
                    | C::CannotInsertUpdateActivateEntity
            )
        });
    open && !error.is_ambiguous()
}

fn is_duplicate(error: &salesforce::Error) -> bool {
    error.code().is_some_and(ErrorCode::is_duplicate)
}

#[async_trait]
impl Rule for Assignments {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    async fn grant(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Applied> {
        // SCIM has no entitlements for permission set groups.
        if self.assigned == Assigned::Set && attempt.context.prefers_scim() {
            return self.grant_over_scim(target, attempt).await;
        }
        let insertion = self.insertion(target);
        for _ in 0..TRIES {
            match attempt.apply(&insertion).await {
                Ok(()) => {
                    let caveat = self.caveat(target, attempt).await;
                    let grant = self.shape.grant(target)?;
                    return Ok(Applied::changed().with(grant).warning(caveat));
                }
                Err(ReadError::Salesforce(error)) if is_duplicate(&error) => {
                    if let Some(done) = self.settle(target, attempt).await? {
                        return Ok(done);
                    }
                }
                Err(error) => return Err(self.refused(error, target, attempt).await),
            }
        }
        Err(Error::precondition(HIDDEN))
    }

    async fn revoke(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Applied> {
        let rows = self.held(target, attempt).await?;
        let mut applied = Applied::already();
        // An assignment that a user access policy revoked is left to the policy. Expired ones are
        // deleted.
        for row in rows.iter().filter(|row| !row.is_revoked()) {
            let deleted = attempt.delete(OBJECT, row.id()).await;
            if deleted.map_err(|error| self.shape.explain(error))? == Deletion::Deleted {
                applied = Applied::changed();
            }
        }
        Ok(applied)
    }
}
