//! Feature licences: a switch of the user each (Object Reference, User: the fields
//! `UserPermissions…`).
//!
//! Every write follows a read of the same call, and calls for one user are serialized.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::baton::{
    EntitlementId, Error, Granted, Provisioner, Quota, ResourceId, Result, Revoked,
};
use crate::connector::catalog::{FEATURE_LICENSE, USER};
use crate::connector::error::ReadError;
use crate::connector::write::attempt::Attempt;
use crate::connector::write::change::{Change, Truth, Verb};
use crate::connector::write::context::WriteContext;
use crate::connector::write::key_lock::LockKey;
use crate::connector::write::refusal::{Write, explain};
use crate::connector::write::seats;
use crate::salesforce::soql::{Select, field};
use crate::salesforce::{ErrorCode, FieldName, SalesforceId};

const OBJECT: &str = "User";
const SLUG: &str = "assigned";
const PREFIX: &str = "UserPermissions";
const DOING: &str = "switching a feature licence";

/// Switches feature licences on and off.
pub(in crate::connector) struct FeatureSwitch(Arc<WriteContext>);

/// A user, and the switch that is turned.
struct Target {
    user: SalesforceId,
    switch: FieldName,
}

impl Target {
    /// Checks the ids of a request.
    fn read(principal: &ResourceId, entitlement: &EntitlementId) -> Result<Self> {
        let kind = FEATURE_LICENSE.id;
        if entitlement.on.resource_type.as_str() != kind || entitlement.slug != SLUG {
            return Err(Error::invalid(format!(
                "a feature licence has one entitlement only, {kind}:<field>:{SLUG}"
            )));
        }
        let name = entitlement.on.resource.as_str();
        let is_switch =
            name.len() > PREFIX.len() && name.starts_with(PREFIX) && !name.contains('.');
        let switch = FieldName::parse(name)
            .ok()
            .filter(|_| is_switch)
            .ok_or_else(|| {
                Error::invalid("the id of the feature licence is no such field of User")
            })?;
        if principal.resource_type.as_str() != USER.id {
            return Err(Error::invalid(
                "only a user can be the principal of a grant of a feature licence",
            ));
        }
        let user: SalesforceId = principal.resource.as_str().parse().map_err(|error| {
            Error::invalid("the id of the user is no Salesforce id").because(error)
        })?;
        if user.key_prefix() != "005" {
            return Err(Error::invalid(
                "the id given for the user is the id of something else: it does not begin with 005",
            ));
        }
        Ok(Self { user, switch })
    }

    fn change(&self, on: bool) -> Change {
        let fields = Map::from_iter([(self.switch.as_str().to_owned(), json!(on))]);
        let rows = field("Id").eq(self.user).and(field(&self.switch).eq(on));
        Change {
            verb: Verb::Update(self.user, Value::Object(fields)),
            object: OBJECT,
            truth: Truth::row(OBJECT, rows),
        }
    }

    /// The switch now. `None` if the user does not exist.
    async fn current(&self, attempt: &mut Attempt<'_>) -> Result<Option<bool>> {
        let select = Select::from(OBJECT)
            .fields([FieldName::from("Id"), self.switch.clone()])
            .filter(field("Id").eq(self.user))
            .limit(1);
        match attempt.query::<Map<String, Value>>(&select).await {
            Ok(rows) => Ok(rows.into_iter().next().map(|row| self.is_on(&row))),
            Err(ReadError::Salesforce(error)) if error.code() == Some(&ErrorCode::InvalidField) => {
                Err(Error::precondition(format!(
                    "the org has no feature licence {}, or the connector's user may not see the \
                     field on User",
                    self.switch.as_str()
                ))
                .because(error))
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn is_on(&self, row: &Map<String, Value>) -> bool {
        row.get(self.switch.as_str()) == Some(&Value::Bool(true))
    }

    /// Sets the switch. Returns whether it was so already.
    async fn set(&self, on: bool, attempt: &mut Attempt<'_>) -> Result<bool> {
        match self.current(attempt).await? {
            None if on => return Err(Error::invalid("the user does not exist in this org")),
            None => return Ok(true),
            Some(current) if current == on => return Ok(true),
            Some(_) => {}
        }
        match attempt.apply(&self.change(on)).await {
            Ok(()) => Ok(false),
            Err(ReadError::Salesforce(error))
                if error.code() == Some(&ErrorCode::LicenseLimitExceeded) =>
            {
                Err(
                    Error::precondition(seats::no_feature_seat(self.switch.as_str()))
                        .because(error),
                )
            }
            Err(error) => Err(failed(error)),
        }
    }
}

fn failed(error: ReadError) -> Error {
    explain(DOING, Write::Grant("feature licence"), error)
}

impl FeatureSwitch {
    pub(in crate::connector) fn provisioner(context: &Arc<WriteContext>) -> Box<dyn Provisioner> {
        Box::new(Self(Arc::clone(context)))
    }

    async fn run(
        &self,
        verb: &'static str,
        on: bool,
        principal: &ResourceId,
        entitlement: &EntitlementId,
    ) -> Result<(Target, bool, Option<Quota>)> {
        let target = Target::read(principal, entitlement)?;
        let _lock = self.0.key_locks.lock(LockKey::User(target.user)).await;
        let mut attempt = Attempt::new(&self.0, verb, OBJECT);
        attempt.about(target.user);
        attempt.about_field(target.switch.clone());
        let mut already = target.set(on, &mut attempt).await;
        if let Ok(already) = &mut already
            && attempt.is_unsure()
        {
            // After a lost answer, what is so already may be our own doing.
            *already = false;
            attempt.changed();
        }
        let quota = attempt.quota();
        let already = attempt.end(already)?;
        Ok((target, already, quota))
    }
}

#[async_trait]
impl Provisioner for FeatureSwitch {
    async fn grant(&self, principal: &ResourceId, entitlement: &EntitlementId) -> Result<Granted> {
        let (target, already, quota) = self.run("grant", true, principal, entitlement).await?;
        // Hosts may name the user by 15 characters.
        let principal = ResourceId::new(USER.id, target.user.to_string())?;
        Ok(Granted {
            quota,
            ..Granted::one(&principal, entitlement, already)
        })
    }

    async fn revoke(&self, principal: &ResourceId, entitlement: &EntitlementId) -> Result<Revoked> {
        let (_, already, quota) = self.run("revoke", false, principal, entitlement).await?;
        Ok(Revoked { already, quota })
    }
}
