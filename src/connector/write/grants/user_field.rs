//! Roles and profiles: a field of the user. Granting one replaces the old one, and revoking one that
//! the user no longer has changes nothing.
//!
//! Every write follows a read of the same call. Calls for one user are serialized, so a late revoke
//! cannot remove what another call has just granted.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::fallback;
use super::rule::{Applied, Rule};
use super::target::{Shape, Target};
use crate::baton::{Error, Result};
use crate::connector::catalog::{PROFILE, ROLE};
use crate::connector::error::ReadError;
use crate::connector::write::attempt::Attempt;
use crate::connector::write::change::{Change, Truth, Verb};
use crate::connector::write::seats;
use crate::salesforce::soql::{Condition, Select, field};
use crate::salesforce::{ErrorCode, SalesforceId};

const OBJECT: &str = "User";

const ROLE_SHAPE: Shape = Shape {
    on: &ROLE,
    slug: "assigned",
    prefix: "00E",
    doing: "changing the role of a user",
    noun: "role",
    object: OBJECT,
    is_single: true,
    other_holder: None,
};

const PROFILE_SHAPE: Shape = Shape {
    on: &PROFILE,
    slug: "assigned",
    prefix: "00e",
    doing: "changing the profile of a user",
    noun: "profile",
    object: OBJECT,
    is_single: true,
    other_holder: None,
};

/// Sets and clears one field of users.
pub(in crate::connector) struct UserField {
    shape: Shape,
    column: &'static str,
    /// The field cannot be empty.
    is_required: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UserPart {
    profile_id: Option<SalesforceId>,
    user_role_id: Option<SalesforceId>,
}

impl UserField {
    /// The role.
    pub(in crate::connector) fn role() -> Self {
        Self {
            shape: ROLE_SHAPE,
            column: "UserRoleId",
            is_required: false,
        }
    }

    /// The profile.
    pub(in crate::connector) fn profile() -> Self {
        Self {
            shape: PROFILE_SHAPE,
            column: "ProfileId",
            is_required: true,
        }
    }

    fn with(&self, target: &Target) -> Condition {
        field("Id")
            .eq(target.user)
            .and(field(self.column).eq(target.on))
    }

    /// The field's current value. The outer `None` means that the user does not exist.
    async fn current(
        &self,
        target: &Target,
        attempt: &mut Attempt<'_>,
    ) -> Result<Option<Option<SalesforceId>>> {
        let select = Select::from(OBJECT)
            .fields(["Id", self.column])
            .filter(field("Id").eq(target.user))
            .limit(1);
        let rows = attempt.query::<UserPart>(&select).await;
        let rows = rows.map_err(|error| self.shape.explain(error))?;
        // Only one of the two columns was read.
        Ok(rows
            .into_iter()
            .next()
            .map(|row| row.profile_id.or(row.user_role_id)))
    }

    fn change(&self, user: SalesforceId, value: Option<SalesforceId>, truth: Truth) -> Change {
        let mut fields = Value::Object(serde_json::Map::new());
        if let Some(fields) = fields.as_object_mut() {
            fields.insert(self.column.to_owned(), json!(value));
        }
        Change {
            verb: Verb::Update(user, fields),
            object: OBJECT,
            truth,
        }
    }

    async fn write(
        &self,
        change: &Change,
        value: Option<SalesforceId>,
        attempt: &mut Attempt<'_>,
    ) -> Result<()> {
        match attempt.apply(change).await {
            Ok(()) => Ok(()),
            Err(ReadError::Salesforce(error))
                if self.is_required && error.code() == Some(&ErrorCode::LicenseLimitExceeded) =>
            {
                let reason = seats::no_user_seat(value, attempt).await;
                Err(Error::precondition(reason).because(error))
            }
            Err(error) => Err(self.shape.explain(error)),
        }
    }

    async fn fall_back(
        &self,
        target: &Target,
        attempt: &mut Attempt<'_>,
    ) -> Result<Option<Fallen>> {
        let found = fallback::look(target.user, attempt).await;
        let found = found.map_err(|error| self.shape.explain(error))?;
        let Some(found) = found.filter(|found| found.current() == Some(target.on)) else {
            return Ok(None);
        };
        let to = found.choose(&attempt.context.options.least_privileged_profiles)?;
        if to == target.on {
            return Err(Error::precondition(
                "the user has the least-privileged profile already, and every user must have a \
                 profile; deactivate the user instead",
            ));
        }
        Ok(Some(Fallen { to: Some(to) }))
    }
}

/// What replaces the revoked value.
struct Fallen {
    to: Option<SalesforceId>,
}

#[async_trait]
impl Rule for UserField {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    async fn grant(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Applied> {
        let Some(current) = self.current(target, attempt).await? else {
            return Err(Error::invalid("the user does not exist in this org"));
        };
        let grant = self.shape.grant(target)?;
        if current == Some(target.on) {
            return Ok(Applied::already().with(grant));
        }
        let truth = Truth::row(OBJECT, self.with(target));
        let change = self.change(target.user, Some(target.on), truth);
        self.write(&change, Some(target.on), attempt).await?;
        let old = current
            .map(|old| self.shape.grant_id(target.user, old))
            .transpose()?;
        Ok(Applied::changed().with(grant).replacing(old))
    }

    async fn revoke(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Applied> {
        let fallen = if self.is_required {
            self.fall_back(target, attempt).await?
        } else {
            let current = self.current(target, attempt).await?.flatten();
            (current == Some(target.on)).then_some(Fallen { to: None })
        };
        let Some(Fallen { to }) = fallen else {
            return Ok(Applied::already());
        };
        let change = self.change(target.user, to, Truth::no_row(OBJECT, self.with(target)));
        self.write(&change, to, attempt).await?;
        Ok(Applied::changed())
    }
}
