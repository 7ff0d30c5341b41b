//! The feature switches of users, such as Marketing User. Each is a licence of its own that a user
//! has or has not (Object Reference, User: the fields `UserPermissions…`).
//!
//! Which ones there are, describe of User says: once in a sync. The users' listing reads them along
//! with everything else, so who has them costs no call.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use tokio::sync::OnceCell;
use tracing::warn;

use super::synced_users::Via;
use crate::baton::{PageRequest, Result};
use crate::connector::error::wrap_listing;
use crate::connector::read::context::ReadContext;
use crate::connector::read::snapshot::{Collector, Snapshot};
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{Row, Table};
use crate::connector::read::unavailable::is_undescribed;
use crate::salesforce::describe::ObjectDescription;
use crate::salesforce::{Error, FieldName, SalesforceId};

/// How the API names of the switches begin.
const PREFIX: &str = "UserPermissions";

/// As many switches as a [`FeatureSet`] holds. Orgs have about 25.
const MOST: usize = 64;

const CONSEQUENCE: &str = "who has the feature licence is missing";
const REMEDY: &str = "feature licences are missing until the connector's user may describe User";

/// The switches that are on for a user, as bits in the order of [`Features`]. Bytes, because a
/// number would be aligned, and a row would take 32 bytes instead of 26.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FeatureSet([u8; 8]);

impl FeatureSet {
    fn new(bits: u64) -> Self {
        Self(bits.to_le_bytes())
    }

    /// Whether the switch at this place is on.
    pub(super) fn has(self, place: usize) -> bool {
        u32::try_from(place)
            .ok()
            .and_then(|place| u64::from_le_bytes(self.0).checked_shr(place))
            .is_some_and(|bits| bits & 1 == 1)
    }
}

/// A switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Feature {
    /// The API name, such as `UserPermissionsMarketingUser`.
    pub(super) name: FieldName,
    /// The name for people, such as `Marketing User`.
    pub(super) label: String,
}

/// The switches of the org, in the order of their API names.
#[derive(Debug, Default)]
pub(super) struct Features(Vec<Feature>);

impl Features {
    /// The switches, if the sync of this listing needs them: they are described once.
    pub(super) async fn in_sync(
        context: &ReadContext,
        page: &PageRequest,
        memory: &SyncMemory,
    ) -> Result<Arc<Self>> {
        if !context.options.licenses || page.call.sync.is_none() {
            return Ok(Arc::default());
        }
        Self::all(context, memory).await
    }

    /// The switches, described once in a sync.
    pub(super) async fn all(context: &ReadContext, memory: &SyncMemory) -> Result<Arc<Self>> {
        let read = || async {
            let described = context.org.client.describe(&FieldName::from("User")).await;
            match described {
                Ok(answer) => Ok(Arc::new(Self::of(&answer.value))),
                Err(error) if is_undescribed(memory, "the description of User", REMEDY, &error) => {
                    Ok(Arc::default())
                }
                Err(error) => Err(wrap_listing("describing User", error)),
            }
        };
        let slot = memory.slot::<OnceCell<Arc<Self>>>();
        slot.get_or_try_init(read).await.cloned()
    }

