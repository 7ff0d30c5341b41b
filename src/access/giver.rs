//! What gives strong permissions: profiles, permission sets and permission set groups.
//!
//! Each says in its profile what it gives. A group says it of its sum, from which muting has taken
//! permissions away. So nobody has a permission because of a set in a group: what counts is the
//! group's own list.

use prost_types::Struct;
use prost_types::value::Kind;

use crate::pb::connector::{Resource, ResourceId};
use crate::strong_permissions::{LABELS, TIER};

/// The types of resources that give permissions.
pub(super) const TYPES: [&str; 3] = ["profile", "permission", "permission_set_group"];

/// The keys of the objects of which all records may be viewed or modified.
const VIEW_ALL: &str = "view_all_objects";
const MODIFY_ALL: &str = "modify_all_objects";

/// A profile, permission set or permission set group.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Giver {
    /// The resource.
    pub id: ResourceId,
    /// Its name.
    pub name: String,
    /// Its entitlements: whoever holds one of them has what it gives.
    pub entitlements: Vec<String>,
    /// The names of the strong permissions that it gives, the strongest first.
    pub permissions: Vec<String>,
    /// The tier of the strongest of them; 1 is the strongest.
    pub tier: Option<u8>,
    /// The objects of which it lets all records be viewed. `None` if the file does not tell.
    pub view_all: Option<Vec<String>>,
    /// The objects of which it lets all records be modified. `None` if the file does not tell.
    pub modify_all: Option<Vec<String>>,
}

impl Giver {
    pub(super) fn of(row: Resource, entitlements: Vec<String>) -> Option<Self> {
        let profile = row.profile.unwrap_or_default();
        Some(Self {
            id: row.id?,
            name: row.display_name,
            entitlements,
            permissions: list(&profile, LABELS).unwrap_or_default(),
            tier: tier(&profile),
            view_all: list(&profile, VIEW_ALL),
            modify_all: list(&profile, MODIFY_ALL),
        })
    }

    /// Whether it gives the permission with this name.
    #[must_use]
    pub fn gives(&self, permission: &str) -> bool {
        self.permissions.iter().any(|given| given == permission)
    }

    /// Whether the file tells which objects it opens.
    pub(crate) fn tells_objects(&self) -> bool {
        self.view_all.is_some() || self.modify_all.is_some()
    }
}

fn list(profile: &Struct, key: &str) -> Option<Vec<String>> {
    let Some(Kind::ListValue(list)) = &profile.fields.get(key)?.kind else {
        return None;
    };
    let text = |value: &prost_types::Value| match &value.kind {
        Some(Kind::StringValue(text)) => Some(text.clone()),
        _ => None,
    };
    Some(list.values.iter().filter_map(text).collect())
}

fn tier(profile: &Struct) -> Option<u8> {
    match profile.fields.get(TIER)?.kind {
        // The only numbers that are written.
        Some(Kind::NumberValue(1.0)) => Some(1),
        Some(Kind::NumberValue(2.0)) => Some(2),
        Some(Kind::NumberValue(3.0)) => Some(3),
        _ => None,
    }
}
