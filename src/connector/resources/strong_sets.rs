//! Which strong permissions permission sets, permission set groups and profiles give.
//!
//! One query on `PermissionSet` has all three. The sum of a group has already lost what muting takes
//! away (Object Reference, `PermissionSetGroup`). Which columns there are, describe of
//! `PermissionSet` says: they differ by edition. Both are read once in a sync.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use tokio::sync::OnceCell;

use super::giver::Giver;
use super::row_parts::NamePart;
use crate::baton::{Call, Object, Resource, Result};
use crate::connector::error::{wrap, wrap_listing};
use crate::connector::read::beginning::read_all;
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
    /// The names are read only if the sync has insights.
    #[serde(rename = "Label")]
    label: Option<String>,
    #[serde(rename = "Profile")]
    profile_part: Option<NamePart>,
    #[serde(flatten)]
    columns: Map<String, Json>,
}

impl Row for StrongRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

/// What somebody has from a profile, a permission set or a group.
pub(super) struct Given {
    pub(super) strength: Strength,
    /// The name of what gives it, if the sync has insights.
    pub(super) name: Option<Box<str>>,
}

/// What gives which strong permissions. What gives none is not in it.
#[derive(Default)]
pub(in crate::connector) struct StrongSets(HashMap<(Giver, SalesforceId), Given>);

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
    pub(super) async fn all(context: &ReadContext, memory: &SyncMemory) -> Result<Arc<Self>> {
        let read = || async { Self::read(context, memory, None).await.map(Arc::new) };
        let slot = memory.slot::<OnceCell<Arc<Self>>>();
        let all = slot.get_or_try_init(read).await;
        all.cloned().map_err(|error| wrap_listing(DOING, error))
    }

    /// What some profiles, sets and groups give, outside a sync.
    pub(super) async fn some(
        context: &ReadContext,
        memory: &SyncMemory,
        givers: impl Iterator<Item = (Giver, SalesforceId)>,
    ) -> Result<Self, Error> {
        let givers: Vec<(Giver, SalesforceId)> = givers.collect();
        let of = |giver: Giver| {
            let ids = givers.iter().filter(|(kind, _)| *kind == giver);
            let ids: Vec<SalesforceId> = ids.map(|(_, id)| *id).collect();
            (!ids.is_empty()).then(|| field(giver.column()).in_ids(ids))
        };
        let kinds = [Giver::Set, Giver::Group, Giver::Profile];
        let which = kinds.into_iter().filter_map(of).reduce(Condition::or);
        if which.is_none() {
            return Ok(Self::default());
        }
        let which = which.filter(|_| givers.len() <= FEW);
        Self::read(context, memory, which).await
    }

    /// What this gives.
    pub(super) fn get(&self, giver: (Giver, SalesforceId)) -> Option<&Given> {
        self.0.get(&giver)
    }

    /// The ids of what gives any, in the order of their bytes.
    pub(super) fn ids(&self, giver: Giver) -> Vec<SalesforceId> {
        let of = self.0.keys().filter(|(kind, _)| *kind == giver);
        let mut ids: Vec<SalesforceId> = of.map(|(_, id)| *id).collect();
        ids.sort_unstable_by(SalesforceId::cmp_bytes);
        ids
    }

    async fn read(
        context: &ReadContext,
        memory: &SyncMemory,
        which: Option<Condition>,
    ) -> Result<Self, Error> {
        match Self::read_now(context, memory, which).await {
            Err(error) if is_undescribed(memory, DESCRIPTION, REMEDY, &error) => {
                Ok(Self::default())
            }
            result => result,
        }
    }

    async fn read_now(
        context: &ReadContext,
        memory: &SyncMemory,
        which: Option<Condition>,
    ) -> Result<Self, Error> {
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
        let table = if context.options.security_insights {
            table.optional(&["Label", "Profile.Name"])
        } else {
            table
        };
        let mut strong = HashMap::new();
        let each = |row: StrongRow| {
            let strength = Strength::of(|column| row.columns.get(column) == Some(&true.into()));
            if strength.is_none() {
                return;
            }
            // The label of a profile's own set means nothing to people.
            let name = match row.profile {
                Some(_) => row.profile_part.and_then(|profile| profile.name),
                None => row.label,
            };
            let name = name.map(String::into_boxed_str);
            let giver = Giver::of(row.id, row.profile, row.group);
            strong.insert(giver, Given { strength, name });
        };
        read_all(context, memory, &table, each).await?;
        Ok(Self(strong))
    }

    /// Adds the permissions to a resource's profile and description.
    pub(super) fn describe(&self, giver: (Giver, SalesforceId), resource: &mut Resource) {
        let strength = self.0.get(&giver).map(|given| given.strength);
        let told = strength.unwrap_or_default().told();
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