    /// Those that can be set. For a user that may set none, those that can be read.
    fn of(user: &ObjectDescription) -> Self {
        let switches = user
            .fields
            .iter()
            .filter(|field| field.field_type == "boolean" && is_switch(&field.name));
        let mut features: Vec<(Feature, bool)> = switches
            .filter_map(|field| {
                let feature = Feature {
                    name: FieldName::parse(&field.name).ok()?,
                    label: label(&field.name, &field.label),
                };
                Some((feature, field.createable || field.updateable))
            })
            .collect();
        if features.iter().any(|(_, can_be_set)| *can_be_set) {
            features.retain(|(_, can_be_set)| *can_be_set);
        }
        let mut features: Vec<Feature> = features.into_iter().map(|(feature, _)| feature).collect();
        features.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
        if features.len() > MOST {
            warn!(
                sf.object = "User",
                "the org has {} feature licences, and the last {} of them are left out of this \
                 sync: this version reads {MOST}",
                features.len(),
                features.len() - MOST
            );
            features.truncate(MOST);
        }
        Self(features)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Feature> {
        self.0.iter()
    }

    fn names(&self) -> impl Iterator<Item = FieldName> {
        self.0.iter().map(|feature| feature.name.clone())
    }

    /// Adds the switches' columns.
    pub(super) fn columns(&self, table: Table) -> Table {
        table.optional_fields(self.names(), CONSEQUENCE)
    }

    /// The switches that are on in a row. `None` if all of them are off.
    pub(super) fn held(&self, mut is_on: impl FnMut(&str) -> bool) -> Option<FeatureSet> {
        let places = self.0.iter().zip(0_u32..);
        let bits = places.fold(0, |bits, (feature, place)| {
            bits | (u64::from(is_on(feature.name.as_str())) << place)
        });
        (bits != 0).then(|| FeatureSet::new(bits))
    }
}

/// Whether a field of User with this name is such a switch.
pub(super) fn is_switch(name: &str) -> bool {
    name.len() > PREFIX.len() && name.starts_with(PREFIX)
}

/// The label that describe gives, or one made of the API name.
fn label(name: &str, described: &str) -> String {
    let label = described.trim();
    if !label.is_empty() && label != name {
        return label.to_owned();
    }
    let mut words = String::new();
    let mut before = ' ';
    for letter in name.trim_start_matches(PREFIX).chars() {
        if letter.is_ascii_uppercase() && before.is_ascii_lowercase() {
            words.push(' ');
        }
        words.push(letter);
        before = letter;
    }
    words
}

/// The users of a running sync who have a switch on.
#[derive(Default)]
pub(super) struct FeatureHolders(Collector<FeatureSet>);

impl FeatureHolders {
    /// Those of the sync with this memory.
    pub(super) fn of(memory: &SyncMemory) -> Arc<Self> {
        memory.slot()
    }

    /// Adds one page of the users' listing.
    pub(super) fn extend(
        &self,
        after: Option<&SalesforceId>,
        rows: Vec<(SalesforceId, FeatureSet)>,
        next: Option<&SalesforceId>,
    ) {
        self.0.extend(after, rows, next);
    }

    /// All of them, if the users were listed in this process.
    pub(super) fn peek(&self) -> Option<Arc<Snapshot<FeatureSet>>> {
        self.0.peek()
    }

    /// All of them, read again if the users were not listed in this process.
    pub(super) async fn all(
        &self,
        context: &ReadContext,
        features: &Features,
    ) -> Result<Arc<Snapshot<FeatureSet>>, Error> {
        let read = async {
            let table = features
                .columns(Table::new("User", &["Id"]))
                .any_flag(features.names().map(|name| (name, CONSEQUENCE)))
                .only(Via::User.condition(&context.options));
            let mut users = Vec::new();
            let each = |row: SwitchRow| {
                let held = features.held(|name| row.switches.get(name) == Some(&true.into()));
                users.extend(held.map(|held| (row.id, held)));
            };
            context.org.read_all(&table, each).await?;
            Ok(users)
        };
        self.0.all(read).await
    }
}

/// A user with switches.
#[derive(Deserialize)]
struct SwitchRow {
    #[serde(rename = "Id")]
    id: SalesforceId,
    #[serde(flatten)]
    switches: Map<String, Json>,
}

impl Row for SwitchRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("UserPermissionsMarketingUser", "Marketing User" => "Marketing User"; "described")]
    #[test_case("UserPermissionsSFContentUser", "" => "SFContent User"; "without a label")]
    #[test_case("UserPermissionsKnowledgeUser", "UserPermissionsKnowledgeUser" => "Knowledge User"; "named as the field")]
    fn a_switch_has_a_label(name: &str, described: &str) -> String {
        label(name, described)
    }

    #[test]
    fn bits_are_found_again() {
        let set = FeatureSet::new(0b101);
        assert!(set.has(0) && !set.has(1) && set.has(2));
        assert!(!set.has(64) && !FeatureSet::new(u64::MAX).has(200));
    }
}
