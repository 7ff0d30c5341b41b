//! Memberships with a role: a row each, whose role is a field. Granting a role makes a member;
//! revoking the membership ends the role too.
//!
//! Every write follows a read of the same call, which also says what the membership is of. Calls
//! for one user and one resource are serialized, so a late revoke of one role cannot remove the one
//! that another call has just granted.

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};

use super::rule::{Applied, Rule};
use super::target::{Shape, Target, Verb as Request};
use crate::baton::{Error, Result};
use crate::connector::error::{ReadError, is_refusal};
use crate::connector::read::table::Row as _;
use crate::connector::resources::roster::{self, MEMBER, Roster, RosterRow};
use crate::connector::write::attempt::{Attempt, Deletion};
use crate::connector::write::change::{Change, Truth, Verb};
use crate::salesforce::ErrorCode;
use crate::salesforce::soql::{Condition, Select, field};

/// An insert is tried again as an update if somebody else has inserted the row meanwhile.
const TRIES: u32 = 2;

/// What such a membership needs beside the table that a sync reads.
pub(super) trait Membership: Roster {
    /// Which requests are valid.
    const SHAPE: Shape;
    /// What the field has for members without a role.
    const PLAIN: Option<&'static str>;

    /// Queries about what the membership is of, which are sent along with the one for the rows.
    fn questions(target: &Target) -> [Select; 2];

    /// Refuses a request by the answers to these questions.
    fn check(request: Request, target: &Target, answers: Answers) -> Result<()>;

    /// Why Salesforce refused the write, if its code has a meaning of its own here.
    fn reason(verb: &Verb, code: &ErrorCode) -> Option<&'static str>;
}

/// The rows that answer the questions; `None` for a question that Salesforce refused.
pub(super) type Answers = [Option<Vec<Map<String, Json>>>; 2];

/// Grants and revokes by the table `K`.
pub(super) struct Memberships<K>(std::marker::PhantomData<fn() -> K>);

impl<K> Memberships<K> {
    pub(super) fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<K: Membership> Memberships<K> {
    const SHAPE: Shape = K::SHAPE;

    fn rows(target: &Target) -> Condition {
        let user = field(K::USER).eq(target.user);
        user.and(field(K::ON).eq(target.on))
    }

    /// The membership and what it is of, in one call.
    async fn look(target: &Target, attempt: &mut Attempt<'_>) -> Result<(Vec<RosterRow>, Answers)> {
        let rows = Select::from(K::OBJECT)
            .fields(["Id", K::USER, K::ON, K::ROLE])
            .filter(Self::rows(target));
        let [first, second] = K::questions(target);
        let asked = attempt.ask([rows, first, second]).await;
        let mut answers = asked.map_err(|error| Self::SHAPE.explain(error))?;
        let rows = answers.rows(0, "read a membership");
        let rows = rows.map_err(|error| Self::SHAPE.explain(error))?;
        let mut answer = |number| match answers.rows(number, "read what a membership is of") {
            Err(ReadError::Salesforce(error)) if is_refusal(&error) => Ok(None),
            answer => answer.map(Some).map_err(|error| Self::SHAPE.explain(error)),
        };
        let answers = [answer(1)?, answer(2)?];
        Ok((rows, answers))
    }

    /// The grants that a request for `target` results in.
    fn granted(target: &Target, mut applied: Applied) -> Result<Applied> {
        applied = applied.with(roster::grant::<K>(target.on, &target.slug, target.user)?);
        if target.slug == MEMBER {
            return Ok(applied);
        }
        Ok(applied.with(roster::grant::<K>(target.on, MEMBER, target.user)?))
    }

    fn fields(role: Option<&str>) -> Map<String, Json> {
        Map::from_iter([(K::ROLE.to_owned(), json!(role.or(K::PLAIN)))])
    }

    fn insertion(target: &Target, role: Option<&str>) -> Change {
        let mut fields = Map::new();
        fields.insert(K::USER.to_owned(), json!(target.user));
        fields.insert(K::ON.to_owned(), json!(target.on));
        if role.or(K::PLAIN).is_some() {
            fields.extend(Self::fields(role));
        }
        let rows = Self::rows(target);
        let rows = match role {
            Some(role) => rows.and(field(K::ROLE).eq(role)),
            None => rows,
        };
        Change {
            verb: Verb::Create(fields.into()),
            object: K::OBJECT,
            truth: Truth::row(K::OBJECT, rows),
        }
    }

    /// Sets the role of a row, or clears it.
    fn update(row: &RosterRow, target: &Target, role: Option<&str>, old: &str) -> Change {
        let truth = match role {
            Some(role) => Truth::row(K::OBJECT, Self::rows(target).and(field(K::ROLE).eq(role))),
            None => Truth::no_row(K::OBJECT, Self::rows(target).and(field(K::ROLE).eq(old))),
        };
        Change {
            verb: Verb::Update(row.id(), Self::fields(role).into()),
            object: K::OBJECT,
            truth,
        }
    }

    async fn write(change: &Change, attempt: &mut Attempt<'_>) -> Result<(), ReadError> {
        match attempt.apply(change).await {
            Err(ReadError::Salesforce(error)) => {
                let reason = error.code().and_then(|code| K::reason(&change.verb, code));
                match reason {
                    Some(reason) => Err(Error::precondition(reason).because(error).into()),
                    None => Err(ReadError::Salesforce(error)),
                }
            }
            done => done,
        }
    }
}

#[async_trait]
impl<K: Membership> Rule for Memberships<K> {
    fn shape(&self) -> &Shape {
        &Self::SHAPE
    }

