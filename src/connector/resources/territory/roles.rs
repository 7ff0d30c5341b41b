//! The roles that a member of a territory can have: the active values of the picklist
//! `RoleInTerritory2`, and those that members still have.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json};
use tokio::sync::OnceCell;
use tracing::warn;

use super::TerritoryMembers;
use crate::baton::Result;
use crate::connector::error::{is_refusal, wrap_listing};
use crate::connector::read::org::Org;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::resources::roster::Roster as _;
use crate::salesforce::composite::Subrequest;
use crate::salesforce::soql::{Aggregate, Select, field};
use crate::salesforce::{Error, FieldName, QueryPage};

/// Salesforce does not page through the results of aggregate queries: this is all it returns.
const MOST_GROUPS: u32 = 2000;

/// The active values of the picklist. Salesforce refuses this query with an order.
pub(in crate::connector) fn choices() -> Select {
    let (object, column) = (TerritoryMembers::OBJECT, TerritoryMembers::ROLE);
    Select::from("PicklistValueInfo")
        .fields(["Value", "Id"])
        .filter(field("EntityParticle.EntityDefinition.QualifiedApiName").eq(object))
        .filter(field("EntityParticle.DeveloperName").eq(column))
        .filter(field("IsActive").eq(true))
}

/// The roles in the rows of [`choices`].
pub(in crate::connector) fn values(rows: &[Map<String, Json>]) -> BTreeSet<String> {
    texts(rows, "Value")
}

fn in_use() -> Select {
    let column = TerritoryMembers::ROLE;
    Select::from(TerritoryMembers::OBJECT)
        .field(column)
        .aggregate(Aggregate::Count, "Id", "total")
        .filter(field(column).not_null())
        .group_by([column])
        .limit(MOST_GROUPS)
}

/// The roles of a running sync.
#[derive(Default)]
struct Roles(OnceCell<Arc<BTreeSet<String>>>);

/// The roles of the sync, read once for one API call.
pub(super) async fn all(org: &Org, memory: &SyncMemory) -> Result<Arc<BTreeSet<String>>> {
    let roles = memory.slot::<Roles>();
    let read = roles
        .0
        .get_or_try_init(|| async { Ok(Arc::new(read(org).await?)) });
    let all = read.await.cloned();
    all.map_err(|error| wrap_listing("reading the roles of territories", error))
}

async fn read(org: &Org) -> Result<BTreeSet<String>, Error> {
    let requests = [
        Subrequest::select(&choices(), "choices")?,
        Subrequest::select(&in_use(), "in_use")?,
    ];
    let answer = Box::pin(org.client.composite(&requests, false)).await?;
    let (mut choices, mut in_use) = (None, None);
    for answer in answer.value {
        let place = if answer.reference_id == "choices" {
            &mut choices
        } else {
            &mut in_use
        };
        let rows = answer.decode::<QueryPage<Map<String, Json>>>("read the roles of territories");
        *place = readable(rows)?.map(|page| page.records);
    }
    let mut roles = texts(&in_use.unwrap_or_default(), TerritoryMembers::ROLE);
    match choices.filter(|rows| !rows.is_empty()) {
        Some(rows) => roles.extend(values(&rows)),
        None => roles.extend(described(org).await?),
    }
    Ok(roles)
}

/// The picklist as the description of the object has it, for orgs that do not show it elsewhere.
async fn described(org: &Org) -> Result<Vec<String>, Error> {
    let object = FieldName::from(TerritoryMembers::OBJECT);
    let described = readable(Box::pin(org.client.describe(&object)).await)?;
    let values = described.and_then(|answer| {
        let column = answer.value.field(TerritoryMembers::ROLE)?;
        let values = column.picklist_values.iter().filter(|value| value.active);
        Some(values.map(|value| value.value.clone()).collect())
    });
    if values.is_none() {
        warn!(
            sf.object = TerritoryMembers::OBJECT,
            "the org does not show which roles a member of a territory can have; only those that \
             members have are listed: give the connector's user \"View Setup and Configuration\""
        );
    }
    Ok(values.unwrap_or_default())
}

/// The value, or `None` if Salesforce refuses to tell it.
fn readable<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Err(error) if is_refusal(&error) => Ok(None),
        answer => answer.map(Some),
    }
}

fn texts(rows: &[Map<String, Json>], column: &str) -> BTreeSet<String> {
    let values = rows.iter().filter_map(|row| row.get(column)?.as_str());
    let filled = values.filter(|value| !value.trim().is_empty());
    filled.map(str::to_owned).collect()
}
