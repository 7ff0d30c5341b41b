//! Territories: a row of `UserTerritory2Association` each. The role is a field of the row.

use super::roster::{Answers, Membership, Memberships};
use super::rule::Rule;
use super::target::{Shape, Target, Verb as Request};
use crate::baton::{Error, Result};
use crate::connector::catalog::TERRITORY;
use crate::connector::resources::roster::Roster as _;
use crate::connector::resources::territory::{ACTIVE, TerritoryMembers, choices, values};
use crate::connector::write::change::Verb;
use crate::salesforce::ErrorCode;
use crate::salesforce::soql::{Select, field};

/// Adds users to territories, removes them, and changes their roles.
pub(in crate::connector) fn territories() -> impl Rule {
    Memberships::<TerritoryMembers>::new()
}

impl Membership for TerritoryMembers {
    const SHAPE: Shape = Shape {
        on: &TERRITORY,
        slug: "member",
        prefix: "0MI",
        doing: "changing the members of a territory",
        noun: "territory",
        object: Self::OBJECT,
        is_single: false,
        other_holder: None,
    };
    const PLAIN: Option<&'static str> = None;

    fn questions(target: &Target) -> [Select; 2] {
        let territory = Select::from("Territory2")
            .fields(["Id", "Territory2Model.State"])
            .filter(field("Id").eq(target.on))
            .limit(1);
        [territory, choices()]
    }

    fn check(request: Request, target: &Target, [territory, choices]: Answers) -> Result<()> {
        if request == Request::Revoke {
            return Ok(());
        }
        let Some(territory) = territory else {
            return Err(Error::precondition(
                "the org has no territories, or does not show them to the connector's user",
            ));
        };
        let Some(territory) = territory.first() else {
            return Err(Error::invalid("the territory does not exist in this org"));
        };
        let state = territory
            .get("Territory2Model")
            .and_then(|model| model.get("State")?.as_str());
        if state.is_some_and(|state| state != ACTIVE) {
            return Err(Error::precondition(
                "the territory belongs to a territory model that is not active, so a membership \
                 would have no effect",
            ));
        }
        let roles = values(&choices.unwrap_or_default());
        match Self::role(&target.slug) {
            // An org that does not show its roles refuses unknown ones itself.
            Some(role) if !roles.is_empty() && !roles.contains(role) => Err(Error::invalid(
                "members of territories of this org cannot have this role; Setup > Object Manager \
                 > User Territory Association > Role in Territory lists the roles",
            )),
            _ => Ok(()),
        }
    }

    fn reason(verb: &Verb, code: &ErrorCode) -> Option<&'static str> {
        match code.as_str() {
            "CANT_ADD_STANDARD_PORTAL_USER_TO_TERRITORY" => Some(
                "Salesforce does not let users of portals and communities be members of \
                 territories; only internal users can be",
            ),
            "METHOD_NOT_ALLOWED"
            | "INVALID_FIELD_FOR_INSERT_UPDATE"
            | "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
                if matches!(verb, Verb::Update(..)) =>
            {
                Some(
                    "this org does not let the role of a member be changed through the API, so \
                     nothing was changed; change it in Setup > Territories, or revoke \
                     territory:<id>:member and then grant the role",
                )
            }
            _ => None,
        }
    }
}