    fn has(&self, slug: &str) -> bool {
        slug == MEMBER || K::role(slug).is_some()
    }

    async fn grant(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Applied> {
        let wanted = K::role(&target.slug);
        for _ in 0..TRIES {
            let (rows, answers) = Self::look(target, attempt).await?;
            let row = rows.first();
            let old = row.and_then(RosterRow::role_slug::<K>);
            if row.is_some() && (wanted.is_none() || old.as_ref() == Some(&target.slug)) {
                return Self::granted(target, Applied::already());
            }
            K::check(Request::Grant, target, answers)?;
            let change = match row {
                Some(row) => Self::update(row, target, wanted, ""),
                None => Self::insertion(target, wanted),
            };
            match Self::write(&change, attempt).await {
                Ok(()) => {
                    let applied = Self::granted(target, Applied::changed())?;
                    let old = old.map(|old| roster::grant::<K>(target.on, &old, target.user));
                    return Ok(applied.replacing(old.transpose()?.map(|old| old.id())));
                }
                // Somebody else made the user a member, or removed the membership.
                Err(ReadError::Salesforce(error))
                    if error.code().is_some_and(ErrorCode::is_duplicate)
                        || (row.is_some() && error.is_not_found()) => {}
                Err(error) => return Err(Self::SHAPE.explain(error)),
            }
        }
        Err(Error::precondition(
            "the membership is changed by somebody else at the same time; grant again",
        ))
    }

    async fn revoke(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Applied> {
        let (rows, answers) = Self::look(target, attempt).await?;
        let is_role = target.slug != MEMBER;
        let held: Vec<_> = rows
            .iter()
            .filter(|row| !is_role || row.role_slug::<K>().as_ref() == Some(&target.slug))
            .collect();
        if held.is_empty() {
            return Ok(Applied::already());
        }
        K::check(Request::Revoke, target, answers)?;
        let mut applied = Applied::already();
        for row in held {
            if let Some(role) = K::role(&target.slug) {
                match Self::write(&Self::update(row, target, None, role), attempt).await {
                    Ok(()) => applied = Applied::changed(),
                    // Without the membership there is no role.
                    Err(ReadError::Salesforce(error)) if error.is_not_found() => {}
                    Err(error) => return Err(Self::SHAPE.explain(error)),
                }
                continue;
            }
            let deleted = attempt.delete(K::OBJECT, row.id()).await;
            if deleted.map_err(|error| Self::SHAPE.explain(error))? == Deletion::Deleted {
                applied = Applied::changed();
            }
        }
        Ok(applied)
    }
}
