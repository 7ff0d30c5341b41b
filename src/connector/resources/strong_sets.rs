//! Which strong permissions permission sets, permission set groups and profiles give.
//!
//! One query on `PermissionSet` has all three. The sum of a group has already lost what muting takes away (Object
//! Reference, `PermissionSetGroup`). Which columns there are, describe of `PermissionSet` says: they
//! differ by edition. Both are read once in a sync.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use tokio::sync::OnceCell;

use super::giver::Giver;
use crate::baton::{Call, Object, Resource, Result};
use crate::connector::error::{wrap, wrap_listing};
use crate::connector::read::context::ReadContext;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{Row, Table};
use crate::connector::read::unavailable::is_undescribed;
use crate::connector::text;
use crate::salesforce::soql::{Condition, field};
use crate::salesforce::{Error, FieldName, SalesforceId};
use crate::strong_permissions::{LABELS, STRONG, Strength, TIER, sentence};

const OBJECT: &str = "PermissionSet";
/// What is reported if it cannot be read.
const DESCRIPTION: &str = "the description of PermissionSet";
const REMEDY: &str = "strong permissions are not shown until the connector's user has \"View Setup \
                      and Configuration\"";
const DOING: &str = "reading strong permissions";
const CONSEQUENCE: &str = "who gives this permission is not shown";

/// So many resources are asked for by their ids outside a sync. A query must not become too long.
const FEW: usize = 100;

/// A row of `PermissionSet` with its strong permissions.
#[derive(Deserialize)]
struct StrongRow {
    #[serde(rename = "Id")]
    id: SalesforceId,
    #[serde(rename = "ProfileId")]
    profile: Option<SalesforceId>,
    #[serde(rename = "PermissionSetGroupId")]
    group: Option<SalesforceId>,
    #[serde(flatten)]
    columns: Map<String, Json>,
}

impl Row for StrongRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

/// What gives which strong permissions. What gives none is not in it.
#[derive(Default)]
pub(super) struct StrongSets(HashMap<(Giver, SalesforceId), Strength>);

impl StrongSets {
    /// What these resources give.
    pub(super) async fn of(
        giver: Giver,
        ids: &[SalesforceId],
        context: &ReadContext,
        call: &Call,
    ) -> Result<Arc<Self>> {
        let memory = context.memory(call);
        if call.sync.is_some() {
            return Self::all(context, &memory).await;
        }
        let these = field(giver.column()).in_ids(ids.iter().copied());
        let which = (ids.len() <= FEW).then_some(these);
        let read = Self::read(context, &memory, which).await;
        read.map(Arc::new).map_err(|error| wrap(DOING, error))
    }

    /// All of the org, read once in a sync.
    async fn all(context: &ReadContext, memory: &SyncMemory) -> Result<Arc<Self>> {
        let read = || async { Self::read(context, memory, None).await.map(Arc::new) };
        let slot = memory.slot::<OnceCell<Arc<Self>>>();
        let all = slot.get_or_try_init(read).await;
        all.cloned().map_err(|error| wrap_listing(DOING, error))
    }

    async fn read(
        context: &ReadContext,
        memory: &SyncMemory,
        which: Option<Condition>,
    ) -> Result<Self, Error> {
        match Self::read_now(context, which).await {
            Err(error) if is_undescribed(memory, DESCRIPTION, REMEDY, &error) => {
                Ok(Self::default())
            }
            result => result,
        }
    }

    async fn read_now(context: &ReadContext, which: Option<Condition>) -> Result<Self, Error> {
        let client = &context.org.client;
        let described = client.describe(&FieldName::from(OBJECT)).await?.value;
        let columns: Vec<FieldName> = STRONG
            .iter()
            .filter(|permission| described.field(permission.column).is_some())
            .map(|permission| FieldName::from(permission.column))
            .collect();
        let flags = columns.iter().cloned().map(|name| (name, CONSEQUENCE));
        let table = Table::new(OBJECT, &["Id"])
            .optional(&["ProfileId", "PermissionSetGroupId"])
            .optional_fields(columns.clone(), CONSEQUENCE)
            .any_flag(flags)
            .only(which);
        let mut strong = HashMap::new();
        let each = |row: StrongRow| {
            let strength = Strength::of(|column| row.columns.get(column) == Some(&true.into()));
            if strength.told().is_empty() {
                return;
            }
            strong.insert(Giver::of(row.id, row.profile, row.group), strength);
        };
        context.org.read_all(&table, each).await?;
        Ok(Self(strong))
    }
    /// Adds the permissions to a resource's profile and description.
    pub(super) fn describe(&self, giver: (Giver, SalesforceId), resource: &mut Resource) {
        let told = self.0.get(&giver).copied().unwrap_or_default().told();
        let Some(tier) = told.iter().map(|permission| permission.tier).min() else {
            return;
        };
        let labels: Vec<&str> = told.iter().map(|permission| permission.label).collect();
        text::add_sentence(&mut resource.description, sentence(labels.iter().copied()));
        let profile = resource.profile.get_or_insert_default();
        profile.insert(LABELS.to_owned(), labels.into());
        profile.insert(TIER.to_owned(), u32::from(tier).into());
    }
}

/// What a resource with this profile gives.
pub(super) fn sentence_of(profile: &Object) -> Option<String> {
    sentence(text::listed(profile, LABELS))
}
