//! Roles and profiles: a field of the user. Giving one takes the old one away, and taking one
//! that the user no longer has must change nothing (defect A10).
//!
//! Every write stands on a read of the same call, and our own calls for one user wait for each
//! other, so that a late revoke cannot take what another call has just given.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::change::{Change, Truth, Verb};
use super::refusal::About;
use super::subject::{Shape, Subject};
use super::work::Work;
use super::{Done, Rule, fallback, seats};
use crate::baton::{Error, Result};
use crate::connector::catalog::{PROFILE, ROLE};
use crate::connector::listing::Trouble;
use crate::salesforce::soql::{Condition, Select, field};
use crate::salesforce::{ErrorCode, SalesforceId};

const OBJECT: &str = "User";

const ROLE_SHAPE: Shape = Shape {
    on: &ROLE,
    slug: "assigned",
    prefix: "00E",
    noun: "role",
    object: OBJECT,
    is_single: true,
    other_holder: None,
};

const PROFILE_SHAPE: Shape = Shape {
    on: &PROFILE,
    slug: "assigned",
    prefix: "00e",
    noun: "profile",
    object: OBJECT,
    is_single: true,
    other_holder: None,
};

/// Sets and clears one field of users.
pub(in crate::connector) struct UserField {
    shape: Shape,
    column: &'static str,
    about: About,
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
        let about = About {
            doing: "changing the role of a user",
            noun: "role",
        };
        Self {
            shape: ROLE_SHAPE,
            column: "UserRoleId",
            about,
            is_required: false,
        }
    }

    /// The profile.
    pub(in crate::connector) fn profile() -> Self {
        let about = About {
            doing: "changing the profile of a user",
            noun: "profile",
        };
        Self {
            shape: PROFILE_SHAPE,
            column: "ProfileId",
            about,
            is_required: true,
        }
    }

    fn with(&self, subject: &Subject) -> Condition {
        field("Id")
            .eq(subject.user)
            .and(field(self.column).eq(subject.on))
    }

    /// What the field holds now; nothing if there is no such user.
    async fn current(
        &self,
        subject: &Subject,
        work: &mut Work<'_>,
    ) -> Result<Option<Option<SalesforceId>>> {
        let select = Select::from(OBJECT)
            .fields(["Id", self.column])
            .filter(field("Id").eq(subject.user))
            .limit(1);
        let rows = work.query::<UserPart>(&select).await;
        let rows = rows.map_err(|trouble| self.about.error(trouble))?;
        // Only one of the two columns was asked for.
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
        work: &mut Work<'_>,
    ) -> Result<()> {
        let Err(trouble) = work.carry_out(change).await else {
            return Ok(());
        };
        if let (Trouble::Salesforce(error), Some(profile)) = (&trouble, value)
            && error.code() == Some(&ErrorCode::LicenseLimitExceeded)
            && let Some(full) = seats::profile_is_full(profile, work).await
        {
            let full = full.with_quota(work.quota());
            return Err(match trouble {
                Trouble::Salesforce(error) => full.because(error),
                Trouble::Own(_) => full,
            });
        }
        Err(self.about.error(trouble))
    }

    async fn fall_back(&self, subject: &Subject, work: &mut Work<'_>) -> Result<Option<Fallen>> {
        let found = fallback::look(subject.user, work).await;
        let found = found.map_err(|trouble| self.about.error(trouble))?;
        let Some(found) = found.filter(|found| found.current() == Some(subject.on)) else {
            return Ok(None);
        };
        let to = found.choose(&work.context.options.least_privileged_profiles)?;
        if to == subject.on {
            return Err(Error::precondition(
                "the user has the least-privileged profile already, and every user must have a \
                 profile; deactivate the user instead",
            ));
        }
        Ok(Some(Fallen { to: Some(to) }))
    }
}

/// What takes the place of what is revoked.
struct Fallen {
    to: Option<SalesforceId>,
}

#[async_trait]
impl Rule for UserField {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    async fn grant(&self, subject: &Subject, work: &mut Work<'_>) -> Result<Done> {
        let Some(current) = self.current(subject, work).await? else {
            return Err(Error::invalid("the user does not exist in this org"));
        };
        let grant = self.shape.grant(subject)?;
        if current == Some(subject.on) {
            return Ok(Done::already().with(grant));
        }
        let truth = Truth::row(OBJECT, self.with(subject));
        let change = self.change(subject.user, Some(subject.on), truth);
        self.write(&change, Some(subject.on), work).await?;
        let old = current
            .map(|old| self.shape.grant_id(subject.user, old))
            .transpose()?;
        Ok(Done::changed().with(grant).replacing(old))
    }

    async fn revoke(&self, subject: &Subject, work: &mut Work<'_>) -> Result<Done> {
        let fallen = if self.is_required {
            self.fall_back(subject, work).await?
        } else {
            let current = self.current(subject, work).await?.flatten();
            (current == Some(subject.on)).then_some(Fallen { to: None })
        };
        let Some(Fallen { to }) = fallen else {
            return Ok(Done::already());
        };
        let change = self.change(subject.user, to, Truth::no_row(OBJECT, self.with(subject)));
        self.write(&change, to, work).await?;
        Ok(Done::changed())
    }
}
